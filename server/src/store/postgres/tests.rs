use std::env;
use std::io::Write as _;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// The database of `scripts/postgres url`.
const VARIABLE: &str = "HALLPASS_TEST_DATABASE_URL";

/// The URL of a schema of its own in the database for tests. Without a database the tests that need
/// one do nothing, and stderr says so.
pub(in crate::store) async fn fresh_schema() -> Option<DatabaseUrl> {
    static SKIPPED: Once = Once::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Ok(url) = env::var(VARIABLE) else {
        // Not by a macro, whose output is only shown of tests that fail.
        let note = format!("the PostgreSQL cases are skipped: {VARIABLE} is not set\n");
        SKIPPED.call_once(|| std::io::stderr().write_all(note.as_bytes()).unwrap());
        return None;
    };
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let schema = format!("test_{process}_{count}");
    let direct = Connector::new(&url.as_str().into()).unwrap().connect().await.unwrap();
    direct.client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-csearch_path%3D{schema}");
    Some(url.as_str().into())
}

/// An empty store, if there is a database for tests.
pub(crate) async fn fresh_store() -> Option<PostgresStore> {
    let url = fresh_schema().await?;
    Some(node(&url, LEASE).await)
}

/// A server's store, in a data directory of its own.
pub(in crate::store) async fn node(url: &DatabaseUrl, lease: Duration) -> PostgresStore {
    let dir = tempfile::tempdir().unwrap();
    let settings = NodeSettings { lease, data_dir: dir.path().to_owned(), direct: None };
    PostgresStore::join(url, settings, StoreMetrics::unregistered()).await.unwrap()
}

/// Longer than any test but those of leases.
pub(in crate::store) const LEASE: Duration = Duration::from_secs(30);

mod commits;
mod leases;
mod sweeps;

use std::time::Duration;

use tokio::time::timeout;

use crate::store::Store as _;
use crate::store::{Moment, SessionId};

/// Longer than the store ever waits, on a busy machine too.
const LONG: Duration = Duration::from_secs(60);

fn at_zero() -> Moment {
    let now = jiff::Timestamp::UNIX_EPOCH;
    Moment { now, tokens_expired_at: now + Duration::from_secs(900) }
}

async fn direct(url: &DatabaseUrl) -> connect::Direct {
    Connector::new(url).unwrap().connect().await.unwrap()
}

/// Waits until it is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, wait).await.expect("it never came to be");
}

#[tokio::test]
async fn a_schema_of_a_later_version_is_refused_in_one_line() {
    let Some(url) = fresh_schema().await else { return };
    let mut direct = direct(&url).await;
    let known = schema::MIGRATIONS.len();
    let last = format!("V{}__more", known + 1);
    let mut later = schema::MIGRATIONS.to_vec();
    later.push((&last, "CREATE TABLE more ()"));
    schema::run(&mut direct.client, &later).await.unwrap();
    let refused = PostgresStore::open(&url, StoreMetrics::unregistered()).await.unwrap_err();
    let line = format!("{refused:#}");
    let versions = [known, known + 1].map(|version| format!("version {version}"));
    assert!(versions.iter().all(|version| line.contains(version)), "{line}");
    assert!(!line.contains('\n'), "{line}");
}

#[tokio::test]
async fn servers_that_start_at_once_migrate_one_after_the_other() {
    let Some(url) = fresh_schema().await else { return };
    let connector = Connector::new(&url).unwrap();
    let all = (0..4).map(|_| schema::migrate(&connector));
    futures_util::future::try_join_all(all).await.unwrap();
}

#[tokio::test]
async fn a_damaged_record_is_told_as_such_and_others_are_read() {
    let Some(url) = fresh_schema().await else { return };
    let store = PostgresStore::open(&url, StoreMetrics::unregistered()).await.unwrap();
    let (id, direct) = (SessionId::new(at_zero().now), direct(&url).await);
    let db = &direct.client;
    let insert = format!("INSERT INTO users VALUES ('{}', 'a', 'a', false, '{{}}')", id.uuid());
    db.batch_execute(&insert).await.unwrap();
    let found = store.user_by_name("a").await.unwrap_err();
    assert!(matches!(found, StoreError::Damaged(_)), "{found:?}");
    assert_eq!(store.users(None, 5).await.unwrap().damaged.len(), 1);
    assert!(store.user_by_name("b").await.unwrap().is_none());
}
