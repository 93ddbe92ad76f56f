use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The memory that derivations may take together. Only hashing threads wait for it.
pub(super) struct Memory {
    free: Mutex<u64>,
    freed: Condvar,
}

/// Memory that a derivation takes. Dropped, it is free again.
pub(super) struct Held<'a> {
    memory: &'a Memory,
    bytes: u64,
}

impl Memory {
    pub(super) const fn new(bytes: u64) -> Self {
        Self { free: Mutex::new(bytes), freed: Condvar::new() }
    }

    /// Waits until so many bytes are free. All together must be more than that.
    pub(super) fn hold(&self, bytes: u64) -> Held<'_> {
        if bytes > 0 {
            let mut free = self.lock();
            while *free < bytes {
                free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
            }
            *free -= bytes;
        }
        Held { memory: self, bytes }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            *self.memory.lock() += self.bytes;
            // Those who wait want different amounts.
            self.memory.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_than_all_of_it_is_held_at_once() {
        let (memory, held, most) = (Memory::new(10), AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for n in 0..8 {
                let (memory, held, most) = (&memory, &held, &most);
                scope.spawn(move || {
                    for _ in 0..100 {
                        let bytes = 1 + n;
                        let _hold = memory.hold(bytes);
                        let now = held.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        held.fetch_sub(bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!((8..=10).contains(&most.into_inner()));
        assert_eq!(*memory.lock(), 10);
    }

    #[test]
    fn what_takes_none_never_waits() {
        let memory = Memory::new(10);
        let all = memory.hold(10);
        drop(memory.hold(0));
        drop(all);
        assert_eq!(*memory.lock(), 10);
    }
}
