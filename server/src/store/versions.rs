use std::sync::atomic::{AtomicU64, Ordering};

use super::id::UserId;

/// How many counters there are. With more, fewer users share one.
const COUNTERS: usize = 8192;

/// A counter for each user, which grows when the user changes. Users share a counter, so it takes
/// the same memory however many change. Whoever shares one with a user who changes is only read
/// anew.
#[derive(Debug)]
pub(super) struct Versions {
    counters: Box<[AtomicU64]>,
    everybody: AtomicU64,
}

impl Default for Versions {
    fn default() -> Self {
        let counters = (0..COUNTERS).map(|_| AtomicU64::new(0)).collect();
        Self { counters, everybody: AtomicU64::new(0) }
    }
}

impl Versions {
    pub(super) fn of(&self, user: UserId) -> u64 {
        let everybody = self.everybody.load(Ordering::Acquire);
        everybody.wrapping_add(self.counter(user).load(Ordering::Acquire))
    }

    pub(super) fn changed(&self, users: &[UserId]) {
        for user in users {
            self.counter(*user).fetch_add(1, Ordering::Release);
        }
    }

    /// Any user may have changed.
    pub(super) fn all_changed(&self) {
        self.everybody.fetch_add(1, Ordering::Release);
    }

    /// The last bytes of an id are random.
    fn counter(&self, user: UserId) -> &AtomicU64 {
        let [.., high, low] = *user.as_bytes();
        &self.counters[usize::from(u16::from_be_bytes([high, low])) % COUNTERS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(last: u8) -> UserId {
        let mut bytes = [0; 16];
        bytes[15] = last;
        UserId::from_bytes(bytes)
    }

    #[test]
    fn a_change_makes_another_version_of_that_user_alone() {
        let (versions, ada, bob) = (Versions::default(), user(1), user(2));
        let before = (versions.of(ada), versions.of(bob));
        versions.changed(&[ada]);
        assert!(versions.of(ada) > before.0);
        assert_eq!(versions.of(bob), before.1);
        versions.all_changed();
        assert!(versions.of(bob) > before.1);
    }
}
