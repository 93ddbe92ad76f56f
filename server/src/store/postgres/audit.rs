//! The records of the audit log.

use std::collections::HashSet;

use tokio_postgres::types::{Json, Type};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::rows::{Parameters, or_none, record};
use super::{locks, users};
use crate::store::{AuditEntry, AuditId, AuditPage, AuditQuery, UserId};

/// What a record takes beside its text, by estimate: the row and the entries of indices.
const ROW_BYTES: usize = 150;

/// Records that are removed at once.
const BATCH: i64 = 500;

fn id(row: &Row) -> anyhow::Result<AuditId> {
    Ok(AuditId::from_bytes(row.try_get::<_, Uuid>("id")?.into_bytes()))
}

pub(super) fn read(row: &Row) -> anyhow::Result<AuditEntry> {
    let id = id(row)?;
    Ok(AuditEntry { id, record: record(row, || format!("the audit record {id}"))? })
}

/// Adds records, and removes some of the oldest if all take more than `most` bytes.
pub(super) async fn add(
    db: &Client,
    mut entries: Vec<AuditEntry>,
    most: u64,
) -> anyhow::Result<()> {
    // A user who is deleted at the same time is there when this looks, or else waits for it.
    locks::audit_shared(db).await?;
    let owners = entries.iter().filter_map(|entry| entry.record.owner_of_address());
    let there = users_among(db, owners.collect()).await?;
    for entry in &mut entries {
        let owner = entry.record.owner_of_address();
        if owner.is_some_and(|owner| !there.contains(&owner)) {
            entry.record = std::mem::take(&mut entry.record).without_address();
        }
    }
    let bytes = insert(db, &entries).await?;
    let new = entries.iter().map(|entry| entry.id).min();
    match (bytes.checked_sub(most), new) {
        (Some(surplus @ 1..), Some(new)) => trim(db, surplus, new).await,
        _ => Ok(()),
    }
}

async fn users_among(db: &Client, ids: HashSet<UserId>) -> anyhow::Result<HashSet<UserId>> {
    let ids: Vec<_> = ids.into_iter().map(UserId::uuid).collect();
    let query = "SELECT id FROM users WHERE id = ANY($1)";
    let rows = db.query_typed(query, &[(&ids, Type::UUID_ARRAY)]).await?;
    rows.iter().map(|row| users::id(row, "id")).collect()
}

/// Inserts records as they are. Returns what all records take.
pub(super) async fn insert(db: &Client, entries: &[AuditEntry]) -> anyhow::Result<u64> {
    let query = "WITH added AS (
                     INSERT INTO audit (id, owner_id, user_id, by_id, event, bytes, record)
                     SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
                     ON CONFLICT (id) DO NOTHING RETURNING bytes)
                 UPDATE audit_size
                 SET bytes = audit_size.bytes + (SELECT coalesce(sum(bytes), 0) FROM added)::bigint
                 RETURNING bytes";
    let of = |user: fn(&AuditEntry) -> Option<UserId>| {
        entries.iter().map(|entry| user(entry).map(UserId::uuid)).collect::<Vec<_>>()
    };
    let size = |entry: &AuditEntry| {
        anyhow::Ok(i64::try_from(serde_json::to_vec(&entry.record)?.len() + ROW_BYTES)?)
    };
    let sizes = entries.iter().map(size).collect::<anyhow::Result<Vec<_>>>()?;
    let parameters: Parameters<'_> = &[
        (&entries.iter().map(|entry| entry.id.uuid()).collect::<Vec<_>>(), Type::UUID_ARRAY),
        (&of(|entry| entry.record.owner_of_address()), Type::UUID_ARRAY),
        (&of(|entry| entry.record.user), Type::UUID_ARRAY),
        (&of(|entry| entry.record.by), Type::UUID_ARRAY),
        (&entries.iter().map(|entry| &entry.record.event).collect::<Vec<_>>(), Type::TEXT_ARRAY),
        (&sizes, Type::INT8_ARRAY),
        (&entries.iter().map(|entry| Json(&entry.record)).collect::<Vec<_>>(), Type::JSONB_ARRAY),
    ];
    let bytes: i64 = db.query_typed_one(query, parameters).await?.try_get(0)?;
    Ok(bytes.max(0).unsigned_abs())
}

/// Removes some of the oldest records, which take about as many bytes, and none of the new ones.
async fn trim(db: &Client, surplus: u64, new: AuditId) -> anyhow::Result<()> {
    let query = "WITH sizes AS (SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before
                                FROM (SELECT id, bytes FROM audit WHERE id < $3
                                      ORDER BY id LIMIT $2) AS oldest)
                 DELETE FROM audit WHERE id IN (SELECT id FROM sizes WHERE before < $1)
                 RETURNING bytes";
    let surplus = i64::try_from(surplus)?;
    let parameters: Parameters<'_> =
        &[(&surplus, Type::INT8), (&BATCH, Type::INT8), (&new.uuid(), Type::UUID)];
    note_removed(db, &db.query_typed(query, parameters).await?).await
}

/// Removes at most `limit` records from before `before`, or else some of the oldest if all take
/// more than `most` bytes. Says how many.
pub(super) async fn sweep(db: &Client, before: AuditId, most: u64) -> anyhow::Result<usize> {
    let query = "DELETE FROM audit WHERE id IN
                 (SELECT id FROM audit WHERE id < $1
                     OR (SELECT bytes FROM audit_size) > $2 ORDER BY id LIMIT $3)
                 RETURNING bytes";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let parameters: Parameters<'_> =
        &[(&before.uuid(), Type::UUID), (&most, Type::INT8), (&BATCH, Type::INT8)];
    let removed = db.query_typed(query, parameters).await?;
    note_removed(db, &removed).await?;
    Ok(removed.len())
}

async fn note_removed(db: &Client, rows: &[Row]) -> anyhow::Result<()> {
    let sizes = rows.iter().map(|row| row.try_get::<_, i64>("bytes"));
    let bytes: i64 = sizes.sum::<Result<_, _>>()?;
    let query = "UPDATE audit_size SET bytes = greatest(bytes - $1, 0)";
    db.execute_typed(query, &[(&bytes, Type::INT8)]).await?;
    Ok(())
}

/// Records of a user whose addresses are forgotten in one write.
const FORGET: i64 = 2000;

/// Forgets the addresses and browsers of a user whose row is removed, in some records. Says whether
/// there may be more.
pub(super) async fn forget_addresses(db: &Client, user: UserId) -> anyhow::Result<bool> {
    locks::audit(db).await?;
    let query = "UPDATE audit SET record = record - 'address' - 'user_agent', owner_id = NULL
                 WHERE id IN (SELECT id FROM audit WHERE owner_id = $1 LIMIT $2)";
    let parameters: Parameters<'_> = &[(&user.uuid(), Type::UUID), (&FORGET, Type::INT8)];
    let forgotten = db.execute_typed(query, parameters).await?;
    Ok(forgotten == FORGET.unsigned_abs())
}

/// The records that are asked for.
pub(super) async fn page(db: &Client, query: AuditQuery) -> anyhow::Result<AuditPage> {
    let sql = "SELECT id, record FROM audit
               WHERE ($1::uuid IS NULL OR id < $1) AND id >= $2
                   AND ($3::uuid IS NULL OR user_id = $3 OR by_id = $3)
                   AND ($4::text IS NULL OR event = $4)
               ORDER BY id DESC LIMIT $5";
    let AuditQuery { user, event, since, before, limit } = query;
    let (user, before) = (user.map(UserId::uuid), before.map(AuditId::uuid));
    let first = since.map_or(Uuid::nil(), |since| AuditId::least(since).uuid());
    let one_more = i64::try_from(limit)?.saturating_add(1);
    let parameters: Parameters<'_> = &[
        (&before, Type::UUID),
        (&first, Type::UUID),
        (&user, Type::UUID),
        (&event, Type::TEXT),
        (&one_more, Type::INT8),
    ];
    let rows = db.query_typed(sql, parameters).await?;
    let mut page = AuditPage::default();
    for row in rows.iter().take(limit) {
        page.entries.extend(or_none(read(row).map(Some))?);
    }
    if let (true, Some(last)) = (rows.len() > limit, limit.checked_sub(1)) {
        page.next = Some(id(&rows[last])?);
    }
    Ok(page)
}
