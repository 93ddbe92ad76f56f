use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use hallpass_contract::Secret;
use jiff::Timestamp;

use super::entry::Record;
use super::file::{Contents, KeyFile, Loaded};
use super::keyset::KeySet;
use super::{Algorithm, Jwks, Key, KeyInfo, KeySettings, KeyState, NoKey, RefreshKey, SigningKey};

/// The lifetime of tokens in [`KeyRing::in_memory`]: the default of `--access-ttl`.
const DEFAULT_ACCESS_TTL: Duration = Duration::from_secs(15 * 60);

/// All keys of the server. Whoever signs or verifies sees a complete set of keys and never waits.
/// Changes happen one at a time, and each is on the disk before it takes effect.
pub struct KeyRing {
    keys: ArcSwap<KeySet>,
    /// Held while `keys` is being changed.
    turn: Mutex<()>,
    /// None if the ring is only in memory.
    file: Option<KeyFile>,
    settings: KeySettings,
    refresh_key: Arc<ArcSwap<RefreshKey>>,
}

/// Why the signing key could not be rotated.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// Under HS256 the operator makes the secret.
    #[error("HS256 signs with the configured secret; change the secret and restart")]
    SecretIsConfigured,
    /// The new key could not be made or stored. The old one stays in use.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl KeyRing {
    /// Reads the keys from `dir`, or makes them there. The current key and the next one then match
    /// the settings. Blocks on the disk, and for about 0.2 s for each RSA key that it makes. No
    /// other process may work in the directory while the ring exists.
    ///
    /// # Errors
    ///
    /// If a keys file is damaged, or the disk fails. A damaged file is never replaced.
    pub fn open(dir: &Path, settings: KeySettings, now: Timestamp) -> anyhow::Result<Self> {
        let file = KeyFile::new(dir);
        let mut loaded = file.load(settings.hs256_secret.as_ref(), now)?;
        let keys = match loaded.keys.take() {
            Some(keys) => keys.swept(now).configured(&settings, now)?,
            None => KeySet::first(&settings, now)?,
        };
        Self::stored(file, loaded, keys, settings)
    }

    /// Reads the keys from `dir` and changes nothing. The current key is the stored one, whatever a
    /// server is configured to sign with. None until a server has made the keys. No other process
    /// may work in the directory while the ring exists.
    ///
    /// # Errors
    ///
    /// If a keys file is damaged, or the disk fails.
    pub fn open_as_is(
        dir: &Path,
        hs256_secret: Option<Secret>,
        now: Timestamp,
    ) -> anyhow::Result<Option<Self>> {
        let file = KeyFile::new(dir);
        let mut loaded = file.load(hs256_secret.as_ref(), now)?;
        let Some(keys) = loaded.keys.take() else { return Ok(None) };
        let Record { alg: algorithm, longest_ttl_s, .. } = keys.current.record;
        let access_ttl = Duration::from_secs(longest_ttl_s);
        let settings = KeySettings { algorithm, hs256_secret, access_ttl };
        Self::stored(file, loaded, keys.swept(now), settings).map(Some)
    }

    /// Makes a ring of these keys and stores them in the file.
    fn stored(
        file: KeyFile,
        loaded: Loaded,
        keys: KeySet,
        settings: KeySettings,
    ) -> anyhow::Result<Self> {
        let contents = Contents::new(&keys, &loaded.refresh_key);
        if loaded.stored.as_ref() != Some(&contents) {
            file.store(&contents)?;
            let key = &keys.current.record;
            tracing::info!(kid = key.kid, alg = %key.alg, "stored the keys");
        }
        file.remove_old(&keys);
        Ok(Self::new(keys, Some(file), settings, loaded.refresh_key))
    }

    /// A ring in memory, for tests. Its keys were made long ago, for tokens that live 15 minutes.
    /// For HS256 it has a secret of its own.
    pub fn in_memory(algorithm: Algorithm) -> anyhow::Result<Self> {
        let secret = data_encoding::HEXLOWER.encode(RefreshKey::generate()?.expose());
        let secret = (algorithm == Algorithm::HS256).then(|| Secret::from(secret));
        let settings = KeySettings::new(algorithm, secret, DEFAULT_ACCESS_TTL)?;
        Self::in_memory_with(settings, Timestamp::UNIX_EPOCH)
    }

    /// A ring in memory, for tests.
    pub fn in_memory_with(settings: KeySettings, now: Timestamp) -> anyhow::Result<Self> {
        Ok(Self::new(KeySet::first(&settings, now)?, None, settings, RefreshKey::generate()?))
    }

    fn new(
        keys: KeySet,
        file: Option<KeyFile>,
        settings: KeySettings,
        refresh_key: RefreshKey,
    ) -> Self {
        let keys = ArcSwap::from_pointee(keys);
        let refresh_key = Arc::new(ArcSwap::from_pointee(refresh_key));
        Self { keys, turn: Mutex::new(()), file, settings, refresh_key }
    }

    /// Makes the next key the current one and returns it. The old key retires: it verifies until
    /// its last token has expired. A new next key is made and published. Services that cache the
    /// public keys notice nothing if they have fetched them since the last rotation. Blocks on the
    /// disk, and for about 0.2 s to make an RSA key: call it in `spawn_blocking`.
    ///
    /// # Errors
    ///
    /// Under HS256, or if a key can't be made or stored. Then nothing has changed.
    pub fn rotate(&self, now: Timestamp) -> Result<KeyInfo, RotateError> {
        if self.settings.algorithm == Algorithm::HS256 {
            return Err(RotateError::SecretIsConfigured);
        }
        let _turn = self.take_turn();
        let keys = KeySet::clone(&self.keys.load()).rotated(&self.settings, now)?.swept(now);
        let info = keys.current.info(KeyState::Current);
        self.replace(keys, self.refresh_key())?;
        tracing::info!(kid = info.kid, alg = %info.alg, "another key signs from now on");
        Ok(info)
    }

    /// Replaces all keys, including the one for refresh tokens. All access tokens and refresh
    /// tokens from before become invalid. Returns the key that signs from now on. Blocks as
    /// [`rotate`](Self::rotate) does.
    ///
    /// # Errors
    ///
    /// If keys can't be made or stored. Then nothing has changed.
    pub fn reset(&self, now: Timestamp) -> anyhow::Result<KeyInfo> {
        let _turn = self.take_turn();
        let keys = KeySet::clone(&self.keys.load()).reset(&self.settings, now)?;
        let info = keys.current.info(KeyState::Current);
        self.replace(keys, Arc::new(RefreshKey::generate()?))?;
        tracing::info!(kid = info.kid, alg = %info.alg, "new keys took the place of all old ones");
        Ok(info)
    }

    /// Removes the retired keys that no longer verify, and returns how many they were. Blocks on
    /// the disk if there are any.
    ///
    /// # Errors
    ///
    /// If the disk fails. The keys verify nothing even so.
    pub fn sweep(&self, now: Timestamp) -> anyhow::Result<usize> {
        let _turn = self.take_turn();
        let keys = KeySet::clone(&self.keys.load());
        let before = keys.retired.len();
        let keys = keys.swept(now);
        let swept = before - keys.retired.len();
        if swept > 0 {
            self.replace(keys, self.refresh_key())?;
            tracing::info!(swept, "forgot retired keys");
        }
        Ok(swept)
    }

    /// Stores the keys first, then puts them into use.
    fn replace(&self, keys: KeySet, refresh_key: Arc<RefreshKey>) -> anyhow::Result<()> {
        if let Some(file) = &self.file {
            let stored = file.store(&Contents::new(&keys, &refresh_key));
            if stored.is_err() {
                // If only the last step failed, the new file is already in place, so the old
                // contents are written again.
                let _ = file.store(&Contents::new(&self.keys.load(), &self.refresh_key()));
            }
            stored.context("the keys could not be stored and are as before")?;
        }
        self.keys.store(Arc::new(keys));
        self.refresh_key.store(refresh_key);
        Ok(())
    }

    /// Takes the lock. A panic of its last holder has left the keys unchanged.
    fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The public keys: the current one, the next one, and the retired ones that still verify.
    /// Under HS256 the set is empty, since a secret is never published.
    ///
    /// # Errors
    ///
    /// If they can't be written as JSON.
    pub fn jwks(&self, now: Timestamp) -> anyhow::Result<Jwks> {
        self.keys.load().jwks(now)
    }

    /// The keys that sign or verify tokens, and the next one, in the order of [`jwks`](Self::jwks).
    pub fn list(&self, now: Timestamp) -> Vec<KeyInfo> {
        self.keys.load().list(now)
    }

    /// The longest life of any token that may be valid. What is revoked can be forgotten this long
    /// (and `--leeway`) afterwards.
    pub fn longest_ttl(&self) -> Duration {
        self.keys.load().longest_ttl()
    }

    /// What the keys file holds, for a backup. None if the ring is only in memory. It holds all
    /// secrets but that of HS256, which is never stored.
    ///
    /// # Errors
    ///
    /// If it can't be written as JSON.
    pub(crate) fn stored_text(&self) -> anyhow::Result<Option<Secret>> {
        let _turn = self.take_turn();
        let contents = || Contents::new(&self.keys.load(), &self.refresh_key());
        self.file.as_ref().map(|_| contents().to_text()).transpose()
    }

    /// The HMAC key from which refresh tokens are derived.
    pub fn refresh_key(&self) -> Arc<RefreshKey> {
        self.refresh_key.load_full()
    }

    /// The [`refresh_key`](Self::refresh_key) as it changes: after a [`reset`](Self::reset) it is
    /// the new one.
    pub fn shared_refresh_key(&self) -> Arc<ArcSwap<RefreshKey>> {
        Arc::clone(&self.refresh_key)
    }

    /// The key that signs.
    pub(crate) fn signing_key(&self) -> anyhow::Result<SigningKey> {
        self.keys.load().signing_key().context("there is no key to sign with")
    }

    /// Whether exactly this key still verifies.
    pub(crate) fn verifies(&self, key: &Arc<Key>, now: Timestamp) -> bool {
        self.keys.load().verifies(key, now)
    }

    /// The key with this id, if it verifies.
    pub(crate) fn find(&self, kid: &str, now: Timestamp) -> Result<Arc<Key>, NoKey> {
        self.keys.load().find(kid, now)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.load();
        let kids: Vec<&str> = keys.records().map(|record| record.kid.as_str()).collect();
        f.debug_struct("KeyRing").field("kids", &kids).finish_non_exhaustive()
    }
}
