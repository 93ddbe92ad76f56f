//! Who has which name, in every spelling, and which names look like it.

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableError, WriteTransaction};

use super::tables::{Id, LOOKS, META, USER_IDS_BY_FOLD, USER_IDS_BY_NAME, USERS};
use super::users;
use crate::store::rules;
use crate::store::{User, UserId};
use crate::username::{fold, looks, spelling_version};

/// In [`META`]: the version of Unicode with which folds and looks were made.
const VERSION_KEY: &str = "names";

const FIRST: [u8; 16] = [0; 16];
const LAST: [u8; 16] = [0xff; 16];

/// The tables that tell who has a name.
pub(super) struct Names<N, F> {
    names: N,
    folds: F,
}

/// Those tables, open to read.
type ReadNames = Names<ReadOnlyTable<&'static str, Id>, ReadOnlyTable<(&'static str, Id), ()>>;

pub(super) fn in_read(txn: &ReadTransaction) -> Result<ReadNames, TableError> {
    Ok(Names { names: txn.open_table(USER_IDS_BY_NAME)?, folds: txn.open_table(USER_IDS_BY_FOLD)? })
}

impl<N, F> Names<N, F>
where
    N: ReadableTable<&'static str, Id>,
    F: ReadableTable<(&'static str, Id), ()>,
{
    /// Who is meant by a case-mapped name.
    pub(super) fn find(&self, username_key: &str) -> anyhow::Result<Option<UserId>> {
        let exact = self.exact(username_key)?;
        Ok(rules::owner(exact, &self.spellings(&fold(username_key))?))
    }

    /// The key by which attempts on a name are counted.
    pub(super) fn account(&self, username_key: &str) -> anyhow::Result<String> {
        let fold = fold(username_key);
        let spellings = self.spellings(&fold)?;
        Ok(rules::account_key(username_key, fold, &spellings))
    }

    fn is_taken(&self, username_key: &str) -> anyhow::Result<bool> {
        let exact = self.exact(username_key)?;
        Ok(rules::is_taken(exact, &self.spellings(&fold(username_key))?))
    }

    fn exact(&self, key: &str) -> anyhow::Result<Option<UserId>> {
        Ok(self.names.get(key)?.map(|id| UserId::from_bytes(*id.value())))
    }

    /// The users with spellings of a name, as far as the rules need to know: two at least.
    fn spellings(&self, fold: &str) -> anyhow::Result<Vec<UserId>> {
        let mut owners: Vec<_> = self.exact(fold)?.into_iter().collect();
        for row in self.folds.range((fold, &FIRST)..=(fold, &LAST))?.take(2) {
            owners.push(UserId::from_bytes(*row?.0.value().1));
        }
        Ok(owners)
    }
}

/// Whether somebody has the name, in whatever spelling.
pub(super) fn is_taken(txn: &WriteTransaction, username_key: &str) -> anyhow::Result<bool> {
    let (names, folds) = (txn.open_table(USER_IDS_BY_NAME)?, txn.open_table(USER_IDS_BY_FOLD)?);
    Names { names, folds }.is_taken(username_key)
}

/// Whether the name looks like another user's.
pub(super) fn looks_like_another(
    names: &impl ReadableTable<&'static str, Id>,
    table: &impl ReadableTable<(&'static str, bool, Id), ()>,
    username: &str,
) -> anyhow::Result<bool> {
    let kinds = rules::similar_kinds(username);
    let (from, to) = (*kinds.start(), *kinds.end());
    for look in looks(username) {
        let look = look.as_str();
        let mut rows = table.range((look, from, &FIRST)..=(look, to, &LAST))?;
        // A name of ASCII that looks like itself has no row.
        let is_name = || Ok::<_, anyhow::Error>(!from && names.get(look)?.is_some());
        if rows.next().transpose()?.is_some() || is_name()? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// As [`looks_like_another`], in the transaction of a write.
pub(super) fn would_look_like_another(
    txn: &WriteTransaction,
    username: &str,
) -> anyhow::Result<bool> {
    let (names, looks) = (txn.open_table(USER_IDS_BY_NAME)?, txn.open_table(LOOKS)?);
    looks_like_another(&names, &looks, username)
}

/// The users after `after` whose names hold `part`, which is folded, in the order of their ids.
pub(super) fn holding(
    names: &impl ReadableTable<&'static str, Id>,
    part: &str,
    after: Option<UserId>,
) -> anyhow::Result<Vec<UserId>> {
    let mut found = Vec::new();
    for row in names.iter()? {
        let (name, id) = row?;
        let (name, id) = (name.value(), UserId::from_bytes(*id.value()));
        // A case-mapped name of ASCII is its own fold.
        let is_it = if name.is_ascii() { name.contains(part) } else { fold(name).contains(part) };
        if is_it && after.is_none_or(|after| id > after) {
            found.push(id);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Gives the user their name.
pub(super) fn add(txn: &WriteTransaction, user: &User) -> anyhow::Result<()> {
    txn.open_table(USER_IDS_BY_NAME)?.insert(user.username_key.as_str(), user.id.as_bytes())?;
    add_spellings(txn, user)
}

/// Only what does not follow from the case-mapped name takes a row.
fn add_spellings(txn: &WriteTransaction, user: &User) -> anyhow::Result<()> {
    let id = user.id.as_bytes();
    for row in fold_row(user) {
        txn.open_table(USER_IDS_BY_FOLD)?.insert((row.as_str(), id), ())?;
    }
    let mut table = txn.open_table(LOOKS)?;
    for row in look_rows(user) {
        table.insert((row.as_str(), !user.username.is_ascii(), id), ())?;
    }
    Ok(())
}

/// The fold that has a row of its own, if it is not the case-mapped name.
pub(super) fn fold_row(user: &User) -> impl Iterator<Item = String> {
    Some(fold(&user.username_key)).filter(|fold| *fold != user.username_key).into_iter()
}

/// The looks that have rows.
pub(super) fn look_rows(user: &User) -> impl Iterator<Item = String> {
    let is_ascii = user.username.is_ascii();
    looks(&user.username).into_iter().filter(move |look| !is_ascii || *look != user.username_key)
}

/// Frees the name.
pub(super) fn remove(txn: &WriteTransaction, user: &User) -> anyhow::Result<()> {
    let id = user.id.as_bytes();
    txn.open_table(USER_IDS_BY_NAME)?.remove(user.username_key.as_str())?;
    for row in fold_row(user) {
        txn.open_table(USER_IDS_BY_FOLD)?.remove((row.as_str(), id))?;
    }
    let mut table = txn.open_table(LOOKS)?;
    for row in look_rows(user) {
        table.remove((row.as_str(), !user.username.is_ascii(), id))?;
    }
    Ok(())
}

/// Makes the spellings and looks of all users anew if they are of another version of Unicode. Says
/// whether it did.
pub(super) fn migrate(txn: &WriteTransaction) -> anyhow::Result<bool> {
    let version = spelling_version();
    let found = txn.open_table(META)?.get(VERSION_KEY)?.map(|found| found.value().to_vec());
    if found.as_deref() == Some(version.as_bytes()) {
        return Ok(false);
    }
    rebuild(txn)?;
    txn.open_table(META)?.insert(VERSION_KEY, version.as_bytes())?;
    Ok(true)
}

/// Makes the tables of spellings and looks from the users.
pub(super) fn rebuild(txn: &WriteTransaction) -> anyhow::Result<()> {
    txn.delete_table(USER_IDS_BY_FOLD)?;
    txn.delete_table(LOOKS)?;
    txn.open_table(USER_IDS_BY_FOLD)?;
    txn.open_table(LOOKS)?;
    for row in txn.open_table(USERS)?.iter()? {
        let (id, json) = row?;
        // A record that can't be read has no name to look up.
        if let Ok(user) = users::read(UserId::from_bytes(*id.value()), json.value()) {
            add_spellings(txn, &user)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
