//! What changes the keys. Another server may change those of a database at the same time; then the
//! change is made anew, from what is there.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::{Held, KeyRing, lock};
use crate::keys::contents::{Contents, OtherKeys};
use crate::keys::keyset::KeySet;
use crate::keys::storage::{NOT_STORED, Replacement};
use crate::keys::{Algorithm, KeyInfo, KeySettings, RandomKey};

/// How often a change is made anew.
const ATTEMPTS: usize = 5;

/// Why the keys were not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyChangeError {
    /// Under HS256 the operator makes the secret.
    #[error("HS256 signs with the configured secret; change the secret and restart")]
    SecretIsConfigured,
    /// There is no key with this id, or not any more.
    #[error("there is no such key; `hallpass keys list` shows those there are")]
    NoSuchKey,
    /// The new keys could not be made or stored. The old ones stay in use.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl KeyRing {
    /// Makes the next key the current one and returns it. The old key retires: it verifies until
    /// its last token has expired. A new next key is made and published. Services that cache the
    /// public keys notice nothing if they have fetched them since the last rotation. Blocks on the
    /// storage, and for about 0.2 s to make an RSA key: call it in `spawn_blocking`.
    ///
    /// If another server has replaced the same key meanwhile, its new key is the answer.
    ///
    /// # Errors
    ///
    /// Under HS256, or if a key can't be made or stored. Then nothing has changed.
    pub fn rotate(&self, now: Timestamp) -> Result<KeyInfo, KeyChangeError> {
        if self.settings_for(&self.keys.load())?.algorithm == Algorithm::HS256 {
            return Err(KeyChangeError::SecretIsConfigured);
        }
        let _turn = lock(&self.turn);
        let replaced = self.held().keys.signer().kid;
        let info = self.attempt(|held| {
            let signer = held.keys.signer();
            match signer.kid == replaced {
                true => self.succeed(held, now),
                false => Ok(Some(signer)),
            }
        })?;
        tracing::info!(kid = info.kid, alg = %info.alg, "another key signs from now on");
        Ok(info)
    }

    /// Lets the next key take over. Where several servers use the keys, each verifies with it
    /// before one signs with it. None if the keys are others by now.
    fn succeed(&self, held: Held, now: Timestamp) -> anyhow::Result<Option<KeyInfo>> {
        let settings = &self.settings_for(&held.keys)?;
        let (held, now) = match settings.spread {
            None => (held, now),
            Some(_) => {
                let started = Instant::now();
                let keys = KeySet::clone(&held.keys).introduced(settings, now)?;
                let Some(held) = self.replace(&held, keys, held.others.clone())? else {
                    return Ok(None);
                };
                // To reach every server may have taken a while.
                (held, now.checked_add(started.elapsed()).unwrap_or(now))
            }
        };
        let keys = KeySet::clone(&held.keys).rotated(settings, now)?.swept(now);
        Ok(self.replace(&held, keys, held.others.clone())?.map(|held| held.keys.signer()))
    }

    /// Removes a key at once: no token that it signed is accepted any more. Returns the key that
    /// signs from now on. If the current key is revoked, the next one takes over. Blocks as
    /// [`rotate`](Self::rotate) does.
    ///
    /// Of several servers, one that has not heard of it yet may refuse the first tokens of the new
    /// key for a moment. A revocation does not wait for that.
    ///
    /// # Errors
    ///
    /// If there is no such key, it is the secret under HS256, or a key can't be made or stored.
    /// Then nothing has changed.
    pub fn revoke(&self, kid: &str, now: Timestamp) -> Result<KeyInfo, KeyChangeError> {
        let _turn = lock(&self.turn);
        let signer = self.attempt(|held| {
            let signer = held.keys.signer();
            if signer.kid == kid && signer.alg == Algorithm::HS256 {
                return Ok(Some(Err(KeyChangeError::SecretIsConfigured)));
            }
            let settings = self.settings_for(&held.keys)?;
            let revoked = KeySet::clone(&held.keys).revoked(kid, &settings, now)?;
            let Some(keys) = revoked else { return Ok(Some(Err(KeyChangeError::NoSuchKey))) };
            let replaced = self.replace(&held, keys.swept(now), held.others.clone())?;
            Ok(replaced.map(|held| Ok(held.keys.signer())))
        })??;
        tracing::info!(kid, signer = signer.kid, "a key was revoked");
        Ok(signer)
    }

    /// Replaces all keys, including the one for refresh tokens, but not the one that seals the
    /// secrets of second factors. All access tokens and refresh tokens from before become invalid.
    /// Returns the key that signs from now on. Blocks as [`rotate`](Self::rotate) does.
    ///
    /// # Errors
    ///
    /// If keys can't be made or stored. Then nothing has changed.
    pub fn reset(&self, now: Timestamp) -> anyhow::Result<KeyInfo> {
        let _turn = lock(&self.turn);
        let info = self.attempt(|held| {
            let settings = self.settings_for(&held.keys)?;
            let keys = KeySet::clone(&held.keys).reset(&settings, now)?;
            let refresh = Arc::new(RandomKey::generate()?);
            let others = OtherKeys { refresh, ..held.others.clone() };
            Ok(self.replace(&held, keys, others)?.map(|held| held.keys.signer()))
        })?;
        tracing::info!(kid = info.kid, alg = %info.alg, "new keys took the place of all old ones");
        Ok(info)
    }

    /// Removes the retired keys that no longer verify, and returns how many they were. Blocks on
    /// the storage if there are any.
    ///
    /// # Errors
    ///
    /// If they can't be stored. The keys verify nothing even so.
    pub fn sweep(&self, now: Timestamp) -> anyhow::Result<usize> {
        let _turn = lock(&self.turn);
        let held = self.held();
        let keys = KeySet::clone(&held.keys).swept(now);
        let swept = held.keys.retired.len() - keys.retired.len();
        // If another server changes the keys at the same time, the next sweep will do.
        if swept == 0 || self.replace(&held, keys, held.others.clone())?.is_none() {
            return Ok(0);
        }
        tracing::info!(swept, "forgot retired keys");
        Ok(swept)
    }

    /// Brings the keys in line with the settings, and stores them if they are new.
    pub(super) fn configure(&self, now: Timestamp) -> anyhow::Result<()> {
        let _turn = lock(&self.turn);
        self.attempt(|held| {
            let is_complete = held.others.factors.is_some();
            let held = Held { others: held.others.complete()?, ..held };
            let settings = self.settings_for(&held.keys)?;
            let is_shared = settings.spread.is_some() && held.version != NOT_STORED;
            let has_keys = settings.algorithm != Algorithm::HS256;
            if is_shared && has_keys && held.keys.needs_successor(&settings) {
                return Ok(self.succeed(held, now)?.map(|_| ()));
            }
            let keys = KeySet::clone(&held.keys).swept(now).configured(&settings, now)?;
            let is_stored = held.version != NOT_STORED;
            if is_stored && is_complete && keys.records().eq(held.keys.records()) {
                return Ok(Some(()));
            }
            let Some(held) = self.replace(&held, keys, held.others.clone())? else {
                return Ok(None);
            };
            let key = held.keys.signer();
            tracing::info!(kid = key.kid, alg = %key.alg, "stored the keys");
            Ok(Some(()))
        })
    }

    /// Puts those keys into use that another server has stored. Blocks on the storage.
    ///
    /// # Errors
    ///
    /// If they can't be read. The old ones stay in use.
    pub fn reload(&self) -> anyhow::Result<()> {
        let (Some(storage), Some(_)) = (&self.storage, self.settings.spread) else { return Ok(()) };
        if storage.version()? == self.held().version {
            return Ok(());
        }
        let loaded = storage.load(self.settings.hs256_secret.as_ref(), Timestamp::UNIX_EPOCH)?;
        let keys = loaded.keys.context("an operator has given up the keys; restart the server")?;
        // Tokens that were accepted remember the key itself.
        let keys = Arc::new(keys.with_keys_of(&self.keys.load()));
        self.put_into_use(Held { version: loaded.version, keys, others: loaded.others });
        Ok(())
    }

    /// The settings as they count for these keys. Another server may have changed the algorithm.
    fn settings_for(&self, keys: &KeySet) -> anyhow::Result<KeySettings> {
        self.settings.with_signer(keys.signer().alg)
    }

    /// Tries a change with the keys that are stored, until nobody comes between.
    fn attempt<T>(&self, change: impl Fn(Held) -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
        for _ in 0..ATTEMPTS {
            self.reload()?;
            if let Some(changed) = change(self.held())? {
                return Ok(changed);
            }
        }
        bail!("other servers change the keys at the same time; try again")
    }

    /// Stores new keys in the place of those held, and puts them into use. None if the stored ones
    /// are others by now.
    fn replace(
        &self,
        held: &Held,
        keys: KeySet,
        others: OtherKeys,
    ) -> anyhow::Result<Option<Held>> {
        let version = match &self.storage {
            None => Some(held.version),
            Some(storage) => {
                let old = Contents::new(&held.keys, &held.others);
                let new = Contents::new(&keys, &others);
                storage.replace(&Replacement { version: held.version, old, new })?
            }
        };
        let Some(version) = version else { return Ok(None) };
        let new = Held { version, keys: Arc::new(keys), others };
        self.put_into_use(new.clone());
        Ok(Some(new))
    }
}
