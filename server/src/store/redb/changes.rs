//! Carries out what the rules decided.

use redb::WriteTransaction;

use super::{addresses, audit, challenges, names, resets, sessions, users};
use crate::store::applied::{Applied, News};
use crate::store::rules::{Changes, Decision};

/// Makes the changes of a decision.
pub(super) fn apply<T>(
    txn: &WriteTransaction,
    decision: Decision<T>,
) -> anyhow::Result<Applied<T>> {
    let Decision { answer, mut changes } = decision;
    let changed = changes.changed_user();
    let revoked = changes.end_sessions.take().map(|end| sessions::end(txn, end)).transpose()?;
    apply_to_offers(txn, &changes)?;
    if let Some(user) = &changes.remove_user {
        users::remove(txn, user.id)?;
        names::remove(txn, user)?;
        addresses::forget(txn, user.id)?;
        audit::forget_addresses(txn, user.id, None)?;
    }
    if let Some(user) = &changes.add_user {
        names::add(txn, user)?;
        users::put(txn, user)?;
    }
    if let Some(user) = changes.save_user.as_ref().or(changes.note_user.as_ref()) {
        users::put(txn, user)?;
    }
    apply_to_sessions(txn, changes)?;
    Ok(Applied { answer, news: News::of(changed, revoked.unwrap_or_default()) })
}

fn apply_to_sessions(txn: &WriteTransaction, changes: Changes) -> anyhow::Result<()> {
    if let Some((user, address)) = changes.remember_address {
        addresses::remember(txn, user, address)?;
    }
    if let Some(session) = &changes.add_session {
        sessions::add(txn, session)?;
    }
    if let Some(session) = &changes.save_session {
        sessions::put(txn, session)?;
    }
    if let Some(challenge) = changes.close_challenge {
        challenges::close(txn, challenge)?;
    }
    Ok(())
}

fn apply_to_offers(txn: &WriteTransaction, changes: &Changes) -> anyhow::Result<()> {
    if let Some(user) = changes.withdraw_offer_to {
        resets::remove(txn, user)?;
    }
    if changes.withdraw_all_offers {
        resets::remove_all(txn)?;
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
pub(super) fn apply_unless_refused<T, E>(
    txn: &WriteTransaction,
    decision: Result<Decision<T>, E>,
) -> anyhow::Result<Applied<Result<T, E>>> {
    match decision {
        Ok(decision) => Ok(apply(txn, decision)?.map(|answer, _| Ok(answer))),
        Err(refusal) => Ok(Applied::quietly(Err(refusal))),
    }
}
