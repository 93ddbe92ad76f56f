//! The records of OAuth clients.

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata as _, WriteTransaction};

use super::tables::{OAUTH_CLIENTS, decode};
use crate::store::copy::rows::Key;
use crate::store::rules;
use crate::store::{OauthClient, OauthClientAdded};

/// The table, open to read or to write.
pub(super) trait Clients: ReadableTable<&'static str, &'static [u8]> {}
impl<T: ReadableTable<&'static str, &'static [u8]>> Clients for T {}

pub(super) fn read(name: &str, json: &[u8]) -> anyhow::Result<OauthClient> {
    decode(json, || format!("the record of OAuth client {name}"))
}

pub(super) fn get(clients: &impl Clients, name: &str) -> anyhow::Result<Option<OauthClient>> {
    clients.get(name)?.map(|json| read(name, json.value())).transpose()
}

/// All of them, in the order of their names.
pub(super) fn list(clients: &impl Clients) -> anyhow::Result<Vec<OauthClient>> {
    let rows = clients.range::<&str>(..)?;
    rows.map(|row| {
        let (name, json) = row?;
        read(name.value(), json.value())
    })
    .collect()
}

pub(super) fn add(
    txn: &WriteTransaction,
    client: &OauthClient,
) -> anyhow::Result<OauthClientAdded> {
    let (is_taken, count) = {
        let clients = txn.open_table(OAUTH_CLIENTS)?;
        (clients.get(client.name.as_str())?.is_some(), clients.len()?)
    };
    let added = rules::add_oauth_client(is_taken, count);
    if added == OauthClientAdded::Added {
        put(txn, client)?;
    }
    Ok(added)
}

pub(super) fn put(txn: &WriteTransaction, client: &OauthClient) -> anyhow::Result<()> {
    let json = serde_json::to_vec(client)?;
    txn.open_table(OAUTH_CLIENTS)?.insert(client.name.as_str(), json.as_slice())?;
    Ok(())
}

/// Removes it. One whose record can't be read is an error, and stays.
pub(super) fn remove(txn: &WriteTransaction, name: &str) -> anyhow::Result<Option<OauthClient>> {
    let mut clients = txn.open_table(OAUTH_CLIENTS)?;
    let client = get(&clients, name)?;
    clients.remove(name)?;
    Ok(client)
}

/// Those whose ids come after this one, in the order of the ids. There are few.
pub(super) fn by_id(txn: &ReadTransaction, after: Option<Key>) -> anyhow::Result<Vec<OauthClient>> {
    let mut clients = list(&txn.open_table(OAUTH_CLIENTS)?)?;
    clients.retain(|client| after.is_none_or(|after| *client.id.as_bytes() > after));
    clients.sort_by_key(|client| client.id);
    Ok(clients)
}

pub(super) fn count(txn: &ReadTransaction) -> anyhow::Result<u64> {
    Ok(txn.open_table(OAUTH_CLIENTS)?.len()?)
}
