use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;

use super::id::SessionId;
use super::rules::has_expired;

/// The revoked sessions, each with the time by which its last access token has expired.
///
/// It is in memory since each verification of a token asks it. The backend keeps the same on the
/// disk and loads it at the start.
#[derive(Debug, Default)]
pub(super) struct Revoked(RwLock<HashMap<SessionId, Timestamp>>);

impl Revoked {
    pub(super) fn contains(&self, id: SessionId) -> bool {
        self.read().contains_key(&id)
    }

    pub(super) fn len(&self) -> usize {
        self.read().len()
    }

    pub(super) fn extend(&self, entries: &[(SessionId, Timestamp)]) {
        if !entries.is_empty() {
            self.write().extend(entries.iter().copied());
        }
    }

    pub(super) fn forget_expired(&self, now: Timestamp) {
        let mut entries = self.write();
        entries.retain(|_, until| !has_expired(*until, now));
        entries.shrink_to_fit();
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<SessionId, Timestamp>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<SessionId, Timestamp>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
