//! The key ring: the keys in use, and how they are opened. `changes` has what changes them,
//! `learning` decides when to look for those that others have changed.

mod changes;
mod learning;

pub use changes::KeyChangeError;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use arc_swap::{ArcSwap, ArcSwapOption};
use hallpass_contract::Secret;
use jiff::Timestamp;

use super::contents::{Contents, OtherKeys};
use super::database::DatabaseKeys;
use super::entry::Record;
use super::file::KeyFile;
use super::keyset::KeySet;
use super::storage::{Loaded, NOT_STORED, Storage};
use super::{Algorithm, Jwks, Key, KeyInfo, KeySettings, NoKey, RandomKey, SigningKey};

/// The lifetime of tokens in [`KeyRing::in_memory`]: the default of `--access-ttl`.
const DEFAULT_ACCESS_TTL: Duration = Duration::from_secs(15 * 60);

/// All keys of the server. Whoever signs or verifies sees a complete set of keys and never waits.
/// Changes happen one at a time, and each is stored before it takes effect.
pub struct KeyRing {
    keys: ArcSwap<KeySet>,
    /// Sessions hold it, too.
    refresh_key: Arc<ArcSwap<RandomKey>>,
    factor_key: ArcSwapOption<RandomKey>,
    /// The version of the keys in use. Held while they are swapped.
    version: Mutex<u64>,
    /// Held during a whole change.
    turn: Mutex<()>,
    /// None if the ring is only in memory.
    storage: Option<Box<dyn Storage>>,
    settings: KeySettings,
    /// When a token last made the server look for unknown keys.
    learned_at: Mutex<Option<Instant>>,
}

/// The keys in use at some moment.
#[derive(Clone)]
struct Held {
    version: u64,
    keys: Arc<KeySet>,
    others: OtherKeys,
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
        let loaded = file.load(settings.hs256_secret.as_ref(), now)?;
        let ring = Self::of(loaded, Box::new(file.clone()), settings, now)?;
        ring.configure(now)?;
        file.remove_old(&ring.keys.load());
        Ok(ring)
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
        let Some(ring) = Self::as_is(Box::new(file.clone()), hs256_secret, None, now)? else {
            return Ok(None);
        };
        ring.sweep(now)?;
        file.remove_old(&ring.keys.load());
        Ok(Some(ring))
    }

    /// As [`open`](Self::open), with the keys in a database. If it has none, those of the directory
    /// `adopted` become its keys.
    ///
    /// # Errors
    ///
    /// If the stored keys can't be opened, or the database can't be reached.
    pub fn open_database(
        database: DatabaseKeys,
        adopted: Option<&Path>,
        settings: KeySettings,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        Self::open_in(Box::new(database), adopted, settings, now)
    }

    pub(super) fn open_in(
        storage: Box<dyn Storage>,
        adopted: Option<&Path>,
        settings: KeySettings,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let secret = settings.hs256_secret.as_ref();
        let mut loaded = storage.load(secret, now)?;
        if let (None, Some(dir)) = (&loaded.keys, adopted) {
            let found = KeyFile::new(dir).load(secret, now)?;
            loaded = Loaded { version: loaded.version, ..found };
        }
        let ring = Self::of(loaded, storage, settings, now)?;
        ring.configure(now)?;
        Ok(ring)
    }

    /// As [`open_as_is`](Self::open_as_is), with the keys in a database. Other servers may use them
    /// meanwhile; `spread` is as in [`KeySettings::shared`].
    ///
    /// # Errors
    ///
    /// As [`open_database`](Self::open_database).
    pub fn open_database_as_is(
        database: DatabaseKeys,
        hs256_secret: Option<Secret>,
        spread: Duration,
        now: Timestamp,
    ) -> anyhow::Result<Option<Self>> {
        Self::as_is(Box::new(database), hs256_secret, Some(spread), now)
    }

    fn as_is(
        storage: Box<dyn Storage>,
        hs256_secret: Option<Secret>,
        spread: Option<Duration>,
        now: Timestamp,
    ) -> anyhow::Result<Option<Self>> {
        let loaded = storage.load(hs256_secret.as_ref(), now)?;
        let Some(keys) = &loaded.keys else { return Ok(None) };
        let Record { alg: algorithm, longest_ttl_s, .. } = keys.current.record;
        let access_ttl = Duration::from_secs(longest_ttl_s);
        let keeps_algorithm = false;
        let settings = KeySettings { algorithm, keeps_algorithm, hs256_secret, access_ttl, spread };
        Self::of(loaded, storage, settings, now).map(Some)
    }

    /// A ring of these keys, or of new ones. They may not be stored yet.
    fn of(
        loaded: Loaded,
        storage: Box<dyn Storage>,
        settings: KeySettings,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let Loaded { version, keys, others } = loaded;
        let keys = keys.map_or_else(|| KeySet::first(&settings, now), Ok)?;
        Ok(Self { storage: Some(storage), ..Self::new(version, keys, settings, others) })
    }

    /// A ring in memory, for tests. Its keys were made long ago, for tokens that live 15 minutes.
    /// For HS256 it has a secret of its own.
    pub fn in_memory(algorithm: Algorithm) -> anyhow::Result<Self> {
        let secret = data_encoding::HEXLOWER.encode(RandomKey::generate()?.expose());
        let secret = (algorithm == Algorithm::HS256).then(|| Secret::from(secret));
        let settings = KeySettings::new(algorithm, secret, DEFAULT_ACCESS_TTL)?;
        Self::in_memory_with(settings, Timestamp::UNIX_EPOCH)
    }

    /// A ring in memory, for tests.
    pub fn in_memory_with(settings: KeySettings, now: Timestamp) -> anyhow::Result<Self> {
        let keys = KeySet::first(&settings, now)?;
        Ok(Self::new(NOT_STORED, keys, settings, OtherKeys::generate()?.complete()?))
    }

    fn new(version: u64, keys: KeySet, settings: KeySettings, others: OtherKeys) -> Self {
        Self {
            keys: ArcSwap::from_pointee(keys),
            refresh_key: Arc::new(ArcSwap::new(others.refresh)),
            factor_key: ArcSwapOption::new(others.factors),
            version: Mutex::new(version),
            turn: Mutex::new(()),
            storage: None,
            settings,
            learned_at: Mutex::new(None),
        }
    }

    fn held(&self) -> Held {
        let version = lock(&self.version);
        let others = OtherKeys { refresh: self.refresh_key(), factors: self.factor_key() };
        Held { version: *version, keys: self.keys.load_full(), others }
    }

    /// Puts keys into use, unless later ones are in use by now.
    fn put_into_use(&self, new: Held) {
        let mut version = lock(&self.version);
        if new.version >= *version {
            *version = new.version;
            self.keys.store(new.keys);
            self.refresh_key.store(new.others.refresh);
            self.factor_key.store(new.others.factors);
        }
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
        let held = self.held();
        let contents = || Contents::new(&held.keys, &held.others);
        self.storage.as_ref().map(|_| contents().to_text()).transpose()
    }

    /// The key that seals the secrets of second factors. None if no server has made it yet.
    pub fn factor_key(&self) -> Option<Arc<RandomKey>> {
        self.factor_key.load_full()
    }

    /// The HMAC key from which refresh tokens are derived.
    pub fn refresh_key(&self) -> Arc<RandomKey> {
        self.refresh_key.load_full()
    }

    /// The [`refresh_key`](Self::refresh_key) as it changes: after a [`reset`](Self::reset) it is
    /// the new one.
    pub fn shared_refresh_key(&self) -> Arc<ArcSwap<RandomKey>> {
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

/// Takes a lock. A panic of its last holder has left the keys unchanged.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.load();
        let kids: Vec<&str> = keys.records().map(|record| record.kid.as_str()).collect();
        f.debug_struct("KeyRing").field("kids", &kids).finish_non_exhaustive()
    }
}
