//! Carries out what the rules decided.

use redb::WriteTransaction;

use super::{addresses, names, resets, sessions, users};
use crate::store::applied::Applied;
use crate::store::error::EditUserError;
use crate::store::rules::{Changes, Decision};

/// Makes the changes of a decision.
pub(super) fn apply<T>(
    txn: &WriteTransaction,
    decision: Decision<T>,
) -> anyhow::Result<Applied<T>> {
    let Decision { answer, changes } = decision;
    let user_changed = changes.save_user.is_some() || changes.remove_user.is_some();
    let revoked = changes.end_sessions.clone().map(|end| sessions::end(txn, end)).transpose()?;
    apply_to_offers(txn, &changes)?;
    if let Some(user) = &changes.remove_user {
        users::remove(txn, user.id)?;
        names::remove(txn, user)?;
        addresses::forget(txn, user.id)?;
    }
    if let Some(user) = &changes.save_user {
        users::put(txn, user)?;
    }
    if let Some(session) = &changes.save_session {
        sessions::put(txn, session)?;
    }
    Ok(Applied { answer, revoked: revoked.unwrap_or_default(), user_changed })
}

fn apply_to_offers(txn: &WriteTransaction, changes: &Changes) -> anyhow::Result<()> {
    if let Some(user) = changes.withdraw_offer_to {
        resets::remove(txn, user)?;
    }
    if let Some(maker) = changes.withdraw_offers_by {
        resets::remove_made_by(txn, maker)?;
    }
    if let Some(offer) = &changes.save_offer {
        resets::put(txn, offer)?;
    }
    Ok(())
}

/// As [`apply`], unless the rules refused.
pub(super) fn apply_unless_refused<T>(
    txn: &WriteTransaction,
    decision: Result<Decision<T>, EditUserError>,
) -> anyhow::Result<Applied<Result<T, EditUserError>>> {
    match decision {
        Ok(decision) => Ok(apply(txn, decision)?.map(|answer, _| Ok(answer))),
        Err(refusal) => Ok(Applied::ending(Err(refusal), Vec::new())),
    }
}
