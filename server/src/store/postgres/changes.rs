//! Carries out what the rules decided.

use tokio_postgres::Client;

use super::{addresses, audit, challenges, names, resets, sessions, users};
use crate::store::applied::{Applied, News};
use crate::store::rules::{Changes, Decision};

/// Makes the changes of a decision.
pub(super) async fn apply<T>(db: &Client, decision: Decision<T>) -> anyhow::Result<Applied<T>> {
    let Decision { answer, mut changes } = decision;
    let changed = changes.changed_user();
    let revoked = match changes.end_sessions.take() {
        Some(end) => sessions::end(db, end).await?,
        None => Vec::new(),
    };
    apply_to_offers(db, &changes).await?;
    if let Some(user) = &changes.remove_user {
        users::remove(db, user.id).await?;
        audit::forget_addresses(db, user.id).await?;
    }
    if let Some(user) = &changes.add_user {
        names::add_user(db, user).await?;
    }
    if let Some(user) = changes.save_user.as_ref().or(changes.note_user.as_ref()) {
        users::save(db, user).await?;
    }
    apply_to_sessions(db, changes).await?;
    Ok(Applied { answer, news: News::of(changed, revoked) })
}

async fn apply_to_sessions(db: &Client, changes: Changes) -> anyhow::Result<()> {
    if let Some((user, address)) = changes.remember_address {
        addresses::remember(db, user, address).await?;
    }
    if let Some(session) = &changes.add_session {
        sessions::add(db, session).await?;
    }
    if let Some(session) = &changes.save_session {
        sessions::save(db, session).await?;
    }
    if let Some(challenge) = changes.close_challenge {
        challenges::close(db, challenge).await?;
    }
    Ok(())
}

async fn apply_to_offers(db: &Client, changes: &Changes) -> anyhow::Result<()> {
    if let Some(user) = changes.withdraw_offer_to {
        resets::remove(db, user).await?;
    }
    if changes.withdraw_all_offers {
        resets::remove_all(db).await?;
    }
    if let Some(maker) = changes.withdraw_offers_by {
        resets::remove_made_by(db, maker).await?;
    }
    if let Some(offer) = &changes.save_offer {
        resets::put(db, offer).await?;
    }
    Ok(())
}

/// As [`apply`], unless the rules refused.
pub(super) async fn apply_unless_refused<T, E>(
    db: &Client,
    decision: Result<Decision<T>, E>,
) -> anyhow::Result<Applied<Result<T, E>>> {
    match decision {
        Ok(decision) => Ok(apply(db, decision).await?.map(|answer, _| Ok(answer))),
        Err(refusal) => Ok(Applied::quietly(Err(refusal))),
    }
}
