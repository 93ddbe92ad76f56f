//! Who has which name, in every spelling, and which names look like it.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::rows::Parameters;
use super::{locks, rows, users};
use crate::store::rules;
use crate::store::{User, UserId};
use crate::username::{fold, looks, spelling_version};

/// In `meta`: the version of Unicode with which folds and looks were made.
const VERSION_KEY: &str = "names";

/// Who has a name.
struct Owners {
    exact: Option<UserId>,
    /// As far as the rules need to know: two at least.
    spellings: Vec<UserId>,
}

async fn owners(db: &Client, key: &str, fold: &str) -> anyhow::Result<Owners> {
    let query = "SELECT id, username_key = $1 AS is_exact, fold = $2 AS is_spelling FROM users
                 WHERE username_key = $1 OR fold = $2 ORDER BY username_key = $1 DESC LIMIT 3";
    let rows = db.query_typed(query, &[(&key, Type::TEXT), (&fold, Type::TEXT)]).await?;
    let mut owners = Owners { exact: None, spellings: Vec::new() };
    for row in rows {
        let id = users::id(&row, "id")?;
        if row.try_get("is_exact")? {
            owners.exact = Some(id);
        }
        if row.try_get("is_spelling")? {
            owners.spellings.push(id);
        }
    }
    Ok(owners)
}

/// Who is meant by a case-mapped name.
pub(super) async fn find(db: &Client, username_key: &str) -> anyhow::Result<Option<UserId>> {
    let Owners { exact, spellings } = owners(db, username_key, &fold(username_key)).await?;
    Ok(rules::owner(exact, &spellings))
}

/// The key by which attempts on a name are counted.
pub(super) async fn account(db: &Client, username_key: &str) -> anyhow::Result<String> {
    let fold = fold(username_key);
    let Owners { spellings, .. } = owners(db, username_key, &fold).await?;
    Ok(rules::account_key(username_key, fold, &spellings))
}

/// Whether somebody has the name, in whatever spelling.
pub(super) async fn is_taken(db: &Client, username_key: &str) -> anyhow::Result<bool> {
    let Owners { exact, spellings } = owners(db, username_key, &fold(username_key)).await?;
    Ok(rules::is_taken(exact, &spellings))
}

/// Whether the name looks like another user's.
pub(super) async fn looks_like_another(db: &Client, username: &str) -> anyhow::Result<bool> {
    let query = "SELECT EXISTS (SELECT FROM looks WHERE look = ANY($1) AND beyond_ascii = ANY($2))";
    let kinds = rules::similar_kinds(username);
    let kinds: Vec<bool> = [false, true].into_iter().filter(|kind| kinds.contains(kind)).collect();
    let parameters: Parameters<'_> =
        &[(&looks(username), Type::TEXT_ARRAY), (&kinds, Type::BOOL_ARRAY)];
    Ok(db.query_typed_one(query, parameters).await?.try_get(0)?)
}

/// Keeps others from taking a name that is a spelling of this one, or looks like it, until the end
/// of the transaction.
pub(super) async fn lock(db: &Client, user: &User) -> anyhow::Result<()> {
    let mut names = looks(&user.username);
    names.push(fold(&user.username_key));
    locks::names(db, names).await
}

/// Adds a user and gives them their name.
pub(super) async fn add_user(db: &Client, user: &User) -> anyhow::Result<()> {
    users::add(db, user).await?;
    add_looks(db, user).await
}

async fn add_looks(db: &Client, user: &User) -> anyhow::Result<()> {
    let query = "INSERT INTO looks (look, beyond_ascii, user_id) SELECT unnest($1), $2, $3";
    let parameters: Parameters<'_> = &[
        (&looks(&user.username), Type::TEXT_ARRAY),
        (&!user.username.is_ascii(), Type::BOOL),
        (&user.id.uuid(), Type::UUID),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Adds the looks of many names at once.
pub(super) async fn add_looks_of(db: &Client, users: &[&User]) -> anyhow::Result<()> {
    let query = "INSERT INTO looks (look, beyond_ascii, user_id) SELECT * FROM unnest($1, $2, $3)";
    let (mut all, mut beyond_ascii, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for user in users {
        for look in looks(&user.username) {
            all.push(look);
            beyond_ascii.push(!user.username.is_ascii());
            ids.push(user.id.uuid());
        }
    }
    let parameters: Parameters<'_> =
        &[(&all, Type::TEXT_ARRAY), (&beyond_ascii, Type::BOOL_ARRAY), (&ids, Type::UUID_ARRAY)];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Users who are brought up to date at once.
const BATCH: usize = 1000;

/// Makes the spellings and looks of all users anew if they are of another version of Unicode.
pub(super) async fn migrate(db: &Client) -> anyhow::Result<()> {
    let version = spelling_version();
    if rows::meta(db, VERSION_KEY).await?.as_deref() == Some(&version) {
        return Ok(());
    }
    db.execute_typed("DELETE FROM looks", &[]).await?;
    let mut after = None;
    loop {
        let page = users::page(db, None, after, BATCH).await?;
        for user in &page.users {
            let query = "UPDATE users SET fold = $2 WHERE id = $1";
            let fold = fold(&user.username_key);
            db.execute_typed(query, &[(&user.id.uuid(), Type::UUID), (&fold, Type::TEXT)]).await?;
            add_looks(db, user).await?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    rows::set_meta(db, VERSION_KEY, &version).await
}
