//! Every row of every table, and whether the tables fit together.

use anyhow::Context as _;
use redb::{
    Database, Key, ReadOnlyTable, ReadTransaction, ReadableDatabase as _, TableError, Value,
};

use super::finding::{Finding, Remedy};
use crate::store::id::{SessionId, UserId};
use crate::store::redb::failure::Damaged;
use crate::store::redb::guard::guarded;
use crate::store::redb::tables::{
    ADDRESSES, ADMINS, Id, LOOKS, RESET_TIMES, RESETS, RESETS_BY_USER, SESSIONS, SESSIONS_BY_USER,
    USER_IDS_BY_FOLD, USER_IDS_BY_NAME, USERS, decode,
};
use crate::store::redb::{names, schema, sessions, users};
use crate::store::session::Session;
use crate::store::user::User;

const UNREADABLE: &str = "the record can't be read";
const NO_USER: &str = "its user is not there or can't be read";

/// The tables of a database, open to read.
struct Tables {
    users: ReadOnlyTable<Id, &'static [u8]>,
    names: ReadOnlyTable<&'static str, Id>,
    folds: ReadOnlyTable<(&'static str, Id), ()>,
    looks: ReadOnlyTable<(&'static str, bool, Id), ()>,
    admins: ReadOnlyTable<Id, ()>,
    sessions: ReadOnlyTable<Id, (i64, &'static [u8])>,
    sessions_of: ReadOnlyTable<(Id, Id), ()>,
    resets: ReadOnlyTable<&'static [u8; 32], (Id, Id, i64)>,
    reset_times: ReadOnlyTable<&'static [u8; 32], i64>,
    resets_of: ReadOnlyTable<Id, &'static [u8; 32]>,
    addresses: ReadOnlyTable<Id, &'static [u8]>,
}

/// All that is wrong, once the database is brought up to date as each start does.
pub(super) fn all(db: &Database) -> anyhow::Result<Vec<Finding>> {
    if let Err(error) = schema::migrate(db) {
        return if error.is::<Damaged>() { Ok(vec![no_version()]) } else { Err(error) };
    }
    let tables = Tables::open(&db.begin_read().context("can't read")?)?;
    let mut findings = Vec::new();
    tables.check_users(&mut findings);
    tables.check_names(&mut findings);
    tables.check_spellings(&mut findings);
    tables.check_sessions(&mut findings);
    tables.check_resets(&mut findings);
    tables.check_reset_times(&mut findings);
    tables.check_addresses(&mut findings);
    Ok(findings)
}

/// Nothing else can be said of a file of an unknown version.
fn no_version() -> Finding {
    let fault = "the version can't be read; restore a backup";
    Finding::new("meta", schema::VERSION_KEY, fault, Remedy::None)
}

impl Tables {
    fn open(txn: &ReadTransaction) -> Result<Self, TableError> {
        Ok(Self {
            users: txn.open_table(USERS)?,
            names: txn.open_table(USER_IDS_BY_NAME)?,
            folds: txn.open_table(USER_IDS_BY_FOLD)?,
            looks: txn.open_table(LOOKS)?,
            admins: txn.open_table(ADMINS)?,
            sessions: txn.open_table(SESSIONS)?,
            sessions_of: txn.open_table(SESSIONS_BY_USER)?,
            resets: txn.open_table(RESETS)?,
            reset_times: txn.open_table(RESET_TIMES)?,
            resets_of: txn.open_table(RESETS_BY_USER)?,
            addresses: txn.open_table(ADDRESSES)?,
        })
    }

    /// The user, if the record can be read.
    fn user(&self, id: UserId) -> anyhow::Result<Option<User>> {
        Ok(users::get(&self.users, id).ok().flatten().filter(|user| user.id == id))
    }

    fn session(&self, id: SessionId) -> anyhow::Result<Option<Session>> {
        Ok(sessions::get(&self.sessions, id).ok().flatten().filter(|session| session.id == id))
    }

    fn check_users(&self, findings: &mut Vec<Finding>) {
        each(&self.users, "users", findings, |id, json, found| {
            let id = UserId::from_bytes(*id);
            let user = users::read(id, json).ok().filter(|user| user.id == id);
            let Some(user) = user else {
                found.push(Finding::new("users", id, UNREADABLE, Remedy::RemoveUser(id)));
                return Ok(());
            };
            self.check_name_of(&user, found)?;
            self.check_spellings_of(&user, found)?;
            if user.is_active_admin() && self.admins.get(id.as_bytes())?.is_none() {
                let fault = "an active admin is not in the list of admins";
                found.push(Finding::new("users", id, fault, Remedy::AddAdmin(id)));
            }
            Ok(())
        });
        each(&self.admins, "admins", findings, |id, (), found| {
            let id = UserId::from_bytes(*id);
            if !self.user(id)?.is_some_and(|user| user.is_active_admin()) {
                let fault = "it is the id of no active admin";
                found.push(Finding::new("admins", id, fault, Remedy::RemoveAdmin(id)));
            }
            Ok(())
        });
    }

    fn check_name_of(&self, user: &User, found: &mut Vec<Finding>) -> anyhow::Result<()> {
        let owner = self.names.get(user.username_key.as_str())?;
        let owner = owner.map(|id| UserId::from_bytes(*id.value()));
        if owner == Some(user.id) {
            return Ok(());
        }
        let key = user.username_key.clone();
        // A row that leads to nobody is found by itself, and goes first.
        let other = owner.map(|owner| self.user(owner)).transpose()?.flatten();
        let finding = match other.filter(|other| other.username_key == key) {
            Some(other) => {
                let fault = format!("user {} has the same name; delete one of them", other.id);
                Finding::new("users", user.id, fault, Remedy::None)
            }
            None => {
                let fault = "the name does not lead to the user";
                Finding::new("users", user.id, fault, Remedy::AddName(key, user.id))
            }
        };
        found.push(finding);
        Ok(())
    }

    fn check_spellings_of(&self, user: &User, found: &mut Vec<Finding>) -> anyhow::Result<()> {
        let id = user.id.as_bytes();
        let mut complete = true;
        for fold in names::fold_row(user) {
            complete &= self.folds.get((fold.as_str(), id))?.is_some();
        }
        for look in names::look_rows(user) {
            complete &= self.looks.get((look.as_str(), !user.username.is_ascii(), id))?.is_some();
        }
        if !complete {
            let fault = "other spellings of the name do not lead to the user";
            found.push(Finding::new("users", user.id, fault, Remedy::RebuildSpellings));
        }
        Ok(())
    }

    /// Whether a row of a spelling belongs to one of the user's name.
    fn has_spelling(&self, id: &[u8; 16], is_one: impl Fn(&User) -> bool) -> anyhow::Result<bool> {
        Ok(self.user(UserId::from_bytes(*id))?.is_some_and(|user| is_one(&user)))
    }

    fn check_spellings(&self, findings: &mut Vec<Finding>) {
        const FAULT: &str = "the spelling leads to no user who has it";
        each(&self.folds, "user_ids_by_fold", findings, |(fold, id), (), found| {
            if !self.has_spelling(id, |user| names::fold_row(user).any(|row| row == fold))? {
                let remedy = Remedy::RebuildSpellings;
                found.push(Finding::new("user_ids_by_fold", fold, FAULT, remedy));
            }
            Ok(())
        });
        each(&self.looks, "looks", findings, |(look, _, id), (), found| {
            if !self.has_spelling(id, |user| names::look_rows(user).any(|row| row == look))? {
                found.push(Finding::new("looks", look, FAULT, Remedy::RebuildSpellings));
            }
            Ok(())
        });
    }

    fn check_names(&self, findings: &mut Vec<Finding>) {
        each(&self.names, "user_ids_by_name", findings, |name, id, found| {
            let user = self.user(UserId::from_bytes(*id))?;
            if user.is_none_or(|user| user.username_key != name) {
                let fault = "the name leads to no user who has it";
                let remedy = Remedy::RemoveName(name.to_owned());
                found.push(Finding::new("user_ids_by_name", name, fault, remedy));
            }
            Ok(())
        });
    }

    fn check_sessions(&self, findings: &mut Vec<Finding>) {
        each(&self.sessions, "sessions", findings, |id, (_, json), found| {
            let id = SessionId::from_bytes(*id);
            let mut find = |fault: &str, remedy| {
                found.push(Finding::new("sessions", id, fault, remedy));
            };
            let session: Option<Session> = decode(json, String::new).ok();
            match session.filter(|session| session.id == id) {
                None => find(UNREADABLE, Remedy::RemoveSession(id)),
                Some(Session { user, .. }) if self.user(user)?.is_none() => {
                    find(NO_USER, Remedy::RemoveSession(id));
                }
                Some(Session { user, .. }) => {
                    let key = (user.as_bytes(), id.as_bytes());
                    if self.sessions_of.get(key)?.is_none() {
                        let fault = "it is not among the sessions of its user";
                        find(fault, Remedy::AddSessionOf(user, id));
                    }
                }
            }
            Ok(())
        });
        each(&self.sessions_of, "sessions_by_user", findings, |(user, id), (), found| {
            let (user, id) = (UserId::from_bytes(*user), SessionId::from_bytes(*id));
            let is_theirs = self.session(id)?.is_some_and(|session| session.user == user);
            // A session without a user is found by itself.
            if !is_theirs || self.user(user)?.is_none() {
                let (key, fault) = (format!("{user} {id}"), "the user has no such session");
                let remedy = Remedy::RemoveSessionOf(user, id);
                found.push(Finding::new("sessions_by_user", key, fault, remedy));
            }
            Ok(())
        });
    }

    fn check_resets(&self, findings: &mut Vec<Finding>) {
        each(&self.resets, "resets", findings, |hash, (user, _, _), found| {
            let id = UserId::from_bytes(*user);
            let offered = self.resets_of.get(user)?.is_some_and(|offer| offer.value() == hash);
            let fault = match self.user(id)? {
                None => NO_USER,
                Some(_) if !offered => "it is not the reset link of its user",
                Some(_) => return Ok(()),
            };
            // The hash stays out of the finding: whoever reads that must not learn of the link.
            let key = format!("of user {id}");
            found.push(Finding::new("resets", key, fault, Remedy::RemoveReset(*hash)));
            Ok(())
        });
        each(&self.resets_of, "resets_by_user", findings, |user, hash, found| {
            let id = UserId::from_bytes(*user);
            let is_theirs = self.resets.get(hash)?.is_some_and(|reset| reset.value().0 == user);
            if !is_theirs || self.user(id)?.is_none() {
                let remedy = Remedy::RemoveResetOf(id);
                let fault = "the user has no such reset link";
                found.push(Finding::new("resets_by_user", id, fault, remedy));
            }
            Ok(())
        });
    }

    fn check_reset_times(&self, findings: &mut Vec<Finding>) {
        each(&self.reset_times, "reset_times", findings, |hash, _, found| {
            if self.resets.get(hash)?.is_none() {
                let fault = "there is no such reset link";
                let remedy = Remedy::RemoveResetTime(*hash);
                found.push(Finding::new("reset_times", "of a reset link", fault, remedy));
            }
            Ok(())
        });
    }

    fn check_addresses(&self, findings: &mut Vec<Finding>) {
        each(&self.addresses, "addresses", findings, |id, json, found| {
            let id = UserId::from_bytes(*id);
            let fault = match decode::<Vec<String>>(json, String::new) {
                Err(_) => UNREADABLE,
                Ok(_) if self.user(id)?.is_none() => NO_USER,
                Ok(_) => return Ok(()),
            };
            found.push(Finding::new("addresses", id, fault, Remedy::RemoveAddresses(id)));
            Ok(())
        });
    }
}

/// Looks at each row of a table. Where a page can't be read, the rest of the table is left out.
fn each<K: Key, V: Value>(
    table: &ReadOnlyTable<K, V>,
    name: &'static str,
    findings: &mut Vec<Finding>,
    mut look: impl FnMut(K::SelfType<'_>, V::SelfType<'_>, &mut Vec<Finding>) -> anyhow::Result<()>,
) {
    let mut read = 0u64;
    let rows = || {
        for row in table.range::<K::SelfType<'_>>(..)? {
            let (key, value) = row?;
            look(key.value(), value.value(), findings)?;
            read += 1;
        }
        Ok(())
    };
    if let Err(error) = guarded(rows) {
        let key = format!("after {read} rows");
        findings.push(Finding::new(name, key, format!("{error:#}"), Remedy::Salvage));
    }
}
