//! The servers that use the database, and what each of them has applied.

mod alone;
mod file;
mod keeper;
mod peers;

pub(super) use self::alone::{ensure_alone, until_alone};
pub(super) use self::file::NodeFile;
pub(super) use self::keeper::{Keeper, Shared};
pub(super) use self::peers::outlasting;

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::types::Type;
use uuid::Uuid;

use self::peers::Peer;
use super::log::{Change, Entry, Lost, Place, read_on};
use super::rows::Parameters;
use super::timeline::{Timeline, timeline};

/// Registers a server in the place of those that it knows to be dead. From the commit on, writes
/// wait for it.
pub(super) async fn register(
    db: &Client,
    id: Uuid,
    lease: Duration,
    dead: Option<Uuid>,
) -> anyhow::Result<()> {
    // Whoever takes a number either sees the new row or is seen by the new server.
    db.batch_execute("BEGIN; SELECT FROM change_counter FOR UPDATE").await?;
    let insert = "INSERT INTO nodes (id, applied, beat, lease_ms) VALUES ($1, -1, 0, $2)";
    let lease_ms = i64::try_from(lease.as_millis())?;
    db.execute_typed(insert, &[(&id, Type::UUID), (&lease_ms, Type::INT8)]).await?;
    if let Some(dead) = dead {
        unregister(db, dead).await?;
    }
    Ok(db.batch_execute("COMMIT").await?)
}

pub(super) async fn unregister(db: &Client, id: Uuid) -> anyhow::Result<()> {
    db.execute_typed("DELETE FROM nodes WHERE id = $1", &[(&id, Type::UUID)]).await?;
    Ok(())
}

/// What a poll found.
pub(super) struct Polled {
    pub(super) timeline: Timeline,
    pub(super) changes: Vec<Change>,
    pub(super) place: Place,
}

/// Says that the server is alive and what it has applied, and returns what is newer. One statement,
/// and a transaction of its own.
///
/// # Errors
///
/// [`Lost`] if the server must begin anew.
pub(super) async fn poll(db: &Client, id: Uuid, place: Place) -> anyhow::Result<Polled> {
    const POLL: &str = concat!(
        "WITH me AS (UPDATE nodes SET applied = greatest(applied, $2), beat = beat + 1
                     WHERE id = $1 RETURNING id)
         SELECT ",
        timeline!(),
        ", number, tag, CASE WHEN number > $2 THEN what END AS what
         FROM me LEFT JOIN changes ON number >= $2 ORDER BY number"
    );
    let rows = db.query_typed(POLL, &[(&id, Type::UUID), (&place.number, Type::INT8)]).await?;
    let timeline = Timeline::read(rows.first().ok_or(Lost::NotRegistered)?)?;
    let entries: Vec<_> = rows.iter().map(Entry::read).collect::<anyhow::Result<_>>()?;
    let (changes, place) = read_on(place, entries.into_iter().flatten().collect())?;
    Ok(Polled { timeline, changes, place })
}

/// The servers that are registered.
pub(super) async fn list(db: &Client) -> anyhow::Result<Vec<Peer>> {
    let rows = db.query_typed("SELECT id, beat, lease_ms FROM nodes", &[]).await?;
    let peer = |row: &tokio_postgres::Row| {
        let lease_ms: i64 = row.try_get("lease_ms")?;
        let lease = Duration::from_millis(lease_ms.unsigned_abs());
        Ok(Peer { id: row.try_get("id")?, beat: row.try_get("beat")?, lease })
    };
    rows.iter().map(peer).collect()
}

/// Removes a server that is dead, unless it was alive meanwhile.
pub(super) async fn bury(db: &Client, dead: &Peer) -> anyhow::Result<bool> {
    let query = "DELETE FROM nodes WHERE id = $1 AND beat = $2";
    let parameters: Parameters<'_> = &[(&dead.id, Type::UUID), (&dead.beat, Type::INT8)];
    Ok(db.execute_typed(query, parameters).await? == 1)
}

/// The last change that all servers but this one have applied. None if there is no other one.
pub(super) async fn applied_by_others(db: &Client, own: Uuid) -> anyhow::Result<Option<i64>> {
    let query = "SELECT min(applied) FROM nodes WHERE id <> $1";
    Ok(db.query_typed_one(query, &[(&own, Type::UUID)]).await?.try_get(0)?)
}
