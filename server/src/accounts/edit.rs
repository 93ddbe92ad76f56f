use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::origin::{Caller, Origin};
use crate::roles;
use crate::store::{EditUserError, Edited, User, UserEdit, UserId};

/// What is to be changed of an account; none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct AccountEdit {
    /// The roles.
    pub roles: Option<RoleEdit>,
    /// Whether the user is shut out. That ends all their sessions.
    pub disabled: Option<bool>,
}

/// How roles are to be changed.
#[derive(Clone, Debug)]
pub enum RoleEdit {
    /// All roles from now on.
    Set(Vec<String>),
    /// Some are given, others taken away. Of two such changes at once, one may be lost.
    Change {
        /// What the user gets.
        add: Vec<String>,
        /// What the user loses.
        remove: Vec<String>,
    },
}

impl Accounts {
    /// Changes roles, or shuts a user out or lets them in again. The last admin stays one.
    pub async fn edit(
        self: &Arc<Self>,
        id: UserId,
        edit: AccountEdit,
        origin: Origin<Caller>,
    ) -> Result<User, AccountError> {
        let roles = match edit.roles {
            None => None,
            Some(RoleEdit::Set(roles)) => Some(roles),
            Some(RoleEdit::Change { add, remove }) => {
                let user = self.store.user_by_id(id).await?.ok_or(AccountError::NotFound)?;
                let kept = user.roles.into_iter().filter(|role| !remove.contains(role));
                Some(kept.chain(add).collect())
            }
        };
        let roles = roles.map(roles::check).transpose();
        let roles = roles.map_err(|message| AccountError::broken_rule("roles", message))?;
        let edit = UserEdit { roles, disabled: edit.disabled };
        self.to_the_end(|accounts| async move {
            let refusable = match (&origin, edit.disabled) {
                (Origin::Operator, Some(disabled)) => of_disabled(disabled),
                _ => Event::RoleChange,
            };
            let (store, at) = (&accounts.store, accounts.moment());
            let edited = store.edit_user(id, edit, origin.actor(true), at).await;
            let edited = edited.map_err(|error| {
                Record::of(refusable, &origin)
                    .user(id)
                    .refused(&accounts.audit, &error.to_string());
                accounts.not_changed(error)
            })?;
            accounts.write(&edited, &origin);
            Ok(edited.after)
        })
        .await
    }

    /// Why a user was not changed.
    pub(super) fn not_changed(&self, error: EditUserError) -> AccountError {
        match error {
            EditUserError::Store(error) => error.into(),
            error => AccountError::NotChanged { error, fresh_for: self.fresh_for },
        }
    }

    /// Writes a change or its refusal to the audit log, and hands the result on.
    pub(super) fn noted<T>(
        &self,
        record: Record<'_>,
        changed: Result<T, EditUserError>,
    ) -> Result<T, AccountError> {
        match &changed {
            Ok(_) => record.ok(&self.audit),
            Err(error) => record.refused(&self.audit, &error.to_string()),
        }
        changed.map_err(|error| self.not_changed(error))
    }

    /// An audit record for each thing that is different now.
    fn write(&self, edited: &Edited, origin: &Origin<Caller>) {
        let Edited { before, after } = edited;
        if before.roles != after.roles {
            let record = Record::of(Event::RoleChange, origin).user(after.id);
            record.detail(after.roles.join(",")).ok(&self.audit);
        }
        if before.disabled != after.disabled {
            let record = Record::of(of_disabled(after.disabled), origin);
            record.user(after.id).ok(&self.audit);
        }
    }
}

fn of_disabled(disabled: bool) -> Event {
    if disabled { Event::UserDisabled } else { Event::UserEnabled }
}
