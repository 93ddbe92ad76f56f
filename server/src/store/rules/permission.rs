use crate::store::{Actor, EditUserError, User};

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
pub(super) fn admit(by: Option<&Asker>) -> Result<(), EditUserError> {
    by.map_or(Ok(()), |by| by.admit().map(drop))
}

/// Refuses an admin whose login is not fresh, if that is `needed`.
pub(super) fn demand_fresh(by: Option<&Asker>, needed: bool) -> Result<(), EditUserError> {
    if needed && by.is_some_and(Asker::is_stale_admin) {
        return Err(EditUserError::NotFresh);
    }
    Ok(())
}
