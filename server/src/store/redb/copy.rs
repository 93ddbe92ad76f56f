//! Reads and writes all rows of a database file, to copy it.

use std::ops::Bound::{Excluded, Unbounded};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use redb::backends::FileBackend;
use redb::{
    Database, ReadTransaction, ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _,
    Value, WriteTransaction,
};

use super::check::{Unchanged, check_file};
use super::guard::guarded;
use super::tables::{
    ADDRESSES, AUDIT, Id, META, RESETS_BY_USER, REVOKED, SESSIONS, USERS, decode, time,
};
use super::{
    addresses, audit, keys_made, names, oauth_clients, open, resets, restrictions, schema,
    sessions, users,
};
use crate::data_dir::{self, Unfinished};
use crate::store::SealedKeys;
use crate::store::copy::rows::{Key, Kind, PAGE, Row, Rows};
use crate::store::id::{AuditId, SessionId, UserId};
use crate::store::keys_record::KeysRecord;

/// A database file that is copied from or to.
pub(in crate::store) struct RedbCopy {
    // Before the file, which it is in.
    db: Database,
    /// The new file. None of one that is only read.
    unfinished: Option<Unfinished>,
}

impl RedbCopy {
    /// The file of a server that does not run. It stays as it is to the last byte.
    pub(in crate::store) fn source(path: &Path) -> anyhow::Result<Self> {
        let findings = check_file(path)?;
        ensure!(
            findings.is_empty(),
            "not all of {} can be read or fits together; `hallpass store check` says what is \
             wrong, and `hallpass store repair` may mend it",
            path.display()
        );
        Self::as_it_is(path)
    }

    /// A new file. One that is there already is only looked at.
    pub(in crate::store) fn target(path: &Path) -> anyhow::Result<Self> {
        if path.try_exists().with_context(|| format!("can't look for {}", path.display()))? {
            return Self::as_it_is(path);
        }
        let unfinished = Unfinished::begin(path)?;
        let db = Database::builder().create_with_backend(FileBackend::new(unfinished.file()?)?)?;
        schema::migrate(&db)?;
        Ok(Self { db, unfinished: Some(unfinished) })
    }

    fn as_it_is(path: &Path) -> anyhow::Result<Self> {
        let db = guarded(|| {
            let db = open::open_on(Unchanged::new(data_dir::open_file(path)?), path)?;
            schema::migrate(&db)?;
            Ok(db)
        })?;
        Ok(Self { db, unfinished: None })
    }
}

#[async_trait]
impl Rows for RedbCopy {
    async fn page(&mut self, kind: Kind, after: Option<Key>) -> anyhow::Result<Vec<Row>> {
        guarded(|| page(&self.db.begin_read()?, kind, after))
    }

    async fn count(&mut self, kind: Kind) -> anyhow::Result<u64> {
        let txn = self.db.begin_read()?;
        Ok(match kind {
            Kind::Users => txn.open_table(USERS)?.len()?,
            Kind::Addresses => txn.open_table(ADDRESSES)?.len()?,
            Kind::Sessions => txn.open_table(SESSIONS)?.len()?,
            Kind::Revoked => txn.open_table(REVOKED)?.len()?,
            Kind::Offers => txn.open_table(RESETS_BY_USER)?.len()?,
            Kind::OauthClients => oauth_clients::count(&txn)?,
            Kind::Audit => audit::count(&txn)?,
            Kind::Restrictions => u64::from(restrictions::of(&txn.open_table(META)?)?.version > 0),
        })
    }

    async fn keys_record(&mut self) -> anyhow::Result<KeysRecord> {
        Ok(keys_made::read(&self.db)?.0)
    }

    async fn sealed_keys(&mut self) -> anyhow::Result<Option<SealedKeys>> {
        Ok(None)
    }

    async fn add(&mut self, rows: Vec<Row>) -> anyhow::Result<()> {
        if self.unfinished.is_none() {
            bail!("there is a database, if an empty one; remove it or name another directory");
        }
        let txn = self.db.begin_write()?;
        rows.iter().try_for_each(|row| add(&txn, row))?;
        Ok(txn.commit()?)
    }

    async fn finish(
        self: Box<Self>,
        keys: KeysRecord,
        sealed: Option<Vec<u8>>,
    ) -> anyhow::Result<()> {
        ensure!(sealed.is_none(), "sealed keys are for a database of PostgreSQL");
        let Self { db, unfinished } = *self;
        let txn = db.begin_write()?;
        keys_made::write(&txn, keys)?;
        txn.commit()?;
        drop(db);
        unfinished.map_or(Ok(()), Unfinished::finish)
    }
}

fn page(txn: &ReadTransaction, kind: Kind, after: Option<Key>) -> anyhow::Result<Vec<Row>> {
    match kind {
        Kind::Users => rows(&txn.open_table(USERS)?, after, |id, json| {
            Ok(Row::User(users::read(UserId::from_bytes(id), json)?))
        }),
        Kind::Addresses => rows(&txn.open_table(ADDRESSES)?, after, |id, json| {
            let id = UserId::from_bytes(id);
            Ok(Row::Addresses(id, decode(json, || format!("the addresses of user {id}"))?))
        }),
        Kind::Sessions => rows(&txn.open_table(SESSIONS)?, after, |id, (_, json)| {
            let id = SessionId::from_bytes(id);
            Ok(Row::Session(decode(json, || format!("the record of session {id}"))?))
        }),
        Kind::Revoked => rows(&txn.open_table(REVOKED)?, after, |id, until| {
            Ok(Row::Revoked(SessionId::from_bytes(id), time(until)))
        }),
        Kind::Offers => rows(&txn.open_table(RESETS_BY_USER)?, after, |_, token_hash| {
            Ok(Row::Offer(resets::stored(txn, token_hash)?))
        }),
        Kind::OauthClients => {
            let clients = oauth_clients::by_id(txn, after)?;
            Ok(clients.into_iter().map(Row::OauthClient).collect())
        }
        Kind::Audit => rows(&txn.open_table(AUDIT)?, after, |id, json| {
            Ok(Row::Audit(audit::read(AuditId::from_bytes(id), json)?))
        }),
        Kind::Restrictions => {
            let restricted = restrictions::of(&txn.open_table(META)?)?;
            let is_there = restricted.version > 0 && after.is_none();
            Ok(is_there.then_some(Row::Restrictions(restricted)).into_iter().collect())
        }
    }
}

fn rows<V: Value + 'static>(
    table: &impl ReadableTable<Id, V>,
    after: Option<Key>,
    read: impl Fn(Key, V::SelfType<'_>) -> anyhow::Result<Row>,
) -> anyhow::Result<Vec<Row>> {
    let start = after.as_ref().map_or(Unbounded, Excluded);
    let rows = table.range::<&Key>((start, Unbounded))?.take(PAGE);
    rows.map(|row| {
        let (key, value) = row?;
        read(*key.value(), value.value())
    })
    .collect()
}

fn add(txn: &WriteTransaction, row: &Row) -> anyhow::Result<()> {
    match row {
        Row::User(user) => {
            names::add(txn, user)?;
            users::put(txn, user)
        }
        Row::Addresses(user, list) => addresses::put(txn, *user, list),
        Row::Session(session) => sessions::add(txn, session),
        Row::Revoked(id, until) => {
            txn.open_table(REVOKED)?.insert(id.as_bytes(), until.as_millisecond())?;
            Ok(())
        }
        Row::Offer(offer) => resets::put_stored(txn, offer),
        Row::OauthClient(client) => oauth_clients::put(txn, client),
        Row::Audit(entry) => audit::put(txn, entry),
        Row::Restrictions(restricted) => restrictions::put(txn, restricted),
    }
}
