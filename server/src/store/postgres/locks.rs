//! Locks on what has no row. Their names are told apart by the schema.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

macro_rules! key {
    ($name:literal) => {
        concat!("hashtextextended(format('hallpass %s %s', current_schema(), ", $name, "), 0)")
    };
}

/// The last-admin rule: whoever takes the role of an active admin holds it until the commit.
const ADMINS: &str = concat!("SELECT pg_advisory_xact_lock(", key!("'admins'"), ")");

/// The migration of the schema.
const MIGRATION: &str = concat!("SELECT pg_advisory_xact_lock(", key!("'migration'"), ")");

/// All names at once.
const ALL_NAMES: &str = concat!("SELECT pg_advisory_xact_lock(", key!("'names'"), ")");

/// Those who take some names exclude those who take all, and each other where names are the same.
const SOME_NAMES: &str = concat!("SELECT pg_advisory_xact_lock_shared(", key!("'names'"), ")");
const NAMES: &str =
    concat!("SELECT pg_advisory_xact_lock(", key!("'name ' || name"), ") FROM unnest($1) AS name");

/// The sweep: one node at a time, until the end of its transaction.
const SWEEP: &str = concat!("SELECT pg_try_advisory_xact_lock(", key!("'sweep'"), ")");

/// What is restricted.
const RESTRICTIONS: &str = concat!("SELECT pg_advisory_xact_lock(", key!("'restrictions'"), ")");

/// Which OAuth clients there are.
const OAUTH_CLIENTS: &str = concat!("SELECT pg_advisory_xact_lock(", key!("'oauth clients'"), ")");

/// The audit log: whoever adds records excludes those who forget addresses, who exclude all.
const AUDIT: &str = concat!("SELECT pg_advisory_xact_lock(", key!("'audit'"), ")");
const AUDIT_SHARED: &str = concat!("SELECT pg_advisory_xact_lock_shared(", key!("'audit'"), ")");

pub(super) async fn audit(db: &Client) -> anyhow::Result<()> {
    wait(db, AUDIT).await
}

pub(super) async fn audit_shared(db: &Client) -> anyhow::Result<()> {
    wait(db, AUDIT_SHARED).await
}

pub(super) async fn oauth_clients(db: &Client) -> anyhow::Result<()> {
    wait(db, OAUTH_CLIENTS).await
}

pub(super) async fn restrictions(db: &Client) -> anyhow::Result<()> {
    wait(db, RESTRICTIONS).await
}

pub(super) async fn admins(db: &Client) -> anyhow::Result<()> {
    wait(db, ADMINS).await
}

pub(super) async fn migration(db: &Client) -> anyhow::Result<()> {
    wait(db, MIGRATION).await
}

pub(super) async fn all_names(db: &Client) -> anyhow::Result<()> {
    wait(db, ALL_NAMES).await
}

/// Locks these names, in an order that is the same for everybody.
pub(super) async fn names(db: &Client, mut names: Vec<String>) -> anyhow::Result<()> {
    names.sort_unstable();
    names.dedup();
    wait(db, SOME_NAMES).await?;
    db.query_typed(NAMES, &[(&names, Type::TEXT_ARRAY)]).await?;
    Ok(())
}

/// Whether this transaction is the one that sweeps.
pub(super) async fn try_sweep(db: &Client) -> anyhow::Result<bool> {
    Ok(db.query_typed_one(SWEEP, &[]).await?.try_get(0)?)
}

async fn wait(db: &Client, lock: &str) -> anyhow::Result<()> {
    db.query_typed(lock, &[]).await?;
    Ok(())
}
