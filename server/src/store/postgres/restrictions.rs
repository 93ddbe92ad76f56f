//! What is restricted: a row of `meta`.

use anyhow::Context as _;
use tokio_postgres::Client;

use super::failure::Damaged;
use super::{locks, rows};
use crate::store::Restricted;
use crate::store::applied::Applied;

/// The row of `meta`.
const NAME: &str = "restrictions";

pub(super) async fn read(db: &Client) -> anyhow::Result<Restricted> {
    let row = rows::meta(db, NAME).await?;
    row.map_or(Ok(Restricted::default()), |json| {
        let damaged = || Damaged("the list of restrictions".to_owned());
        serde_json::from_str(&json).with_context(damaged)
    })
}

/// As [`read`], and nobody else changes it until the end of the transaction.
pub(super) async fn lock(db: &Client) -> anyhow::Result<Restricted> {
    locks::restrictions(db).await?;
    read(db).await
}

pub(super) async fn put(db: &Client, restricted: &Restricted) -> anyhow::Result<()> {
    rows::set_meta(db, NAME, &serde_json::to_string(restricted)?).await
}

/// Keeps what a rule decided, unless it refused.
pub(super) async fn put_unless_refused<T, E>(
    db: &Client,
    decision: Result<(Restricted, T), E>,
) -> anyhow::Result<Applied<Result<T, E>>> {
    let (restricted, answer) = match decision {
        Ok(decided) => decided,
        Err(refusal) => return Ok(Applied::quietly(Err(refusal))),
    };
    put(db, &restricted).await?;
    Ok(Applied::restricting(Ok(answer), restricted))
}
