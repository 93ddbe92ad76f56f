//! Servers wake each other by notifications. Nothing depends on their arrival.

use tokio_postgres::Client;

/// The channel's name. Each schema has its own.
macro_rules! name {
    () => {
        "format('hallpass_%s', to_hex(hashtextextended(current_schema(), 0)))"
    };
}

/// Wakes the servers that listen, once the transaction is committed.
pub(super) async fn notify(db: &Client) -> anyhow::Result<()> {
    db.query_typed(concat!("SELECT pg_notify(", name!(), ", '')"), &[]).await?;
    Ok(())
}

/// Listens on this connection from now on.
pub(super) async fn listen(db: &Client) -> anyhow::Result<()> {
    let row = db.query_typed_one(concat!("SELECT ", name!()), &[]).await?;
    let name: &str = row.try_get(0)?;
    Ok(db.batch_execute(&format!("LISTEN {name}")).await?)
}
