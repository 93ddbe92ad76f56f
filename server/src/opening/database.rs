//! Opens a PostgreSQL database, which holds the keys as well. The data directory holds nothing that
//! lasts.
//!
//! Earlier versions kept the keys of a database in the data directory. The first start takes them
//! over.

use std::path::Path;
use std::sync::{Arc, Weak};

use anyhow::{Context as _, bail};
use hallpass_contract::Secret;
use jiff::Timestamp;

use super::anew::move_aside;
use super::contents::{Found, LostDatabaseKeys, lock, look, reset_moment};
use crate::data_dir;
use crate::keys::{DatabaseKeys, KEYS_FILE, KeyRing, KeySettings, MasterKey, OLD_KEY_FILE};
use crate::metrics::StoreMetrics;
use crate::store::{DatabaseUrl, KeysRecord, NodeSettings, PostgresStore, Store as _};

/// Where the keys are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Keys {
    InDatabase,
    /// A version wrote them that kept them there.
    InDirectory,
    NotMade,
}

/// Looks for the keys in the database and, if one is named, in a directory.
async fn find_keys(store: &PostgresStore, dir: Option<&Path>) -> anyhow::Result<Keys> {
    if store.key_rows().read().await?.sealed.is_some() {
        return Ok(Keys::InDatabase);
    }
    let in_directory = dir.map(look).transpose()?.map(|(_, keys)| keys);
    match (store.keys_record().await?, in_directory) {
        (KeysRecord::NeverMade | KeysRecord::Reset, _) => Ok(Keys::NotMade),
        (KeysRecord::Made, Some(Found::There)) => Ok(Keys::InDirectory),
        (KeysRecord::Made, _) => bail!(LostDatabaseKeys),
    }
}

/// Opens the database for a server. Makes what is not there yet.
///
/// # Errors
///
/// If another server runs on the directory, or the database can't be reached, or its keys are lost
/// ([`LostDatabaseKeys`]) or can't be used ([`UnusableKeys`](crate::keys::UnusableKeys)).
pub(crate) async fn for_server(
    url: &DatabaseUrl,
    master: MasterKey,
    node: NodeSettings,
    settings: KeySettings,
    metrics: StoreMetrics,
    now: Timestamp,
) -> anyhow::Result<(PostgresStore, Arc<KeyRing>)> {
    let dir = node.data_dir.clone();
    let store = PostgresStore::join(url, node, metrics).await?;
    match open_keys(&store, master, &dir, settings, now).await {
        Ok(keys) => Ok((store, keys)),
        Err(error) => {
            // Nobody is to wait for a server that does not start.
            store.leave().await;
            Err(error)
        }
    }
}

async fn open_keys(
    store: &PostgresStore,
    master: MasterKey,
    dir: &Path,
    settings: KeySettings,
    now: Timestamp,
) -> anyhow::Result<Arc<KeyRing>> {
    let _lock = lock(dir)?;
    data_dir::remove_unfinished(dir);
    let found = find_keys(store, Some(dir)).await?;
    let adopted = (found == Keys::InDirectory).then(|| dir.to_owned());
    let keys = DatabaseKeys::new(store.key_rows(), master);
    let settings = settings.shared(PostgresStore::spread());
    let open = move || KeyRing::open_database(keys, adopted.as_deref(), settings, now);
    let keys = tokio::task::spawn_blocking(open).await.context("the keys were not opened")??;
    let keys = Arc::new(keys);
    keep_up_to_date(store, &keys).await?;
    retire_files(dir, found, now)?;
    Ok(keys)
}

/// From now on, the keys that other servers store are in use here as well.
async fn keep_up_to_date(store: &PostgresStore, keys: &Arc<KeyRing>) -> anyhow::Result<()> {
    // The ring uses the store. So the store must not keep the ring alive.
    let ring = Arc::downgrade(keys);
    store.reload_keys_with(move || Box::pin(reload(ring.clone())));
    // Another server may have replaced them since the ring was opened.
    reload(Arc::downgrade(keys)).await
}

async fn reload(keys: Weak<KeyRing>) -> anyhow::Result<()> {
    let Some(keys) = keys.upgrade() else { return Ok(()) };
    tokio::task::spawn_blocking(move || keys.reload()).await.context("the reload panicked")?
}

/// Moves the files aside whose keys the database has taken over.
fn retire_files(dir: &Path, found: Keys, now: Timestamp) -> anyhow::Result<()> {
    let (database, keys) = look(dir)?;
    if keys == Found::Missing || database != Found::Missing {
        return Ok(());
    }
    if found != Keys::InDirectory {
        tracing::warn!("the {KEYS_FILE} in the data directory is not used: the database has keys");
        return Ok(());
    }
    [KEYS_FILE, OLD_KEY_FILE].into_iter().try_for_each(|name| move_aside(&dir.join(name), now))
}

/// Opens the database for a command, whether or not servers use it. A command makes no keys. There
/// are none without a master key, and none until a server has made them.
///
/// # Errors
///
/// As [`for_server`].
pub(crate) async fn for_command(
    url: &DatabaseUrl,
    master: Option<MasterKey>,
    hs256_secret: Option<Secret>,
    now: Timestamp,
) -> anyhow::Result<(PostgresStore, Option<KeyRing>)> {
    let store = PostgresStore::open(url, StoreMetrics::unregistered()).await?;
    let Some(master) = master else { return Ok((store, None)) };
    // It leaves it to a server to take keys over from a directory.
    find_keys(&store, None).await?;
    let (keys, spread) = (DatabaseKeys::new(store.key_rows(), master), PostgresStore::spread());
    let open = move || KeyRing::open_database_as_is(keys, hs256_secret, spread, now);
    let keys = tokio::task::spawn_blocking(open).await.context("the keys were not opened")??;
    Ok((store, keys))
}

/// Gives up keys that are lost or can't be used, as [`give_up_keys`](super::give_up_keys) does.
///
/// # Errors
///
/// As [`for_server`].
pub(crate) async fn give_up_keys(url: &DatabaseUrl, now: Timestamp) -> anyhow::Result<usize> {
    let store = PostgresStore::open(url, StoreMetrics::unregistered()).await?;
    Ok(store.record_keys_reset(reset_moment(now)).await?)
}
