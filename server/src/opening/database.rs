//! Opens a PostgreSQL database and the data directory. The directory then holds only the keys.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use hallpass_contract::Secret;
use jiff::Timestamp;

use super::anew::move_aside;
use super::contents::{Found, judge, lock, look, refusal};
use super::reset_moment;
use crate::data_dir;
use crate::keys::{KEYS_FILE, KeyRing, KeySettings, OLD_KEY_FILE};
use crate::metrics::StoreMetrics;
use crate::store::{DatabaseUrl, KeysRecord, NodeSettings, PostgresStore};

/// Refuses the directory if it has lost the database's keys.
async fn check(store: &PostgresStore, dir: &Path) -> anyhow::Result<()> {
    let ((_, keys), record) = (look(dir)?, store.keys_record().await?);
    if keys == Found::There && record == KeysRecord::NeverMade {
        tracing::warn!("the data directory has keys, and no server has used this database yet");
    }
    judge(Found::There, keys, Some(record)).map_err(|lost| refusal(dir, lost))
}

/// Opens both for a server. Makes what is not there yet.
///
/// # Errors
///
/// If another server runs on the directory, or the database can't be reached, or its keys are lost ([`LostKeys`](super::LostKeys)) or damaged.
pub(crate) async fn for_server(
    url: &DatabaseUrl,
    dir: &Path,
    settings: KeySettings,
    lease: Duration,
    metrics: StoreMetrics,
    now: Timestamp,
) -> anyhow::Result<(PostgresStore, KeyRing)> {
    let node = NodeSettings { lease, data_dir: dir.to_owned() };
    let store = PostgresStore::join(url, node, metrics).await?;
    let _lock = lock(dir)?;
    check(&store, dir).await?;
    data_dir::remove_unfinished(dir);
    let keys = KeyRing::open(dir, settings, now)?;
    store.record_keys_made().await?;
    Ok((store, keys))
}

/// Opens both for a command. A command makes no keys: there are none until a server has made them.
///
/// # Errors
///
/// As [`for_server`].
pub(crate) async fn for_command(
    url: &DatabaseUrl,
    dir: &Path,
    hs256_secret: Option<Secret>,
    now: Timestamp,
) -> anyhow::Result<(PostgresStore, Option<KeyRing>)> {
    let store = PostgresStore::open(url, StoreMetrics::unregistered()).await?;
    let _lock = lock(dir)?;
    check(&store, dir).await?;
    data_dir::remove_unfinished(dir);
    let keys = KeyRing::open_as_is(dir, hs256_secret, now)?;
    Ok((store, keys))
}

/// Gives up keys that are lost or damaged, as [`give_up_keys`](super::give_up_keys) does.
///
/// # Errors
///
/// As [`for_server`].
pub(crate) async fn give_up_keys(
    url: &DatabaseUrl,
    dir: &Path,
    now: Timestamp,
) -> anyhow::Result<usize> {
    let store = PostgresStore::open(url, StoreMetrics::unregistered()).await?;
    let _lock = lock(dir)?;
    let ended = store.record_keys_reset(reset_moment(now)).await?;
    for name in [KEYS_FILE, OLD_KEY_FILE] {
        move_aside(&dir.join(name), now)?;
    }
    File::open(dir)?.sync_all()?;
    Ok(ended)
}
