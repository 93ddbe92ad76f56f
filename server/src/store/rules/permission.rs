use crate::store::{Actor, EditUserError, User, UserId};

/// Who asks for a change, as the store knows them in the transaction that makes the change.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// Who they were when the request came.
    pub(crate) actor: Actor,
    /// The actor's record now.
    pub(crate) user: Option<User>,
    /// Whether the actor's session has a record now.
    pub(crate) has_session: bool,
}

impl Asker {
    /// The actor's record, if the actor may still act in the role in which they asked.
    pub(super) fn admit(&self) -> Result<&User, EditUserError> {
        let user = self.user.as_ref().filter(|user| self.has_session && !user.disabled);
        let user = user.ok_or(EditUserError::SessionEnded)?;
        if self.actor.admin && !user.is_admin() {
            return Err(EditUserError::NoAdmin);
        }
        Ok(user)
    }

    fn is_stale_admin(&self) -> bool {
        self.actor.admin && !self.actor.fresh
    }
}

/// Whether somebody may act. Without an asker it is the operator, who may do anything.
fn admit(by: Option<&Asker>) -> Result<(), EditUserError> {
    by.map_or(Ok(()), |by| by.admit().map(drop))
}

/// Whether somebody may act as an admin.
pub(super) fn admit_admin(by: Option<&Asker>) -> Result<(), EditUserError> {
    admit(by)?;
    if by.is_some_and(|by| !by.actor.admin) { Err(EditUserError::NoAdmin) } else { Ok(()) }
}

/// Whether somebody may act as an admin on what concerns everybody.
pub(super) fn admit_fresh_admin(by: Option<&Asker>) -> Result<(), EditUserError> {
    admit_admin(by)?;
    demand_fresh(by, true)
}

/// Whether somebody may act on `user`: an admin on anybody, others on themselves alone.
pub(super) fn admit_for(by: Option<&Asker>, user: Option<UserId>) -> Result<(), EditUserError> {
    let is_own = by.is_some_and(|by| Some(by.actor.user) == user);
    if is_own { admit(by) } else { admit_admin(by) }
}

/// Refuses an admin whose login is not fresh, if that is `needed`.
pub(super) fn demand_fresh(by: Option<&Asker>, needed: bool) -> Result<(), EditUserError> {
    if needed && by.is_some_and(Asker::is_stale_admin) {
        return Err(EditUserError::NotFresh);
    }
    Ok(())
}
