//! The rotation of refresh tokens, and the detection of their reuse.

use jiff::Timestamp;

use super::accounts::maker_of_offers;
use super::decision::{Changes, Decision, EndSessions, Which};
use crate::store::{REFRESH_GRACE, Refresh, Rotation, Session, User};

/// What it means that a refresh token before the current one is presented.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum UsedBefore {
    /// Another tab was faster.
    AMomentAgo,
    /// The answer that brought its successor did not arrive.
    AnswerLost,
    /// Somebody has a copy.
    ByAnother,
}

/// What a refresh token comes to that was presented for `session` of `user`.
pub(crate) fn refresh(
    refresh: Refresh,
    session: Option<Session>,
    user: Option<User>,
) -> Decision<Rotation> {
    let Some((session, user)) = session.zip(user) else {
        return Decision::unchanged(Rotation::Gone);
    };
    if !session.is_live(refresh.at.now) || user.disabled {
        return Decision::unchanged(Rotation::Gone);
    }
    match refresh.generation.checked_sub(session.generation) {
        Some(0 | 1) => return rotate(refresh, session, user),
        Some(_) => return Decision::unchanged(Rotation::Gone),
        None => {}
    }
    match used_before(&session, refresh.generation, refresh.at.now) {
        UsedBefore::AMomentAgo => repeat(&refresh, session, |s| Rotation::Raced(s, user)),
        UsedBefore::AnswerLost => repeat(&refresh, session, |s| Rotation::Resent(s, user)),
        UsedBefore::ByAnother => end_reused(&refresh, &session, &user),
    }
}

/// Whether the refresh token of this `generation` could be exchanged now.
pub(crate) fn is_exchangeable(session: &Session, generation: u32, now: Timestamp) -> bool {
    session.is_live(now)
        && match generation.checked_sub(session.generation) {
            Some(ahead) => ahead <= 1,
            None => used_before(session, generation, now) != UsedBefore::ByAnother,
        }
}

/// Exchanges the current token, or the one after it. The server issued that one too, so a primary
/// that is gone has acknowledged the rotation, and its successor never heard of it.
fn rotate(refresh: Refresh, mut session: Session, user: User) -> Decision<Rotation> {
    let Some(next) = refresh.generation.checked_add(1) else {
        return Decision::unchanged(Rotation::Gone);
    };
    session.generation = next;
    session.user_agent = refresh.user_agent;
    session.refreshed(refresh.at, refresh.lifetimes);
    saving(session, |session| Rotation::Rotated(session, user))
}

/// The session lasts no longer, but there will be one more access token.
fn repeat(
    refresh: &Refresh,
    mut session: Session,
    answer: impl FnOnce(Session) -> Rotation,
) -> Decision<Rotation> {
    session.tokens_expired_at = session.tokens_expired_at.max(refresh.at.tokens_expired_at);
    saving(session, answer)
}

fn saving(session: Session, answer: impl FnOnce(Session) -> Rotation) -> Decision<Rotation> {
    let changes = Changes { save_session: Some(session.clone()), ..Changes::default() };
    Decision { answer: answer(session), changes }
}

/// Ends the session, and the offers that were made with a copy of its token.
fn end_reused(refresh: &Refresh, session: &Session, user: &User) -> Decision<Rotation> {
    let which = Which::These(Some(user.id), vec![session.id]);
    let changes = Changes {
        end_sessions: Some(EndSessions { which, at: refresh.at }),
        withdraw_offers_by: maker_of_offers(user),
        ..Changes::default()
    };
    Decision { answer: Rotation::Reused, changes }
}

/// What it means that the token of this `generation`, which is not the current one, is presented.
///
/// Until somebody presents a token's successor, the answer that brought it may be lost. So the
/// token is good for the same answer again, whatever the clock says: it only chooses the word for
/// it. Once the successor was presented, the token is good for [`REFRESH_GRACE`] more, since one
/// tab may overtake another. After that it is a replay.
fn used_before(session: &Session, generation: u32, now: Timestamp) -> UsedBefore {
    // In both directions, since the clock may have been set back.
    let since = now.duration_since(session.refreshed_at).unsigned_abs();
    match session.generation.saturating_sub(generation) {
        1 | 2 if since < REFRESH_GRACE => UsedBefore::AMomentAgo,
        1 => UsedBefore::AnswerLost,
        _ => UsedBefore::ByAnother,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rules::tests::{session, user};

    #[test]
    fn a_token_is_good_until_its_successor_is_presented_and_ten_seconds_more() {
        use UsedBefore::{AMomentAgo, AnswerLost, ByAnother};
        let session = Session { generation: 7, ..session(&user(&[]), 1_000) };
        for (generation, at, expected) in [
            (6, 1_000, AMomentAgo),
            (6, 1_009, AMomentAgo),
            (6, 1_010, AnswerLost),
            (6, 900_000, AnswerLost),
            (6, 900, AnswerLost),
            (6, -3_000, AnswerLost),
            (5, 1_009, AMomentAgo),
            (5, 1_010, ByAnother),
            (5, 990, ByAnother),
            (4, 1_000, ByAnother),
            (0, 1_000, ByAnother),
        ] {
            let now = Timestamp::from_second(at).unwrap();
            assert_eq!(used_before(&session, generation, now), expected, "{generation} at {at}");
        }
    }
}
