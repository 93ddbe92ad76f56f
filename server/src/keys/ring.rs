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

/// How long tokens live in [`KeyRing::in_memory`]: the default of `--access-ttl`.
const DEFAULT_ACCESS_TTL: Duration = Duration::from_secs(15 * 60);

/// All keys of the server. Whoever signs or verifies sees a whole set of keys, without waiting for
/// anyone; changes happen one after the other, and on the disk before they count.
pub struct KeyRing {
    keys: ArcSwap<KeySet>,
    /// Held by whoever changes `keys`.
    turn: Mutex<()>,
    /// None in a ring that is only in memory.
    file: Option<KeyFile>,
    settings: KeySettings,
    refresh_key: Arc<ArcSwap<RefreshKey>>,
}

/// Why the signing key was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The operator makes the secret, not the server.
    #[error("HS256 signs with the configured secret; change the secret and restart")]
    SecretIsConfigured,
    /// No key could be made, or they could not be stored. The old one goes on.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl KeyRing {
    /// Reads the keys from `dir`, or makes them there, and sees to it that the current one and the
    /// next one are as the settings say. Blocks on the disk, and for some 0.2 s for each RSA key
    /// that it makes. Nobody else may be at work in the directory for as long as the ring lives.
    ///
    /// # Errors
    ///
    /// If a file of keys is damaged, which is never replaced, or the disk refuses.
    pub fn open(dir: &Path, settings: KeySettings, now: Timestamp) -> anyhow::Result<Self> {
        let file = KeyFile::new(dir);
        let mut loaded = file.load(settings.hs256_secret.as_ref(), now)?;
        let keys = match loaded.keys.take() {
            Some(keys) => keys.swept(now).configured(&settings, now)?,
            None => KeySet::first(&settings, now)?,
        };
        Self::stored(file, loaded, keys, settings)
    }

    /// Reads the keys from `dir` and leaves it at that: the current one is as it was, whatever a
    /// server may be told to sign with. None if a server has yet to make them. Nobody else may be
    /// at work in the directory for as long as the ring lives.
    ///
    /// # Errors
    ///
    /// If a file of keys is damaged, or the disk refuses.
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

    /// The ring of these keys, which the file holds from now on.
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

    /// A ring that is gone with the process, for tests: made long ago, for tokens that live 15
    /// minutes, and for HS256 with a secret of its own.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub fn in_memory(algorithm: Algorithm) -> anyhow::Result<Self> {
        let secret = data_encoding::HEXLOWER.encode(RefreshKey::generate()?.expose());
        let secret = (algorithm == Algorithm::HS256).then(|| Secret::from(secret));
        let settings = KeySettings::new(algorithm, secret, DEFAULT_ACCESS_TTL)?;
        Self::in_memory_with(settings, Timestamp::UNIX_EPOCH)
    }

    /// A ring that is gone with the process, for tests.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
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

    /// Makes the next key the current one, with which the next token is signed, and returns it. The
    /// old one retires: it verifies until the last of its tokens has expired. A new next key is
    /// made and published; services that cache the public keys notice nothing if they have looked
    /// since the rotation before. Blocks on the disk, and for some 0.2 s to make an RSA key, so
    /// call it in `spawn_blocking`.
    ///
    /// # Errors
    ///
    /// Under HS256, and if a key can't be made or stored; all is then as it was before.
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

    /// Puts new keys in the place of all that there are, the key of the refresh tokens included.
    /// What was signed before verifies no more, and no refresh token of before is good for
    /// anything. Returns the key that signs from now on. Blocks as [`rotate`](Self::rotate) does.
    ///
    /// # Errors
    ///
    /// If keys can't be made or stored; all is then as it was before.
    pub fn reset(&self, now: Timestamp) -> anyhow::Result<KeyInfo> {
        let _turn = self.take_turn();
        let keys = KeySet::clone(&self.keys.load()).reset(&self.settings, now)?;
        let info = keys.current.info(KeyState::Current);
        self.replace(keys, Arc::new(RefreshKey::generate()?))?;
        tracing::info!(kid = info.kid, alg = %info.alg, "new keys took the place of all old ones");
        Ok(info)
    }

    /// Forgets the retired keys that verify nothing any more, and returns how many they were.
    /// Blocks on the disk if there are any.
    ///
    /// # Errors
    ///
    /// If the disk refuses. The keys verify nothing all the same.
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

    /// Durable first, in force then.
    fn replace(&self, keys: KeySet, refresh_key: Arc<RefreshKey>) -> anyhow::Result<()> {
        if let Some(file) = &self.file {
            let stored = file.store(&Contents::new(&keys, &refresh_key));
            if stored.is_err() {
                // It may be the last step that failed, with the new file in its place already.
                let _ = file.store(&Contents::new(&self.keys.load(), &self.refresh_key()));
            }
            stored.context("the keys could not be stored and are as before")?;
        }
        self.keys.store(Arc::new(keys));
        self.refresh_key.store(refresh_key);
        Ok(())
    }

    /// A panic of whoever had the turn before left the keys as they were.
    fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The public keys: the current one, the next one, and the retired ones that still verify.
    /// Never a secret, so it is empty under HS256.
    ///
    /// # Errors
    ///
    /// If they can't be written as JSON.
    pub fn jwks(&self, now: Timestamp) -> anyhow::Result<Jwks> {
        self.keys.load().jwks(now)
    }

    /// The keys that sign or verify tokens, and the next one. In the order of [`jwks`](Self::jwks).
    pub fn list(&self, now: Timestamp) -> Vec<KeyInfo> {
        self.keys.load().list(now)
    }

    /// The longest life of any token that may be valid: whatever is revoked can be forgotten this
    /// long (and `--leeway`) afterwards.
    pub fn longest_ttl(&self) -> Duration {
        self.keys.load().longest_ttl()
    }

    /// The HMAC key from which refresh tokens are derived.
    pub fn refresh_key(&self) -> Arc<RefreshKey> {
        self.refresh_key.load_full()
    }

    /// [`refresh_key`](Self::refresh_key), also after a [`reset`](Self::reset).
    pub fn shared_refresh_key(&self) -> Arc<ArcSwap<RefreshKey>> {
        Arc::clone(&self.refresh_key)
    }

    /// The key that signs.
    pub(crate) fn signing_key(&self) -> anyhow::Result<SigningKey> {
        self.keys.load().signing_key().context("there is no key to sign with")
    }

    /// Whether this very key still verifies.
    pub(crate) fn verifies(&self, key: &Arc<Key>, now: Timestamp) -> bool {
        self.keys.load().verifies(key, now)
    }

    /// The key of this id, if it verifies.
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
