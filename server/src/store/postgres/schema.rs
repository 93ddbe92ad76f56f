//! The schema and its migrations. A change of a table is a new file in `migrations` and a line in
//! [`MIGRATIONS`]; a file that was released never changes.

use anyhow::{Context as _, bail};
use refinery::{Migration, Runner};
use tokio_postgres::Client;

use super::connect::Connector;
use super::{locks, names};

pub(super) const MIGRATIONS: &[(&str, &str)] = &[
    ("V1__accounts", include_str!("migrations/V1__accounts.sql")),
    ("V2__nodes", include_str!("migrations/V2__nodes.sql")),
    ("V3__keys", include_str!("migrations/V3__keys.sql")),
    ("V4__failures", include_str!("migrations/V4__failures.sql")),
    ("V5__audit", include_str!("migrations/V5__audit.sql")),
    ("V6__factors", include_str!("migrations/V6__factors.sql")),
    ("V7__oauth_clients", include_str!("migrations/V7__oauth_clients.sql")),
];

/// Brings the schema up to date. Servers that start at once do it one after the other.
///
/// # Errors
///
/// If the schema is of a later version, or the database can't be reached.
pub(super) async fn migrate(connector: &Connector) -> anyhow::Result<()> {
    // Two connections, since the migrations have transactions of their own.
    let (guard, mut migrating) = (connector.connect().await?, connector.connect().await?);
    guard.client.batch_execute("BEGIN").await?;
    locks::migration(&guard.client).await?;
    run(&mut migrating.client, MIGRATIONS).await?;
    // Not a migration: it is due with each new version of Unicode.
    migrating.client.batch_execute("BEGIN").await?;
    names::migrate(&migrating.client).await?;
    migrating.client.batch_execute("COMMIT").await?;
    Ok(guard.client.batch_execute("COMMIT").await?)
}

pub(super) async fn run(db: &mut Client, migrations: &[(&str, &str)]) -> anyhow::Result<()> {
    let migrations: Vec<_> = migrations
        .iter()
        .map(|(name, sql)| Migration::unapplied(name, sql))
        .collect::<Result<_, _>>()?;
    let known = migrations.iter().map(Migration::version).max().unwrap_or_default();
    let runner = Runner::new(&migrations).set_grouped(true);
    let found = version(db).await?;
    if found > i64::from(known) {
        bail!(
            "the database has schema version {found} and this hallpass knows version {known}; run \
             the hallpass that wrote it, or restore a backup from before the upgrade"
        );
    }
    runner.run_async(db).await.context("can't bring the database's schema up to date")?;
    Ok(())
}

/// The last migration that was made; 0 in an empty database.
async fn version(db: &Client) -> anyhow::Result<i64> {
    let table = "SELECT to_regclass('refinery_schema_history') IS NOT NULL";
    if !db.query_typed_one(table, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let query = "SELECT coalesce(max(version), 0)::bigint FROM refinery_schema_history";
    Ok(db.query_typed_one(query, &[]).await?.try_get(0)?)
}
