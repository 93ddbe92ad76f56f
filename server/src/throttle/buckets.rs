use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;

use super::memory::Memory;
use super::retry_after::RetryAfter;

/// How much a bucket holds and how fast it refills.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    pub(super) at_once: i64,
    /// How long it takes to refill by one.
    pub(super) refill_ms: i64,
}

impl Quota {
    /// The part of each of `nodes` servers. Together they admit no less than one alone.
    pub(super) fn part(self, nodes: NonZeroU32) -> Self {
        let nodes = i64::from(nodes.get());
        let at_once = (self.at_once + nodes - 1) / nodes;
        Self { at_once, refill_ms: self.refill_ms * nodes }
    }
}

/// A bucket for each key, all of one size, full until something is taken. It stores only when the
/// bucket will be full again: that is all that the generic cell rate algorithm needs. The governor
/// crate implements it, too. But it can't give anything back, and after the clock was set back it
/// makes clients wait.
#[derive(Debug)]
pub(super) struct Buckets<K: Hash + Eq> {
    quota: Quota,
    /// In milliseconds since 1970.
    full_at: Memory<K, i64>,
}

impl<K: Hash + Eq> Buckets<K> {
    pub(super) fn new(quota: Quota, capacity: usize) -> Self {
        Self { quota, full_at: Memory::new(capacity) }
    }

    /// Takes one out.
    ///
    /// # Errors
    ///
    /// If the bucket is empty: how long until it has one.
    pub(super) fn take(&self, key: K, now: Timestamp) -> Result<(), RetryAfter> {
        let Quota { at_once, refill_ms } = self.quota;
        let now = now.as_millisecond();
        let full_if_empty_now = now + at_once * refill_ms;
        let mut buckets = self.full_at.lock();
        let full_at = buckets.get_or_insert_mut(key, || now);
        // A later time is left from before the clock was set back.
        *full_at = (*full_at).clamp(now, full_if_empty_now);
        let next = *full_at + refill_ms;
        if next > full_if_empty_now {
            let wait_ms = next.abs_diff(full_if_empty_now);
            return Err(RetryAfter(Duration::from_millis(wait_ms)));
        }
        *full_at = next;
        Ok(())
    }

    /// Puts one back.
    pub(super) fn give_back(&self, key: &K, now: Timestamp) {
        let mut buckets = self.full_at.lock();
        let Some(full_at) = buckets.peek_mut(key) else { return };
        *full_at -= self.quota.refill_ms;
        // The entry of a full bucket would take the place of one that counts.
        if *full_at <= now.as_millisecond() {
            buckets.pop(key);
        }
    }

    /// How long what was taken takes to refill.
    pub(super) fn taken_ms(&self, key: &K, now: Timestamp) -> i64 {
        let full_at = self.full_at.lock().peek(key).copied();
        full_at.map_or(0, |full_at| full_at.saturating_sub(now.as_millisecond()).max(0))
    }

    pub(super) fn forget(&self, key: &K) {
        self.full_at.forget(key);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.full_at.lock().len()
    }
}
