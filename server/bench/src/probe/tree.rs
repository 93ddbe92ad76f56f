//! What a lookup costs in redb itself.

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use hallpass::data_dir::DATABASE_FILE;
use hdrhistogram::Histogram;
use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    TableDefinition,
};
use serde_json::{Value, json};

use super::{LOOKUPS, nanos};

/// As the server has it.
const USERS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("users");

/// How many bytes of the file the server lets redb keep in memory.
const CACHE: usize = 48 << 20;

/// More than the file has.
const ALL: usize = 8 << 30;

/// Lookups by id with the server's cache and with one that holds the whole file, and single reads of
/// a page that the system has in its own cache.
pub(super) fn measure(dir: &Path) -> anyhow::Result<Value> {
    let file = dir.join(DATABASE_FILE);
    let (as_served, in_memory) = (lookups(&file, CACHE)?, lookups(&file, ALL)?);
    Ok(json!({
        "height": as_served.height,
        "pages_read": as_served.pages_read,
        "get_ns": as_served.p50_ns,
        "get_in_memory_ns": in_memory.p50_ns,
        "read_ns": reads(&file)?,
    }))
}

struct Lookups {
    height: u32,
    /// How many pages of a lookup redb had to read from the file.
    pages_read: f64,
    p50_ns: u64,
}

fn lookups(file: &Path, cache: usize) -> anyhow::Result<Lookups> {
    let db = Database::builder().set_cache_size(cache).open(file).context("can't open it")?;
    let txn = db.begin_read()?;
    let users = txn.open_table(USERS)?;
    // Reads every page, so that the cache is as full as it gets.
    let ids: Result<Vec<[u8; 16]>, _> =
        users.iter()?.map(|row| row.map(|(id, _)| *id.value())).collect();
    let mut ids = ids?;
    fastrand::Rng::with_seed(3).shuffle(&mut ids);
    let ids = &ids[..ids.len().min(LOOKUPS)];
    let mut times = Histogram::<u64>::new(3)?;
    let before = db.cache_stats().read_misses();
    for id in ids {
        let began = Instant::now();
        let user = users.get(id)?.context("a user is not there")?;
        black_box(user.value());
        drop(user);
        times.record(nanos(began)?)?;
    }
    let misses = db.cache_stats().read_misses() - before;
    Ok(Lookups {
        height: users.stats()?.tree_height(),
        pages_read: misses as f64 / ids.len() as f64,
        p50_ns: times.value_at_quantile(0.5),
    })
}

/// The p50 of one read of a page, in nanoseconds.
fn reads(file: &Path) -> anyhow::Result<u64> {
    let (file, mut page) = (File::open(file)?, [0; 4096]);
    let pages = file.metadata()?.len() / 4096;
    let mut random = fastrand::Rng::with_seed(5);
    let mut times = Histogram::<u64>::new(3)?;
    for _ in 0..LOOKUPS {
        let offset = random.u64(..pages) * 4096;
        let began = Instant::now();
        file.read_exact_at(&mut page, offset)?;
        times.record(nanos(began)?)?;
    }
    Ok(times.value_at_quantile(0.5))
}
