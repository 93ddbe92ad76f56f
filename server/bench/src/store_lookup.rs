//! `store-lookup DATA_DIR USERS`: what one lookup in the store takes, over users that are drawn at
//! random from all of those that the benchmark imported. Prints a JSON object, in nanoseconds.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use hallpass::data_dir::DATABASE_FILE;
use hallpass::store::{RedbStore, Store as _, UserId};
use hallpass_bench::hallpass::name;
use hdrhistogram::Histogram;
use serde_json::json;

/// As many users are looked up.
const LOOKUPS: usize = 50_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let [_, dir, users] = &args[..] else { anyhow::bail!("usage: store-lookup DATA_DIR USERS") };
    let users: usize = users.parse().context("USERS is not a number")?;
    let store = RedbStore::open(&Path::new(dir).join(DATABASE_FILE))?;
    let mut random = fastrand::Rng::with_seed(1);
    let names: Vec<String> = (0..LOOKUPS).map(|_| name(random.usize(..users))).collect();

    let mut ids = Vec::with_capacity(LOOKUPS);
    let mut by_name = Histogram::<u64>::new(3)?;
    for name in &names {
        let began = Instant::now();
        let user = store.user_by_name(name).await?;
        by_name.record(nanos(began)?)?;
        ids.push(user.with_context(|| format!("{name} is not there"))?.id);
    }
    random.shuffle(&mut ids);
    let by_id = by_id(&store, &ids).await?;
    let quantile = |histogram: &Histogram<u64>, quantile| histogram.value_at_quantile(quantile);
    let report = json!({
        "by_name_p50_ns": quantile(&by_name, 0.5),
        "by_id_p50_ns": quantile(&by_id, 0.5),
        "by_id_p99_ns": quantile(&by_id, 0.99),
    });
    println!("{report}");
    Ok(())
}

async fn by_id(store: &RedbStore, ids: &[UserId]) -> anyhow::Result<Histogram<u64>> {
    let mut latency = Histogram::new(3)?;
    for id in ids {
        let began = Instant::now();
        let user = store.user_by_id(*id).await?;
        latency.record(nanos(began)?)?;
        user.context("a user is not there")?;
    }
    Ok(latency)
}

fn nanos(began: Instant) -> anyhow::Result<u64> {
    Ok(u64::try_from(began.elapsed().as_nanos())?)
}
