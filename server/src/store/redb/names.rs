//! Who has which name, in every spelling, and which names look like it.

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableError, WriteTransaction};

use super::Id;
use super::tables::{LOOKS, META, USER_IDS_BY_FOLD, USER_IDS_BY_NAME, USERS};
use super::users;
use crate::store::{User, UserId};
use crate::username::{fold, looks, spelling_version};

/// In [`META`]: which version of Unicode the tables of folds and looks are of.
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
    /// The user with this case-mapped name; or else the one of whose name it is another spelling.
    /// Of two whose names are spellings of each other, only the exact one finds its owner.
    pub(super) fn find(&self, username_key: &str) -> anyhow::Result<Option<UserId>> {
        if let Some(exact) = self.exact(username_key)? {
            return Ok(Some(exact));
        }
        let owners = self.owners(&fold(username_key))?;
        Ok(if let [only] = owners[..] { Some(only) } else { None })
    }

    /// One key for all spellings of a name; but where several users have spellings of it, each of
    /// them has another.
    pub(super) fn account(&self, username_key: &str) -> anyhow::Result<String> {
        let fold = fold(username_key);
        let is_shared = self.owners(&fold)?.len() > 1;
        Ok(if is_shared { username_key.to_owned() } else { fold })
    }

    fn exact(&self, key: &str) -> anyhow::Result<Option<UserId>> {
        Ok(self.names.get(key)?.map(|id| UserId::from_bytes(*id.value())))
    }

    /// The users with spellings of a name, as far as it matters: two at most.
    fn owners(&self, fold: &str) -> anyhow::Result<Vec<UserId>> {
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
    let names = Names { names, folds };
    Ok(names.exact(username_key)?.is_some() || !names.owners(&fold(username_key))?.is_empty())
}

/// Whether the name looks like that of somebody who is there. That is asked only of two names of
/// which one has letters beyond ASCII: `modem` and `modern` are two people.
pub(super) fn looks_like_another(
    names: &impl ReadableTable<&'static str, Id>,
    table: &impl ReadableTable<(&'static str, bool, Id), ()>,
    username: &str,
) -> anyhow::Result<bool> {
    let is_ascii = username.is_ascii();
    for look in looks(username) {
        let look = look.as_str();
        let mut rows = table.range((look, is_ascii, &FIRST)..=(look, true, &LAST))?;
        // A name that looks like itself has no row.
        if rows.next().transpose()?.is_some() || !is_ascii && names.get(look)?.is_some() {
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

/// Notes that the user has their name.
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

/// Brings the spellings and looks of all users up to date, if they are of an earlier version.
pub(super) fn migrate(db: &redb::Database) -> anyhow::Result<()> {
    let txn = db.begin_write()?;
    let version = spelling_version();
    let found = txn.open_table(META)?.get(VERSION_KEY)?.map(|found| found.value().to_vec());
    if found.as_deref() == Some(version.as_bytes()) {
        return Ok(txn.abort()?);
    }
    rebuild(&txn)?;
    txn.open_table(META)?.insert(VERSION_KEY, version.as_bytes())?;
    Ok(txn.commit()?)
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
