//! Reads and writes all rows of a database, to copy it: in one transaction, on one connection.

use anyhow::Context as _;
use async_trait::async_trait;
use tokio_postgres::types::{Json, Type};
use tokio_postgres::{Client, Row as Found};

use super::connect::{Connector, Direct};
use super::nodes::{ensure_alone, until_alone};
use super::rows::{Parameters, record};
use super::{
    DatabaseUrl, audit, keys, names, oauth_clients, resets, restrictions, rows, schema, sessions,
    users,
};
use crate::store::copy::rows::{Key, Kind, PAGE, Row, Rows};
use crate::store::keys_record::KeysRecord;
use crate::store::{SealedKeys, Session, User};
use crate::username::fold;

/// A database that is copied from or to. If it is dropped, nothing was written.
pub(in crate::store) struct PostgresCopy(Direct);

impl PostgresCopy {
    /// The database of servers that don't run.
    pub(in crate::store) async fn source(url: &DatabaseUrl) -> anyhow::Result<Self> {
        Self::begin(url, "BEGIN ISOLATION LEVEL REPEATABLE READ").await
    }

    /// A database that no server uses. Its schema is brought up to date.
    pub(in crate::store) async fn target(url: &DatabaseUrl) -> anyhow::Result<Self> {
        Self::begin(url, "BEGIN; LOCK TABLE users, sessions IN EXCLUSIVE MODE").await
    }

    async fn begin(url: &DatabaseUrl, begin: &str) -> anyhow::Result<Self> {
        let connector = Connector::new(url)?;
        schema::migrate(&connector).await?;
        let direct = connector.connect().await?;
        let db = &direct.client;
        until_alone(db).await?;
        db.batch_execute(begin).await?;
        // From here on, no server can begin to use the database.
        db.batch_execute("LOCK TABLE nodes IN SHARE MODE").await?;
        ensure_alone(db).await?;
        Ok(Self(direct))
    }

    fn db(&self) -> &Client {
        &self.0.client
    }

    async fn restrictions(&self, after: Option<Key>) -> anyhow::Result<Vec<Row>> {
        let restricted = restrictions::read(self.db()).await?;
        let is_there = restricted.version > 0 && after.is_none();
        Ok(is_there.then_some(Row::Restrictions(restricted)).into_iter().collect())
    }
}

#[async_trait]
impl Rows for PostgresCopy {
    async fn page(&mut self, kind: Kind, after: Option<Key>) -> anyhow::Result<Vec<Row>> {
        let (table, key, read): (_, _, fn(&Found) -> anyhow::Result<Row>) = match kind {
            Kind::Users => ("users", "id", |row| Ok(Row::User(users::read(row)?))),
            Kind::Addresses => ("addresses", "user_id", read_addresses),
            Kind::Sessions => ("sessions", "id", |row| Ok(Row::Session(sessions::read(row)?))),
            Kind::Revoked => ("revoked_sessions", "id", |row| {
                let (id, until) = sessions::read_revocation(row)?;
                Ok(Row::Revoked(id, until))
            }),
            Kind::Offers => ("reset_offers", "user_id", |row| Ok(Row::Offer(resets::stored(row)?))),
            Kind::OauthClients => {
                ("oauth_clients", "id", |row| Ok(Row::OauthClient(oauth_clients::read(row)?)))
            }
            Kind::Audit => ("audit", "id", |row| Ok(Row::Audit(audit::read(row)?))),
            Kind::Restrictions => return self.restrictions(after).await,
        };
        let query = format!(
            "SELECT * FROM {table} WHERE $1::uuid IS NULL OR {key} > $1 ORDER BY {key} LIMIT $2"
        );
        let (after, limit) = (after.map(uuid::Uuid::from_bytes), i64::try_from(PAGE)?);
        let found =
            self.db().query_typed(&query, &[(&after, Type::UUID), (&limit, Type::INT8)]).await?;
        found.iter().map(read).collect()
    }

    async fn count(&mut self, kind: Kind) -> anyhow::Result<u64> {
        let query = match kind {
            Kind::Users => "SELECT count(*) FROM users",
            Kind::Addresses => "SELECT count(*) FROM addresses",
            Kind::Sessions => "SELECT count(*) FROM sessions",
            Kind::Revoked => "SELECT count(*) FROM revoked_sessions",
            Kind::Offers => "SELECT count(*) FROM reset_offers",
            Kind::OauthClients => "SELECT count(*) FROM oauth_clients",
            Kind::Audit => "SELECT count(*) FROM audit",
            Kind::Restrictions => return Ok(self.restrictions(None).await?.len() as u64),
        };
        users::count(self.db(), query).await
    }

    async fn keys_record(&mut self) -> anyhow::Result<KeysRecord> {
        rows::keys_record(self.db()).await
    }

    async fn sealed_keys(&mut self) -> anyhow::Result<Option<SealedKeys>> {
        keys::read(self.db()).await.map(Some)
    }

    async fn add(&mut self, rows: Vec<Row>) -> anyhow::Result<()> {
        match rows.first() {
            Some(Row::User(_)) => add_users(self.db(), &rows).await,
            Some(Row::Addresses(..)) => add_addresses(self.db(), &rows).await,
            Some(Row::Session(_)) => add_sessions(self.db(), &rows).await,
            Some(Row::Revoked(..)) => add_revoked(self.db(), &rows).await,
            Some(Row::Offer(_)) => add_offers(self.db(), &rows).await,
            Some(Row::OauthClient(_)) => add_oauth_clients(self.db(), &rows).await,
            Some(Row::Audit(_)) => add_audit(self.db(), rows).await,
            Some(Row::Restrictions(restricted)) => restrictions::put(self.db(), restricted).await,
            None => Ok(()),
        }
    }

    async fn finish(
        self: Box<Self>,
        keys: KeysRecord,
        sealed: Option<Vec<u8>>,
    ) -> anyhow::Result<()> {
        rows::set_keys_record(self.db(), keys).await?;
        if let Some(sealed) = sealed {
            keys::put(self.db(), sealed).await?;
        }
        let committed = self.db().batch_execute("COMMIT").await;
        committed.context("it is unknown whether the copy was committed; run it again to find out")
    }
}

fn read_addresses(row: &Found) -> anyhow::Result<Row> {
    let user = users::id(row, "user_id")?;
    Ok(Row::Addresses(user, record(row, || format!("the addresses of user {user}"))?))
}

async fn add_users(db: &Client, rows: &[Row]) -> anyhow::Result<()> {
    let query = "INSERT INTO users (id, username_key, fold, is_active_admin, record)
                 SELECT * FROM unnest($1, $2, $3, $4, $5)";
    let users =
        rows.iter().filter_map(|row| if let Row::User(user) = row { Some(user) } else { None });
    let users: Vec<&User> = users.collect();
    let parameters: Parameters<'_> = &[
        (&users.iter().map(|user| user.id.uuid()).collect::<Vec<_>>(), Type::UUID_ARRAY),
        (&users.iter().map(|user| &user.username_key).collect::<Vec<_>>(), Type::TEXT_ARRAY),
        (&users.iter().map(|user| fold(&user.username_key)).collect::<Vec<_>>(), Type::TEXT_ARRAY),
        (&users.iter().map(|user| user.is_active_admin()).collect::<Vec<_>>(), Type::BOOL_ARRAY),
        (&users.iter().map(Json).collect::<Vec<_>>(), Type::JSONB_ARRAY),
    ];
    db.execute_typed(query, parameters).await?;
    names::add_looks_of(db, &users).await
}

async fn add_addresses(db: &Client, rows: &[Row]) -> anyhow::Result<()> {
    let query = "INSERT INTO addresses (user_id, record) SELECT * FROM unnest($1, $2)";
    let lists = rows.iter().filter_map(|row| match row {
        Row::Addresses(user, list) => Some((user.uuid(), Json(list))),
        _ => None,
    });
    let (users, lists): (Vec<_>, Vec<_>) = lists.unzip();
    db.execute_typed(query, &[(&users, Type::UUID_ARRAY), (&lists, Type::JSONB_ARRAY)]).await?;
    Ok(())
}

async fn add_sessions(db: &Client, rows: &[Row]) -> anyhow::Result<()> {
    let query = "INSERT INTO sessions (id, user_id, expires_at, record)
                 SELECT * FROM unnest($1, $2, $3, $4)";
    let sessions = rows.iter().filter_map(|row| match row {
        Row::Session(session) => Some(session),
        _ => None,
    });
    let sessions: Vec<&Session> = sessions.collect();
    let parameters: Parameters<'_> = &[
        (&sessions.iter().map(|session| session.id.uuid()).collect::<Vec<_>>(), Type::UUID_ARRAY),
        (&sessions.iter().map(|session| session.user.uuid()).collect::<Vec<_>>(), Type::UUID_ARRAY),
        (
            &sessions.iter().map(|session| session.expires_at.as_millisecond()).collect::<Vec<_>>(),
            Type::INT8_ARRAY,
        ),
        (&sessions.iter().map(Json).collect::<Vec<_>>(), Type::JSONB_ARRAY),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

async fn add_revoked(db: &Client, rows: &[Row]) -> anyhow::Result<()> {
    let query = "INSERT INTO revoked_sessions (id, until) SELECT * FROM unnest($1, $2)";
    let revoked = rows.iter().filter_map(|row| match row {
        Row::Revoked(id, until) => Some((id.uuid(), until.as_millisecond())),
        _ => None,
    });
    let (ids, until): (Vec<_>, Vec<_>) = revoked.unzip();
    db.execute_typed(query, &[(&ids, Type::UUID_ARRAY), (&until, Type::INT8_ARRAY)]).await?;
    Ok(())
}

async fn add_offers(db: &Client, rows: &[Row]) -> anyhow::Result<()> {
    for row in rows {
        if let Row::Offer(offer) = row {
            resets::put_stored(db, offer).await?;
        }
    }
    Ok(())
}

async fn add_oauth_clients(db: &Client, rows: &[Row]) -> anyhow::Result<()> {
    for row in rows {
        if let Row::OauthClient(client) = row {
            oauth_clients::put(db, client).await?;
        }
    }
    Ok(())
}

async fn add_audit(db: &Client, rows: Vec<Row>) -> anyhow::Result<()> {
    let entries = rows.into_iter().filter_map(|row| match row {
        Row::Audit(entry) => Some(entry),
        _ => None,
    });
    audit::insert(db, &entries.collect::<Vec<_>>()).await?;
    Ok(())
}
