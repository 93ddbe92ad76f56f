use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::entry::{Entry, Record};
use super::{Algorithm, Jwks, Key, KeyInfo, KeySettings, KeyState};

pub(crate) struct SigningKey {
    pub(crate) key: Arc<Key>,
    /// The longest life that its tokens may have.
    pub(crate) longest_ttl: Duration,
}

/// Why no key can verify a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoKey {
    Unknown,
    NotYetCurrent,
    Retired { verified_until: Timestamp },
    SecretNotConfigured,
}

/// The current key, the next one, and the retired ones. Only the current key signs.
#[derive(Clone, Debug)]
pub(super) struct KeySet {
    pub(super) current: Entry,
    /// The key that the next rotation makes the current one. It is published ahead, so that
    /// services with a cached JWK set know it by then. None under HS256, whose secret the operator
    /// rotates.
    pub(super) next: Option<Entry>,
    /// The most recently retired key comes first.
    pub(super) retired: Vec<Entry>,
}

impl KeySet {
    /// The keys of the very first start.
    pub(super) fn first(settings: &KeySettings, now: Timestamp) -> anyhow::Result<Self> {
        let current = Entry::new(settings, now)?;
        Self { current, next: None, retired: Vec::new() }.configured(settings, now)
    }

    /// Rotates: the current key retires, the next key becomes the current one, and a new next key
    /// is made.
    pub(super) fn rotated(
        mut self,
        settings: &KeySettings,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let new = match self.next.take() {
            Some(next) if next.record.alg == settings.algorithm => next,
            // A file of an earlier version had no next key, and `configured` has not added one.
            _ => Entry::new(settings, now)?,
        };
        self.succeeded_by(new, settings, now).configured(settings, now)
    }

    /// Has the next key verify from now on. Once every server has these keys, it may sign.
    pub(super) fn introduced(
        mut self,
        settings: &KeySettings,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let next = self.next.take().filter(|next| next.record.alg == settings.algorithm);
        let mut next = next.map_or_else(|| Entry::new(settings, now), Ok)?;
        next.record.is_introduced = true;
        Ok(Self { next: Some(next), ..self })
    }

    /// Removes a key. If it is the current one, the next key takes over. None if it is not there.
    pub(super) fn revoked(
        mut self,
        kid: &str,
        settings: &KeySettings,
        now: Timestamp,
    ) -> anyhow::Result<Option<Self>> {
        let is_it = |entry: &Entry| entry.record.kid == kid;
        if is_it(&self.current) {
            let next = self.next.take().filter(|next| next.record.alg == settings.algorithm);
            self.current = next.map_or_else(|| Entry::new(settings, now), Ok)?;
            self.current.record.is_introduced = false;
        } else if self.next.as_ref().is_some_and(is_it) {
            self.next = None;
        } else {
            let before = self.retired.len();
            self.retired.retain(|entry| !is_it(entry));
            if self.retired.len() == before {
                return Ok(None);
            }
        }
        self.configured(settings, now).map(Some)
    }

    /// Replaces all keys by new ones. The server can't make an HS256 secret: if none is configured,
    /// that key stays.
    pub(super) fn reset(self, settings: &KeySettings, now: Timestamp) -> anyhow::Result<Self> {
        let lacks_secret =
            self.current.record.alg == Algorithm::HS256 && self.current.key.is_none();
        match lacks_secret {
            true => Ok(Self { next: None, retired: Vec::new(), ..self }),
            false => Self::first(settings, now),
        }
    }

    /// Makes `new` the current key. The old one retires.
    fn succeeded_by(mut self, new: Entry, settings: &KeySettings, now: Timestamp) -> Self {
        let mut old = std::mem::replace(&mut self.current, new);
        self.current.record.is_introduced = false;
        old = old.retire(now, settings.spread.unwrap_or_default());
        self.retired.insert(0, old);
        self
    }

    /// The same set, with the keys of `known` where it has them.
    pub(super) fn with_keys_of(mut self, known: &Self) -> Self {
        let entries =
            std::iter::once(&mut self.current).chain(&mut self.next).chain(&mut self.retired);
        for entry in entries {
            let same = known.entries().find(|(_, other)| other.record.kid == entry.record.kid);
            if let Some((_, Entry { key: Some(key), .. })) = same {
                entry.key = Some(Arc::clone(key));
            }
        }
        self
    }

    /// Whether another key must take over before the server may sign as the settings say.
    pub(super) fn needs_successor(&self, settings: &KeySettings) -> bool {
        self.current.key.is_none() || self.current.record.alg != settings.algorithm
    }

    /// Removes retired keys that no longer verify.
    pub(super) fn swept(mut self, now: Timestamp) -> Self {
        self.retired.retain(|entry| !entry.is_over(now));
        self
    }

    /// Applies the settings. If the current key has another algorithm, or its secret is no longer
    /// configured, another key takes over. The current key may then sign tokens of the configured
    /// lifetime. The next key is made anew if its algorithm differs.
    pub(super) fn configured(
        mut self,
        settings: &KeySettings,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        if self.needs_successor(settings) {
            let new = match self.take_back(settings.algorithm) {
                Some(entry) => entry,
                None => Entry::new(settings, now)?,
            };
            self = self.succeeded_by(new, settings, now);
        }
        let longest = &mut self.current.record.longest_ttl_s;
        *longest = settings.access_ttl.as_secs().max(*longest);
        if self.next.as_ref().is_none_or(|next| next.record.alg != settings.algorithm) {
            let has_next = settings.algorithm != Algorithm::HS256;
            self.next = has_next.then(|| Entry::new(settings, now)).transpose()?;
        }
        Ok(self)
    }

    /// Finds the retired key of an HS256 secret that is configured again. A second key of the same
    /// secret would not remember how long the earlier tokens live. Keys of other algorithms never
    /// come back.
    fn take_back(&mut self, algorithm: Algorithm) -> Option<Entry> {
        let returns = |entry: &Entry| entry.record.alg == algorithm && entry.key.is_some();
        let is_secret = algorithm == Algorithm::HS256;
        let at = self.retired.iter().position(|entry| is_secret && returns(entry))?;
        let mut entry = self.retired.remove(at);
        (entry.record.retired_at, entry.record.verifies_until) = (None, None);
        Some(entry)
    }

    pub(super) fn signing_key(&self) -> Option<SigningKey> {
        let key = Arc::clone(self.current.key.as_ref()?);
        let longest_ttl = Duration::from_secs(self.current.record.longest_ttl_s);
        Some(SigningKey { key, longest_ttl })
    }

    pub(super) fn verifies(&self, key: &Arc<Key>, now: Timestamp) -> bool {
        self.usable(key.kid(), now).is_ok_and(|found| Arc::ptr_eq(found, key))
    }

    pub(super) fn find(&self, kid: &str, now: Timestamp) -> Result<Arc<Key>, NoKey> {
        self.usable(kid, now).cloned()
    }

    fn usable(&self, kid: &str, now: Timestamp) -> Result<&Arc<Key>, NoKey> {
        let found = self.entries().find(|(_, entry)| entry.record.kid == kid);
        let (state, entry) = found.ok_or(NoKey::Unknown)?;
        if state == KeyState::Next && !entry.record.is_introduced {
            return Err(NoKey::NotYetCurrent);
        }
        if let Some(verified_until) = entry.record.verifies_until.filter(|until| *until <= now) {
            return Err(NoKey::Retired { verified_until });
        }
        entry.key.as_ref().ok_or(NoKey::SecretNotConfigured)
    }

    pub(super) fn longest_ttl(&self) -> Duration {
        let longest = self.entries().map(|(_, entry)| entry.record.longest_ttl_s).max();
        Duration::from_secs(longest.unwrap_or_default())
    }

    pub(super) fn list(&self, now: Timestamp) -> Vec<KeyInfo> {
        let usable = self.not_over(now).filter(|(_, entry)| entry.key.is_some());
        usable.map(|(state, entry)| entry.info(state)).collect()
    }

    pub(super) fn jwks(&self, now: Timestamp) -> anyhow::Result<Jwks> {
        Jwks::of(self.not_over(now).filter_map(|(_, entry)| entry.key.as_deref()?.jwk()))
    }

    pub(super) fn signer(&self) -> KeyInfo {
        self.current.info(KeyState::Current)
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.entries().map(|(_, entry)| &entry.record)
    }

    fn not_over(&self, now: Timestamp) -> impl Iterator<Item = (KeyState, &Entry)> {
        self.entries().filter(move |(_, entry)| !entry.is_over(now))
    }

    fn entries(&self) -> impl Iterator<Item = (KeyState, &Entry)> {
        let current = std::iter::once((KeyState::Current, &self.current));
        let next = self.next.iter().map(|entry| (KeyState::Next, entry));
        let retired = self.retired.iter().map(|entry| (KeyState::Retiring, entry));
        current.chain(next).chain(retired)
    }
}
