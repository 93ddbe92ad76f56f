//! What edits, deletions, new passwords and ended sessions come to.

use hallpass_contract::Secret;

use super::decision::{Changes, Decision, EndSessions};
use super::permission::{Asker, admit_admin, admit_for, admit_fresh_admin, demand_fresh};
use crate::store::{EditUserError, Edited, Moment, Session, User, UserEdit, UserId};

/// An edit of `user`, where there are `active_admins`.
pub(crate) fn edit(
    by: Option<&Asker>,
    user: Option<User>,
    edit: UserEdit,
    active_admins: u64,
    at: Moment,
) -> Result<Decision<Edited>, EditUserError> {
    admit_admin(by)?;
    let before = user.ok_or(EditUserError::NotFound)?;
    let mut after = before.clone();
    after.roles = edit.roles.unwrap_or(after.roles);
    after.disabled = edit.disabled.unwrap_or(after.disabled);
    demand_fresh(by, needs_fresh_login(&before, &after))?;
    if !after.is_active_admin() {
        keep_last_admin(&before, active_admins)?;
    }
    let id = before.id;
    // An earlier version kept the offers of former admins, so they end for a new admin, too.
    let admin_changes = before.is_active_admin() != after.is_active_admin();
    let changes = Changes {
        save_user: (after != before).then(|| after.clone()),
        withdraw_offers_by: admin_changes.then_some(id),
        withdraw_offer_to: after.disabled.then_some(id),
        end_sessions: after.disabled.then(|| EndSessions::all(id, at)),
        ..Changes::default()
    };
    Ok(Decision { answer: Edited { before, after }, changes })
}

/// Whether an admin needs a fresh login for an edit: if the user is or becomes an admin, or is let
/// in again. With a stolen token that is too old for a reset link, nobody may undo a safeguard.
fn needs_fresh_login(before: &User, after: &User) -> bool {
    before.is_admin() || after.is_admin() || (before.disabled && !after.disabled)
}

fn keep_last_admin(user: &User, active_admins: u64) -> Result<(), EditUserError> {
    if user.is_active_admin() && active_admins <= 1 {
        return Err(EditUserError::LastAdmin);
    }
    Ok(())
}

/// The deletion of `user`, where there are `active_admins`.
pub(crate) fn delete(
    by: Option<&Asker>,
    user: Option<User>,
    active_admins: u64,
    at: Moment,
) -> Result<Decision<User>, EditUserError> {
    admit_for(by, user.as_ref().map(|user| user.id))?;
    let user = user.ok_or(EditUserError::NotFound)?;
    keep_last_admin(&user, active_admins)?;
    let changes = Changes {
        end_sessions: Some(EndSessions::all(user.id, at)),
        withdraw_offer_to: Some(user.id),
        withdraw_offers_by: maker_of_offers(&user),
        remove_user: Some(user.clone()),
        ..Changes::default()
    };
    Ok(Decision { answer: user, changes })
}

/// A new password hash, set by an operator or by a reset link. Whether the user is there.
pub(crate) fn set_password(user: Option<User>, new: Secret, at: Moment) -> Decision<bool> {
    let Some(user) = user else { return Decision::unchanged(false) };
    let end_sessions = EndSessions::all(user.id, at);
    Decision { answer: true, changes: new_password(user, new, end_sessions) }
}

/// A new password hash of the asker, whose password of this `version` was checked.
pub(crate) fn change_password(
    by: &Asker,
    version: u32,
    new: Secret,
    at: Moment,
) -> Result<Decision<()>, EditUserError> {
    let user = by.admit()?;
    if user.password_version != version {
        return Err(EditUserError::PasswordChanged);
    }
    let end_sessions = EndSessions::others(by.actor, at);
    Ok(Decision { answer: (), changes: new_password(user.clone(), new, end_sessions) })
}

fn new_password(mut user: User, new: Secret, end_sessions: EndSessions) -> Changes {
    user.password_hash = new;
    user.password_version = user.password_version.wrapping_add(1);
    Changes {
        end_sessions: Some(end_sessions),
        withdraw_offer_to: Some(user.id),
        withdraw_offers_by: maker_of_offers(&user),
        save_user: Some(user),
        ..Changes::default()
    }
}

/// The end of all sessions of `user`.
pub(crate) fn end_sessions(
    by: Option<&Asker>,
    user: Option<&User>,
    at: Moment,
) -> Result<Decision<()>, EditUserError> {
    admit_for(by, user.map(|user| user.id))?;
    let user = user.ok_or(EditUserError::NotFound)?;
    demand_fresh(by, user.is_admin())?;
    let is_another = by.is_none_or(|by| by.actor.user != user.id);
    let changes = Changes {
        end_sessions: Some(EndSessions::all(user.id, at)),
        withdraw_offers_by: maker_of_offers(user).filter(|_| is_another),
        ..Changes::default()
    };
    Ok(Decision { answer: (), changes })
}

/// The end of one `session` of `user`. It is of nobody else, and has not expired.
pub(crate) fn end_session_of(
    by: Option<&Asker>,
    user: Option<&User>,
    session: Option<&Session>,
    at: Moment,
) -> Result<Decision<()>, EditUserError> {
    let mut decision = end_sessions(by, user, at)?;
    let theirs = session.filter(|session| session.is_live(at.now));
    let theirs = theirs.filter(|session| user.is_some_and(|user| user.id == session.user));
    let theirs = theirs.ok_or(EditUserError::NoSession)?;
    decision.changes.end_sessions = Some(EndSessions::one(theirs, at));
    Ok(decision)
}

/// The end of the sessions of all users, and of all reset offers: somebody whose session ends may
/// have made any of them.
pub(crate) fn end_all_sessions(
    by: Option<&Asker>,
    at: Moment,
) -> Result<Decision<()>, EditUserError> {
    admit_fresh_admin(by)?;
    let changes = Changes {
        end_sessions: Some(EndSessions::everybodys(at)),
        withdraw_all_offers: true,
        ..Changes::default()
    };
    Ok(Decision { answer: (), changes })
}

/// The end of the asker's sessions but the one in which they ask.
pub(crate) fn end_other_sessions(by: &Asker, at: Moment) -> Result<Decision<()>, EditUserError> {
    demand_fresh(Some(by), by.admit()?.is_admin())?;
    let end_sessions = Some(EndSessions::others(by.actor, at));
    Ok(Decision { answer: (), changes: Changes { end_sessions, ..Changes::default() } })
}

/// The user's id if they may have made reset offers. Only admins make any.
pub(super) fn maker_of_offers(user: &User) -> Option<UserId> {
    user.is_admin().then_some(user.id)
}
