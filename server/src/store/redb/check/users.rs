//! Whether users, names and addresses fit together.

use super::finding::{Finding, NO_USER, Remedy, UNREADABLE};
use super::tables::{Tables, each};
use crate::store::redb::tables::decode;
use crate::store::redb::{names, users};
use crate::store::{User, UserId};

impl Tables {
    pub(super) fn check_users(&self, findings: &mut Vec<Finding>) {
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

    pub(super) fn check_spellings(&self, findings: &mut Vec<Finding>) {
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

    pub(super) fn check_names(&self, findings: &mut Vec<Finding>) {
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

    pub(super) fn check_addresses(&self, findings: &mut Vec<Finding>) {
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
