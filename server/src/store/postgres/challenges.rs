//! How often somebody tried to answer a challenge.

use jiff::Timestamp;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::rows::Parameters;
use crate::store::rules::{self, CLOSED};
use crate::store::{Challenge, ChallengeId};

/// The count, if there is one. Its row is locked.
pub(super) async fn answers(db: &Client, id: ChallengeId) -> anyhow::Result<Option<u32>> {
    let query = "SELECT answers FROM challenges WHERE id = $1 FOR UPDATE";
    let row = db.query_typed_opt(query, &[(&id.uuid(), Type::UUID)]).await?;
    let answers = row.map(|row| row.try_get::<_, i64>(0)).transpose()?;
    Ok(answers.map(|answers| u32::try_from(answers).unwrap_or(CLOSED)))
}

/// Counts one more, if there may be one.
pub(super) async fn count(db: &Client, challenge: Challenge) -> anyhow::Result<bool> {
    // So that there is a row to lock.
    let query = "INSERT INTO challenges (id, answers, expires_at) VALUES ($1, 0, $2)
                 ON CONFLICT (id) DO NOTHING";
    let (id, until) = (challenge.id.uuid(), challenge.expires_at.as_millisecond());
    db.execute_typed(query, &[(&id, Type::UUID), (&until, Type::INT8)]).await?;
    match rules::count_answer(challenge, answers(db, challenge.id).await?) {
        Some(answers) => put(db, challenge, answers).await.map(|()| true),
        None => Ok(false),
    }
}

/// Nobody may answer it again.
pub(super) async fn close(db: &Client, challenge: Challenge) -> anyhow::Result<()> {
    put(db, challenge, CLOSED).await
}

async fn put(db: &Client, challenge: Challenge, answers: u32) -> anyhow::Result<()> {
    let query = "INSERT INTO challenges (id, answers, expires_at) VALUES ($1, $3, $2)
                 ON CONFLICT (id) DO UPDATE SET answers = excluded.answers";
    let Challenge { id, expires_at, .. } = challenge;
    let parameters: Parameters<'_> = &[
        (&id.uuid(), Type::UUID),
        (&expires_at.as_millisecond(), Type::INT8),
        (&i64::from(answers), Type::INT8),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Removes those that expired long ago.
pub(super) async fn sweep(db: &Client, now: Timestamp) -> anyhow::Result<()> {
    let query = "DELETE FROM challenges WHERE expires_at <= $1";
    let before = rules::forgotten_before(now).as_millisecond();
    db.execute_typed(query, &[(&before, Type::INT8)]).await?;
    Ok(())
}
