//! How sessions start, and when a proof counts.

use jiff::Timestamp;

use super::decision::{Changes, Decision, EndSessions, Which};
use super::factors::{CLOSED, use_up};
use crate::store::{MAX_SESSIONS, Moment, NewSession, Session, SessionId, User, UserId, Verified};

/// A session that a user has already.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Existing {
    /// When it was last used; none if its record can't be read.
    pub(crate) refreshed_at: Option<Timestamp>,
    pub(crate) id: SessionId,
}

/// Whether somebody with `count` sessions must give one up for another. If so, [`start`] needs to
/// know them.
pub(crate) fn is_full(count: usize) -> bool {
    count >= MAX_SESSIONS
}

/// The start of a session of `user`, if the proof of the login still counts. The sessions that
/// were not used for the longest time make room. `existing` may be empty unless [`is_full`].
/// `answers` is the count of the challenge, if there is one.
pub(crate) fn start(
    new: NewSession,
    user: Option<User>,
    existing: Vec<Existing>,
    answers: Option<u32>,
) -> Decision<Option<User>> {
    let NewSession { session, verified, at, address, challenge } = new;
    let user = user.filter(|_| answers != Some(CLOSED));
    let Some((user, note_user)) = confirm(user, verified) else {
        return Decision::unchanged(None);
    };
    let surplus = longest_unused(existing);
    let makes_room = !surplus.is_empty();
    let end_sessions = EndSessions { which: Which::These(Some(user.id), surplus), at };
    let changes = Changes {
        end_sessions: makes_room.then_some(end_sessions),
        note_user,
        add_session: Some(session),
        remember_address: Some((user.id, address)),
        close_challenge: challenge,
        ..Changes::default()
    };
    Decision { answer: Some(user), changes }
}

fn longest_unused(mut existing: Vec<Existing>) -> Vec<SessionId> {
    let surplus = (existing.len() + 1).saturating_sub(MAX_SESSIONS);
    existing.sort_unstable();
    existing.into_iter().take(surplus).map(|session| session.id).collect()
}

/// The end of one session, which may have no record any more. `user` has it, as far as that is
/// known.
pub(crate) fn end_session(id: SessionId, user: Option<UserId>, at: Moment) -> Decision<()> {
    let end_sessions = Some(EndSessions { which: Which::These(user, vec![id]), at });
    Decision { answer: (), changes: Changes { end_sessions, ..Changes::default() } }
}

/// A new proof in `session`, if both still count.
pub(crate) fn reauthenticate(
    session: Option<Session>,
    user: Option<User>,
    verified: Verified,
    at: Moment,
) -> Decision<Option<(Session, User)>> {
    let session = session.filter(|session| session.is_live(at.now));
    let amr = verified.amr.clone();
    let Some((mut session, (user, note_user))) = session.zip(confirm(user, verified)) else {
        return Decision::unchanged(None);
    };
    session.auth_time = at.now;
    session.amr = amr;
    session.tokens_expired_at = session.tokens_expired_at.max(at.tokens_expired_at);
    let save_session = Some(session.clone());
    let changes = Changes { note_user, save_session, ..Changes::default() };
    Decision { answer: Some((session, user)), changes }
}

/// The user, if they may sign in and what was shown still counts; and the record to save if the
/// password has a new hash, or a factor was used up.
fn confirm(user: Option<User>, verified: Verified) -> Option<(User, Option<User>)> {
    let mut user =
        user.filter(|user| !user.disabled && user.password_version == verified.version)?;
    let changes = verified.renewed.is_some() || verified.factor.is_some();
    match verified.factor {
        Some(factor) => user.factors = use_up(user.factors, &factor)?,
        None if user.factors.are_needed() => return None,
        None => {}
    }
    if let Some(hash) = verified.renewed {
        user.password_hash = hash;
    }
    let noted = changes.then(|| user.clone());
    Some((user, noted))
}
