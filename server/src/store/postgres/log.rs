//! The log of changes: what one server tells the others.
//!
//! Each write that ends a session, or changes a user, the keys or what is restricted, takes the
//! next number, last in its transaction. The row of the counter is locked from then until the
//! commit. So the numbers have no gaps and are in the order of the commits, and a reader that sees
//! a number sees all before it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::{Json, Type};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::channel;
use super::rows::{Parameters, time};
use crate::store::applied::{News, Revocation};
use crate::store::{SessionId, UserId};

/// Beyond so many revoked sessions, the log does not name them: the others read them all.
const MOST_REVOKED: usize = 10_000;

/// What a change is about.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Change {
    /// Sessions that ended, and until when that is remembered, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<(SessionId, i64)>,
    /// More sessions ended than the log names.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) many_revoked: bool,
    /// Users who changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) users: Vec<UserId>,
    /// The keys changed.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) keys: bool,
    /// What is restricted changed.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) restrictions: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it like this")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Change {
    pub(super) fn of(news: &News) -> Self {
        let many_revoked = news.revoked.len() > MOST_REVOKED;
        let entry = |(id, until): &(SessionId, Timestamp)| (*id, until.as_millisecond());
        let revoked =
            if many_revoked { Vec::new() } else { news.revoked.iter().map(entry).collect() };
        let (users, restrictions) = (news.users.clone(), news.restricted.is_some());
        Self { revoked, many_revoked, users, keys: news.keys, restrictions }
    }

    pub(super) fn revoked(&self) -> Vec<Revocation> {
        self.revoked.iter().map(|(id, until)| (*id, time(*until))).collect()
    }
}

/// A place in the log. The tag is random: a fail-over may lose a change and give its number to
/// another one, which has another tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) number: i64,
    pub(super) tag: Uuid,
}

/// A row of the log.
pub(super) struct Entry {
    place: Place,
    /// None if it can't be read. A later version may have written it.
    change: Option<Change>,
}

impl Entry {
    /// Reads an entry; none if the columns are empty.
    pub(super) fn read(row: &Row) -> anyhow::Result<Option<Self>> {
        let Some(number) = row.try_get("number")? else { return Ok(None) };
        let place = Place { number, tag: row.try_get("tag")? };
        let what: Option<serde_json::Value> = row.try_get("what")?;
        let change = what.and_then(|what| serde_json::from_value(what).ok());
        Ok(Some(Self { place, change }))
    }
}

/// Why a server can't go on from its place in the log, and must begin anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Lost {
    /// Another server took this one for dead, or the database was restored.
    #[error("the database does not know this server any more")]
    NotRegistered,
    /// The log was cut off after the place, or never came to it.
    #[error("the log of changes lacks the last change that this server applied")]
    PlaceGone,
    /// The history in which this server read the place was lost.
    #[error("the log of changes has another change where this server read its last one")]
    AnotherTag,
    /// Somebody removed rows.
    #[error("the log of changes has a gap")]
    Gap,
    /// A later version wrote it.
    #[error("the log of changes has an entry that this version can't read")]
    Unreadable,
}

/// The changes after `place`, and the place after them. `entries` begins with the one at `place`.
pub(super) fn read_on(place: Place, entries: Vec<Entry>) -> Result<(Vec<Change>, Place), Lost> {
    let mut entries = entries.into_iter();
    let first = entries.next().filter(|first| first.place.number == place.number);
    if first.ok_or(Lost::PlaceGone)?.place.tag != place.tag {
        return Err(Lost::AnotherTag);
    }
    let (mut changes, mut last) = (Vec::new(), place);
    for entry in entries {
        if entry.place.number != last.number + 1 {
            return Err(Lost::Gap);
        }
        changes.push(entry.change.ok_or(Lost::Unreadable)?);
        last = entry.place;
    }
    Ok((changes, last))
}

/// What a write needs to know after its commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered {
    /// The number it took.
    pub(super) number: i64,
    /// The longest lease of another server; zero if there is no other one.
    pub(super) longest_lease: Duration,
}

/// Takes the next number for a change and wakes the servers once it is committed. Nothing else is
/// locked after this.
pub(super) async fn append(db: &Client, own: Uuid, change: &Change) -> anyhow::Result<Numbered> {
    const TAKE: &str = "UPDATE change_counter SET number = number + 1";
    // A statement of its own: whoever joined while the first one waited is seen.
    const WRITE: &str = "
        INSERT INTO changes (number, what) SELECT number, $1 FROM change_counter
        RETURNING number,
            coalesce((SELECT max(lease_ms) FROM nodes WHERE id <> $2), 0) AS longest";
    let parameters: Parameters<'_> = &[(&Json(change), Type::JSONB), (&own, Type::UUID)];
    // Sent together, and carried out in this order.
    let (taken, written, woken) = tokio::join!(
        biased;
        db.execute_typed(TAKE, &[]),
        db.query_typed_one(WRITE, parameters),
        channel::notify(db),
    );
    taken?;
    let row = written?;
    woken?;
    let longest: i64 = row.try_get("longest")?;
    let longest_lease = Duration::from_millis(longest.unsigned_abs());
    Ok(Numbered { number: row.try_get("number")?, longest_lease })
}

/// The end of the log.
pub(super) async fn end(db: &Client) -> anyhow::Result<Place> {
    let query = "SELECT number, tag FROM change_counter JOIN changes USING (number)";
    let row = db.query_typed_one(query, &[]).await?;
    Ok(Place { number: row.try_get("number")?, tag: row.try_get("tag")? })
}

/// Removes what every server has applied. The last such entry stays, since its tag tells whether
/// a server can go on from it.
pub(super) async fn trim(db: &Client) -> anyhow::Result<()> {
    let query = "DELETE FROM changes WHERE number < (SELECT min(applied) FROM nodes)";
    db.execute_typed(query, &[]).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
