//! How often somebody tried to answer a challenge.

use jiff::Timestamp;
use redb::{ReadableTable as _, WriteTransaction};

use super::tables::{CHALLENGES, time};
use crate::store::rules::{self, CLOSED};
use crate::store::{Challenge, ChallengeId};

/// The count, if there is one.
pub(super) fn answers(txn: &WriteTransaction, id: ChallengeId) -> anyhow::Result<Option<u32>> {
    let answers = txn.open_table(CHALLENGES)?.get(id.as_bytes())?.map(|row| row.value().0);
    Ok(answers)
}

/// Counts one more, if there may be one.
pub(super) fn count(txn: &WriteTransaction, challenge: Challenge) -> anyhow::Result<bool> {
    let counted = rules::count_answer(challenge, answers(txn, challenge.id)?);
    let Some(answers) = counted else { return Ok(false) };
    put(txn, challenge, answers)?;
    Ok(true)
}

/// Nobody may answer it again.
pub(super) fn close(txn: &WriteTransaction, challenge: Challenge) -> anyhow::Result<()> {
    put(txn, challenge, CLOSED)
}

fn put(txn: &WriteTransaction, challenge: Challenge, answers: u32) -> anyhow::Result<()> {
    let row = (answers, challenge.expires_at.as_millisecond());
    txn.open_table(CHALLENGES)?.insert(challenge.id.as_bytes(), row)?;
    Ok(())
}

/// Removes those that expired long ago.
pub(super) fn sweep(txn: &WriteTransaction, now: Timestamp) -> anyhow::Result<()> {
    let before = rules::forgotten_before(now);
    let is_live = |_: &[u8; 16], (_, until): (u32, i64)| time(until) > before;
    Ok(txn.open_table(CHALLENGES)?.retain(is_live)?)
}
