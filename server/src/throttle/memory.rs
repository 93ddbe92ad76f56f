use std::hash::{Hash, RandomState};
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// A table that forgets the longest unused key when it is full. Strangers choose the keys, so the
/// hash has a secret key.
#[derive(Debug)]
pub(super) struct Memory<K: Hash + Eq, V>(Mutex<LruCache<K, V, RandomState>>);

impl<K: Hash + Eq, V> Memory<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(LruCache::with_hasher(capacity, RandomState::new())))
    }

    /// Hold it for a few lookups only, never across an await.
    pub(super) fn lock(&self) -> MutexGuard<'_, LruCache<K, V, RandomState>> {
        // Nothing here leaves the table half changed, so a panic does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self, key: &K) {
        self.lock().pop(key);
    }
}
