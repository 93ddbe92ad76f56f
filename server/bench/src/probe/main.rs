//! Times what can be timed only inside Hallpass. Prints a JSON object, in nanoseconds.
//!
//! `hallpass-probe lookup DATA_DIR USERS`: one lookup in the store. The users are drawn at random
//! from all that the benchmark imported.
//!
//! `hallpass-probe tree DATA_DIR`: what redb does for a lookup by id, and how long that takes without
//! Hallpass.
//!
//! `hallpass-probe count`: the metrics of one `GET /api/verify`.

mod tree;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};
use hallpass::data_dir::DATABASE_FILE;
use hallpass::metrics::Metrics;
use hallpass::store::{RedbStore, Store as _};
use hallpass_bench::users::name;
use hallpass_contract::path;
use hdrhistogram::Histogram;
use http::StatusCode;
use serde_json::{Value, json};

/// The number of lookups.
const LOOKUPS: usize = 50_000;

/// The number of counted requests.
const REQUESTS: u32 = 5_000_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let report = match args[..] {
        ["lookup", dir, users] => {
            lookup(Path::new(dir), users.parse().context("USERS is no number")?).await?
        }
        ["tree", dir] => tree::measure(Path::new(dir))?,
        ["count"] => count(),
        _ => bail!("usage: hallpass-probe lookup DATA_DIR USERS | tree DATA_DIR | count"),
    };
    println!("{report}");
    Ok(())
}

async fn lookup(dir: &Path, users: usize) -> anyhow::Result<Value> {
    let store = RedbStore::open(&dir.join(DATABASE_FILE))?;
    let mut random = fastrand::Rng::with_seed(1);
    let names: Vec<String> = (0..LOOKUPS).map(|_| name(random.usize(..users))).collect();
    let (mut by_name, mut by_id) = (Histogram::<u64>::new(3)?, Histogram::<u64>::new(3)?);
    let mut ids = Vec::with_capacity(LOOKUPS);
    for name in &names {
        let user = timed(&mut by_name, store.user_by_name(name)).await?;
        ids.push(user.with_context(|| format!("{name} is not there"))?.id);
    }
    random.shuffle(&mut ids);
    for id in ids {
        let user = timed(&mut by_id, store.user_by_id(id)).await?;
        user.context("a user is not there")?;
    }
    let p50 = |histogram: Histogram<u64>| histogram.value_at_quantile(0.5);
    Ok(json!({"by_name_p50_ns": p50(by_name), "by_id_p50_ns": p50(by_id)}))
}

/// Notes how long a lookup takes.
async fn timed<T, E>(
    nanos_of: &mut Histogram<u64>,
    lookup: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T>
where
    anyhow::Error: From<E>,
{
    let began = Instant::now();
    let found = lookup.await?;
    nanos_of.record(nanos(began)?)?;
    Ok(found)
}

/// Counts what the server counts for a request: its time, and a token that was in the cache.
fn count() -> Value {
    let metrics = Metrics::default();
    let series = metrics.http.series(path::VERIFY, "GET");
    let began = Instant::now();
    for _ in 0..REQUESTS {
        let started = Instant::now();
        metrics.tokens.hits.inc();
        series.observe(black_box(StatusCode::OK), started.elapsed());
    }
    let per_request = began.elapsed().as_nanos() as f64 / f64::from(REQUESTS);
    json!({"count_ns": per_request})
}

fn nanos(began: Instant) -> anyhow::Result<u64> {
    Ok(u64::try_from(began.elapsed().as_nanos())?)
}
