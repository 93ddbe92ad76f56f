use std::hash::{Hash, RandomState};
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// A table that forgets the longest unused key when it is full. The keys come from strangers, so
/// they are hashed with a secret.
#[derive(Debug)]
pub(super) struct Memory<K: Hash + Eq, V>(Mutex<LruCache<K, V, RandomState>>);

impl<K: Hash + Eq, V> Memory<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(LruCache::with_hasher(capacity, RandomState::new())))
    }

    /// Held for a few lookups only, never across an await.
    pub(super) fn lock(&self) -> MutexGuard<'_, LruCache<K, V, RandomState>> {
        // Nothing is ever half done in here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self, key: &K) {
        self.lock().pop(key);
    }
}
