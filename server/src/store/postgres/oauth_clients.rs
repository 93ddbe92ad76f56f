//! The records of OAuth clients.

use tokio_postgres::types::{Json, Type};
use tokio_postgres::{Client, Row};

use super::failure::Damaged;
use super::rows::{Parameters, record};
use super::timeline::{Timeline, timeline};
use super::{locks, users};
use crate::store::rules;
use crate::store::{OauthClient, OauthClientAdded};

fn damaged(name: &str) -> String {
    format!("the record of OAuth client {name}")
}

pub(super) fn read(row: &Row) -> anyhow::Result<OauthClient> {
    let name: &str = row.try_get("name")?;
    record(row, || damaged(name))
}

/// The one with this name, as the database has it that writes this timeline.
pub(super) async fn get(
    db: &Client,
    name: &str,
) -> anyhow::Result<(Option<OauthClient>, Timeline)> {
    let query = concat!(
        "SELECT ",
        timeline!(),
        ", (SELECT record FROM oauth_clients WHERE name = $1) AS record"
    );
    let row = db.query_typed_one(query, &[(&name, Type::TEXT)]).await?;
    let found: Option<Json<OauthClient>> =
        row.try_get("record").map_err(|_| Damaged(damaged(name)))?;
    Ok((found.map(|Json(client)| client), Timeline::read(&row)?))
}

/// All of them, in the order of their names.
pub(super) async fn list(db: &Client) -> anyhow::Result<Vec<OauthClient>> {
    // By bytes, whatever the collation of the database.
    let query = r#"SELECT name, record FROM oauth_clients ORDER BY name COLLATE "C""#;
    db.query_typed(query, &[]).await?.iter().map(read).collect()
}

pub(super) async fn add(db: &Client, client: &OauthClient) -> anyhow::Result<OauthClientAdded> {
    locks::oauth_clients(db).await?;
    let query = "SELECT FROM oauth_clients WHERE name = $1";
    let is_taken = db.query_typed_opt(query, &[(&client.name, Type::TEXT)]).await?.is_some();
    let added = rules::add_oauth_client(is_taken, count(db).await?);
    if added == OauthClientAdded::Added {
        put(db, client).await?;
    }
    Ok(added)
}

pub(super) async fn put(db: &Client, client: &OauthClient) -> anyhow::Result<()> {
    let query = "INSERT INTO oauth_clients (id, name, record) VALUES ($1, $2, $3)";
    let parameters: Parameters<'_> = &[
        (&client.id.uuid(), Type::UUID),
        (&client.name, Type::TEXT),
        (&Json(client), Type::JSONB),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Removes it. One whose record can't be read is an error, and stays.
pub(super) async fn remove(db: &Client, name: &str) -> anyhow::Result<Option<OauthClient>> {
    let query = "DELETE FROM oauth_clients WHERE name = $1 RETURNING name, record";
    let row = db.query_typed_opt(query, &[(&name, Type::TEXT)]).await?;
    row.map(|row| read(&row)).transpose()
}

pub(super) async fn count(db: &Client) -> anyhow::Result<u64> {
    users::count(db, "SELECT count(*) FROM oauth_clients").await
}
