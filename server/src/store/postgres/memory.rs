use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::Timestamp;

use crate::store::SessionId;
use crate::store::applied::{Applied, Revocation};
use crate::store::revoked::Revoked;

/// What is answered from memory, and whether it can be trusted.
#[derive(Debug, Default)]
pub(super) struct Memory {
    revoked: Revoked,
    users_version: AtomicU64,
    /// This server is the only one that uses the database, and has read what is revoked.
    is_current: AtomicBool,
}

impl Memory {
    pub(super) fn is_current(&self) -> bool {
        self.is_current.load(Ordering::Acquire)
    }

    pub(super) fn is_revoked(&self, id: SessionId) -> bool {
        self.revoked.contains(id)
    }

    pub(super) fn revoked_count(&self) -> usize {
        self.revoked.len()
    }

    pub(super) fn users_version(&self) -> u64 {
        self.users_version.load(Ordering::Acquire)
    }

    /// Takes note of a write that was committed, or may have been.
    pub(super) fn publish<T>(&self, applied: &Applied<T>) {
        self.revoked.extend(&applied.revoked);
        if applied.user_changed {
            self.distrust_users();
        }
    }

    /// Another server may use the database from now on.
    pub(super) fn outdate(&self) {
        self.is_current.store(false, Ordering::Release);
        self.distrust_users();
    }

    /// This server alone uses the database, in which these sessions are revoked.
    pub(super) fn renew(&self, revoked: &[Revocation]) {
        self.revoked.extend(revoked);
        self.distrust_users();
        self.is_current.store(true, Ordering::Release);
    }

    pub(super) fn forget_expired(&self, now: Timestamp) {
        self.revoked.forget_expired(now);
    }

    fn distrust_users(&self) {
        self.users_version.fetch_add(1, Ordering::Release);
    }
}
