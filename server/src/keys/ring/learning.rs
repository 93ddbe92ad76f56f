//! Looks for keys that others have stored, when a token names one that is not known.

use std::time::{Duration, Instant};

use super::{KeyRing, lock};

/// How long it takes until somebody's token can have the server look again. Anybody can make up
/// the name of a key.
const PERIOD: Duration = Duration::from_secs(1);

impl KeyRing {
    /// Whether it may help to [`reload`](Self::reload) the keys since a token names one that is not
    /// known. It may at most once a second, and never if no other server uses the keys.
    pub fn may_learn(&self, at: Instant) -> bool {
        if self.settings.spread.is_none() {
            return false;
        }
        let mut learned_at = lock(&self.learned_at);
        let is_soon = learned_at.is_some_and(|last| at.saturating_duration_since(last) < PERIOD);
        if !is_soon {
            *learned_at = Some(at);
        }
        !is_soon
    }
}
