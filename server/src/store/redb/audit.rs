//! The records of the audit log.

use std::ops::Bound::{Excluded, Included};

use redb::{
    ReadTransaction, ReadableTable as _, ReadableTableMetadata as _, Table, TableError,
    WriteTransaction,
};

use super::tables::{AUDIT, AUDIT_BY_USER, Id, META, USERS, decode, or_none};
use crate::store::rules;
use crate::store::{AuditEntry, AuditId, AuditPage, AuditQuery, AuditRecord, UserId};

/// The row of [`META`] that has the bytes of all records, as a big-endian u64.
const BYTES_KEY: &str = "audit_bytes";

/// The bytes of keys that each record takes, and each row by which it is found.
const KEY_BYTES: usize = 16;
const INDEX_BYTES: usize = 32;

/// The most records that are looked at for one page.
const MOST_SCANNED: usize = 20_000;

/// The tables, open to write.
struct Tables<'t> {
    records: Table<'t, Id, &'static [u8]>,
    by_user: Table<'t, (Id, Id), ()>,
    /// What all records take.
    bytes: u64,
}

pub(super) fn read(id: AuditId, json: &[u8]) -> anyhow::Result<AuditEntry> {
    let record = decode(json, || format!("the audit record {id}"))?;
    Ok(AuditEntry { id, record })
}

/// Adds records. Where they take more than `most` bytes, it removes some of the oldest: more than
/// it adds, but not so many that other writes would wait.
pub(super) fn add(
    txn: &WriteTransaction,
    entries: Vec<AuditEntry>,
    most: u64,
) -> anyhow::Result<()> {
    let mut tables = Tables::open(txn)?;
    let removable = 2 * entries.len() + 100;
    let Some(new) = entries.iter().map(|entry| entry.id).min() else { return Ok(()) };
    {
        let users = txn.open_table(USERS)?;
        for AuditEntry { id, mut record } in entries {
            let owner = record.owner_of_address();
            let is_gone = owner
                .map(|owner| Ok::<_, redb::StorageError>(users.get(owner.as_bytes())?.is_none()));
            if is_gone.transpose()?.unwrap_or_default() {
                record = record.without_address();
            }
            tables.put(id, &record)?;
        }
    }
    for _ in 0..removable {
        let is_old = tables.first()?.is_some_and(|id| id < new);
        if tables.bytes <= most || !is_old || !tables.remove_first()? {
            break;
        }
    }
    tables.close(txn)
}

/// Adds a record as it is.
pub(super) fn put(txn: &WriteTransaction, entry: &AuditEntry) -> anyhow::Result<()> {
    let mut tables = Tables::open(txn)?;
    tables.put(entry.id, &entry.record)?;
    tables.close(txn)
}

/// Removes a record, and returns its text.
pub(super) fn remove(txn: &WriteTransaction, id: AuditId) -> anyhow::Result<Option<Vec<u8>>> {
    let mut tables = Tables::open(txn)?;
    let removed = tables.records.remove(id.as_bytes())?.map(|json| json.value().to_vec());
    let bytes = removed.as_ref().map_or(0, |json| json.len() + KEY_BYTES);
    tables.bytes = tables.bytes.saturating_sub(bytes as u64);
    tables.close(txn)?;
    Ok(removed)
}

/// Removes at most `limit` records: those before `before`, and the oldest while all take more than
/// `most` bytes. Says how many.
pub(super) fn sweep(
    txn: &WriteTransaction,
    before: AuditId,
    most: u64,
    limit: usize,
) -> anyhow::Result<usize> {
    let mut tables = Tables::open(txn)?;
    let mut removed = 0;
    while removed < limit {
        let first = tables.first()?;
        if !first.is_some_and(|id| id < before || tables.bytes > most) || !tables.remove_first()? {
            break;
        }
        removed += 1;
    }
    tables.close(txn)?;
    Ok(removed)
}

/// Records of a user whose addresses are forgotten in one write. Other writes wait for it.
pub(super) const FORGET: usize = 2000;

/// Forgets the addresses and browsers of a user in the first [`FORGET`] records after `after`. Says
/// where to go on, if there are more.
pub(super) fn forget_addresses(
    txn: &WriteTransaction,
    user: UserId,
    after: Option<AuditId>,
) -> anyhow::Result<Option<AuditId>> {
    let mut tables = Tables::open(txn)?;
    let ids = tables.of_user(user, after)?;
    for &id in &ids {
        let Some(record) = tables.get(id)? else { continue };
        let holds_any = record.address.is_some() || record.user_agent.is_some();
        if holds_any && record.owner_of_address() == Some(user) {
            tables.replace(id, &record.without_address())?;
        }
    }
    tables.close(txn)?;
    Ok(ids.last().copied().filter(|_| ids.len() == FORGET))
}

impl<'t> Tables<'t> {
    fn open(txn: &'t WriteTransaction) -> anyhow::Result<Self> {
        let bytes = txn.open_table(META)?.get(BYTES_KEY)?.map(|row| row.value().to_vec());
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
        let (records, by_user) = (txn.open_table(AUDIT)?, txn.open_table(AUDIT_BY_USER)?);
        Ok(Self { records, by_user, bytes })
    }

    /// Notes what all records take.
    fn close(self, txn: &WriteTransaction) -> anyhow::Result<()> {
        // Whatever was counted wrong, nothing takes nothing.
        let bytes = if self.records.is_empty()? { 0 } else { self.bytes };
        txn.open_table(META)?.insert(BYTES_KEY, bytes.to_be_bytes().as_slice())?;
        Ok(())
    }

    fn put(&mut self, id: AuditId, record: &AuditRecord) -> anyhow::Result<()> {
        if self.records.get(id.as_bytes())?.is_some() {
            return Ok(());
        }
        self.replace(id, record)?;
        for user in rules::concerned(record) {
            self.by_user.insert((user.as_bytes(), id.as_bytes()), ())?;
            self.bytes += INDEX_BYTES as u64;
        }
        Ok(())
    }

    fn replace(&mut self, id: AuditId, record: &AuditRecord) -> anyhow::Result<()> {
        let json = serde_json::to_vec(record)?;
        let old = self.records.insert(id.as_bytes(), json.as_slice())?;
        let old = old.map_or(0, |old| old.value().len() + KEY_BYTES);
        self.bytes = (self.bytes + (json.len() + KEY_BYTES) as u64).saturating_sub(old as u64);
        Ok(())
    }

    fn get(&self, id: AuditId) -> anyhow::Result<Option<AuditRecord>> {
        let row = self.records.get(id.as_bytes())?;
        or_none(row.map(|json| Ok(read(id, json.value())?.record)).transpose())
    }

    fn first(&self) -> anyhow::Result<Option<AuditId>> {
        Ok(self.records.first()?.map(|(id, _)| AuditId::from_bytes(*id.value())))
    }

    /// Removes the oldest record, if there is any.
    fn remove_first(&mut self) -> anyhow::Result<bool> {
        let Some((id, json)) = self.records.pop_first()? else { return Ok(false) };
        let id = AuditId::from_bytes(*id.value());
        let mut bytes = json.value().len() + KEY_BYTES;
        // Of a record that can't be read it is not known whom it concerns.
        for user in read(id, json.value()).iter().flat_map(|entry| rules::concerned(&entry.record))
        {
            self.by_user.remove((user.as_bytes(), id.as_bytes()))?;
            bytes += INDEX_BYTES;
        }
        self.bytes = self.bytes.saturating_sub(bytes as u64);
        Ok(true)
    }

    /// The first [`FORGET`] records of a user after this one.
    fn of_user(&self, user: UserId, after: Option<AuditId>) -> anyhow::Result<Vec<AuditId>> {
        let (after, last) = (after.map_or([0; 16], |id| *id.as_bytes()), [0xff; 16]);
        let range = (Excluded((user.as_bytes(), &after)), Included((user.as_bytes(), &last)));
        let rows = self.by_user.range::<(&[u8; 16], &[u8; 16])>(range)?;
        rows.take(FORGET).map(|row| Ok(AuditId::from_bytes(*row?.0.value().1))).collect()
    }
}

/// The records that are asked for.
pub(super) fn page(txn: &ReadTransaction, query: &AuditQuery) -> anyhow::Result<AuditPage> {
    let records = txn.open_table(AUDIT)?;
    let mut page = AuditPage::default();
    let mut last = None;
    for (n, id) in ids(txn, query)?.enumerate() {
        if page.entries.len() == query.limit || n == MOST_SCANNED {
            page.next = last;
            break;
        }
        let id = id?;
        last = Some(id);
        let row = records.get(id.as_bytes())?;
        let entry = or_none(row.map(|json| read(id, json.value())).transpose())?;
        page.entries.extend(entry.filter(|entry| rules::is_asked_for(query, entry)));
    }
    Ok(page)
}

/// The ids of records that concern the right user, within the right time, the latest one first.
fn ids(
    txn: &ReadTransaction,
    query: &AuditQuery,
) -> anyhow::Result<Box<dyn Iterator<Item = anyhow::Result<AuditId>>>> {
    let first = query.since.map_or(AuditId::from_bytes([0; 16]), AuditId::least);
    let before = query.before.unwrap_or(AuditId::from_bytes([0xff; 16]));
    if first > before {
        return Ok(Box::new(std::iter::empty()));
    }
    Ok(match query.user {
        None => {
            let rows =
                txn.open_table(AUDIT)?.range::<&[u8; 16]>(first.as_bytes()..before.as_bytes())?;
            Box::new(rows.rev().map(|row| Ok(AuditId::from_bytes(*row?.0.value()))))
        }
        Some(user) => {
            let user = user.as_bytes();
            let of = txn.open_table(AUDIT_BY_USER)?;
            let rows = of.range((user, first.as_bytes())..(user, before.as_bytes()))?;
            Box::new(rows.rev().map(|row| Ok(AuditId::from_bytes(*row?.0.value().1))))
        }
    })
}

/// How many records there are.
pub(super) fn count(txn: &ReadTransaction) -> Result<u64, TableError> {
    Ok(txn.open_table(AUDIT)?.len()?)
}
