//! What admins and operators restrict while servers run.

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};

/// What is restricted, as it is kept. A field that later versions add needs `#[serde(default)]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Restricted {
    /// It grows with each change.
    pub version: u64,
    /// Whether everyone may register. None until somebody has said so: then the setting of each
    /// server counts.
    #[serde(default)]
    pub registration_is_open: Option<bool>,
}

/// What is restricted, for those who ask at each request. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Restrictions(Arc<ArcSwap<Restricted>>);

impl Restrictions {
    /// Whether everyone may register, if somebody has said so.
    pub fn registration_is_open(&self) -> Option<bool> {
        self.0.load().registration_is_open
    }

    /// Takes note of what is kept, whatever was known before.
    pub(super) fn replace(&self, kept: Restricted) {
        self.0.store(Arc::new(kept));
    }

    /// Takes note of a change, unless a later one is known.
    pub(super) fn follow(&self, changed: &Arc<Restricted>) {
        self.0
            .rcu(|known| Arc::clone(if changed.version > known.version { changed } else { known }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(version: u64) -> Arc<Restricted> {
        Arc::new(Restricted { version, registration_is_open: Some(version.is_multiple_of(2)) })
    }

    #[test]
    fn a_change_that_comes_late_does_not_undo_a_later_one() {
        let restrictions = Restrictions::default();
        assert_eq!(restrictions.registration_is_open(), None);
        let clone = restrictions.clone();
        for (version, expected) in [(1, false), (4, true), (3, true), (5, false)] {
            clone.follow(&closed(version));
            assert_eq!(restrictions.registration_is_open(), Some(expected), "{version}");
        }
        // The database was restored.
        clone.replace(Restricted::default());
        assert_eq!(restrictions.registration_is_open(), None);
    }
}
