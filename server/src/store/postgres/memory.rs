use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::Timestamp;

use super::timeline::Timeline;
use crate::clock::BootTime;
use crate::store::applied::{News, Revocation};
use crate::store::revoked::Revoked;
use crate::store::versions::Versions;
use crate::store::{Lease, Restricted, Restrictions, SessionId, UserId};

/// What is answered from memory, and until when it can be trusted.
#[derive(Debug, Default)]
pub(super) struct Memory {
    revoked: Revoked,
    versions: Versions,
    restrictions: Restrictions,
    /// The end of the lease, in nanoseconds since the machine's start.
    trusted_until: AtomicU64,
    /// The database's timeline in the last poll.
    timeline: AtomicI64,
}

impl Memory {
    /// Whoever takes the lease before they look at the memory sees at least what was applied when
    /// the lease was taken on.
    pub(super) fn lease(&self) -> Lease {
        Lease::until(BootTime::from_nanos(self.trusted_until.load(Ordering::Acquire)))
    }

    /// For how many seconds the lease lasts.
    pub(super) fn lease_left_s(&self, now: BootTime) -> f64 {
        let until = BootTime::from_nanos(self.trusted_until.load(Ordering::Acquire));
        until.since(now).as_secs_f64()
    }

    pub(super) fn timeline(&self) -> Timeline {
        Timeline(self.timeline.load(Ordering::Acquire))
    }

    pub(super) fn is_revoked(&self, id: SessionId) -> bool {
        self.revoked.contains(id)
    }

    pub(super) fn revoked_count(&self) -> usize {
        self.revoked.len()
    }

    pub(super) fn user_version(&self, id: UserId) -> u64 {
        self.versions.of(id)
    }

    pub(super) fn restrictions(&self) -> Restrictions {
        self.restrictions.clone()
    }

    /// Takes note of what a committed write changed.
    pub(super) fn publish(&self, news: &News) {
        self.revoked.extend(&news.revoked);
        self.versions.changed(&news.users);
        if let Some(restricted) = &news.restricted {
            self.restrictions.follow(restricted);
        }
    }

    /// Takes note of what a write changed that may have been committed. What it restricts is left
    /// to the log of changes: another write may have got its number.
    pub(super) fn publish_unsure(&self, news: &News) {
        self.apply(&news.revoked, &news.users);
    }

    /// Takes note of what another server changed.
    pub(super) fn apply(&self, revoked: &[Revocation], users: &[UserId]) {
        self.revoked.extend(revoked);
        self.versions.changed(users);
    }

    /// Takes note of all sessions that are revoked and of what is restricted. Any user may have
    /// changed meanwhile.
    pub(super) fn start_anew(&self, revoked: &[Revocation], restricted: Restricted) {
        self.revoked.extend(revoked);
        self.restrictions.replace(restricted);
        self.versions.all_changed();
    }

    /// Everything that was changed until `timeline` was read is applied.
    pub(super) fn trust(&self, until: BootTime, timeline: Timeline) {
        self.timeline.store(timeline.0, Ordering::Release);
        self.trusted_until.store(until.as_nanos(), Ordering::Release);
    }

    /// Nothing can be trusted any more.
    pub(super) fn distrust(&self) {
        self.trusted_until.store(0, Ordering::Release);
        self.versions.all_changed();
    }

    pub(super) fn forget_expired(&self, now: Timestamp) {
        self.revoked.forget_expired(now);
    }
}
