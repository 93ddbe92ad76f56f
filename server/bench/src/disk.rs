//! How long the disk takes to make a write durable. No acknowledged write can be faster.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use serde::Serialize;

/// How long it takes to write 4 KiB and call `fdatasync`, one after the other.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Syncs {
    /// Writes per second.
    pub per_second: f64,
    /// The median, in microseconds.
    pub p50_us: u64,
    /// The 99th percentile, in microseconds.
    pub p99_us: u64,
}

const BLOCK: usize = 4096;
/// The file's size in blocks. The file is written beforehand, so that no sync has to allocate.
const BLOCKS: u64 = 1024;

/// Measures for `time`, in a file in `dir`.
pub fn measure(dir: &Path, time: Duration) -> anyhow::Result<Syncs> {
    let path = dir.join("fdatasync");
    let syncs = syncs(&path, time).with_context(|| format!("can't write {}", path.display()));
    let _ = std::fs::remove_file(&path);
    syncs
}

fn syncs(path: &Path, time: Duration) -> anyhow::Result<Syncs> {
    let file = blank(path)?;
    let mut latency_us = Histogram::<u64>::new(3)?;
    let begin = Instant::now();
    while begin.elapsed() < time {
        let n = latency_us.len();
        let start = Instant::now();
        file.write_all_at(&[n.to_le_bytes()[0]; BLOCK], (n % BLOCKS) * BLOCK as u64)?;
        file.sync_data()?;
        latency_us.record(u64::try_from(start.elapsed().as_micros())?)?;
    }
    Ok(Syncs {
        per_second: latency_us.len() as f64 / begin.elapsed().as_secs_f64(),
        p50_us: latency_us.value_at_quantile(0.5),
        p99_us: latency_us.value_at_quantile(0.99),
    })
}

/// A file of zeros, all of it on the disk.
fn blank(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    for block in 0..BLOCKS {
        file.write_all_at(&[0; BLOCK], block * BLOCK as u64)?;
    }
    file.sync_all()?;
    Ok(file)
}
