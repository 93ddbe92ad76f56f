//! How sessions start, and when a proof counts.

use jiff::Timestamp;

use super::decision::{Changes, Decision, EndSessions, Which};
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
pub(crate) fn start(
    new: NewSession,
    user: Option<User>,
    existing: Vec<Existing>,
) -> Decision<Option<User>> {
    let NewSession { session, verified, at, address } = new;
    let Some((user, renew_hash)) = confirm(user, verified) else {
        return Decision::unchanged(None);
    };
    let surplus = longest_unused(existing);
    let makes_room = !surplus.is_empty();
    let end_sessions = EndSessions { which: Which::These(Some(user.id), surplus), at };
    let changes = Changes {
        end_sessions: makes_room.then_some(end_sessions),
        renew_hash,
        add_session: Some(session),
        remember_address: Some((user.id, address)),
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
    let Some((mut session, (user, renew_hash))) = session.zip(confirm(user, verified)) else {
        return Decision::unchanged(None);
    };
    session.auth_time = at.now;
    session.amr = amr;
    session.tokens_expired_at = session.tokens_expired_at.max(at.tokens_expired_at);
    let save_session = Some(session.clone());
    let changes = Changes { renew_hash, save_session, ..Changes::default() };
    Decision { answer: Some((session, user)), changes }
}

/// The user, if they may sign in and the password that was checked is still theirs; and the record
/// to save if that password has a new hash.
fn confirm(user: Option<User>, verified: Verified) -> Option<(User, Option<User>)> {
    let mut user =
        user.filter(|user| !user.disabled && user.password_version == verified.version)?;
    let renewed = verified.renewed.map(|hash| {
        user.password_hash = hash;
        user.clone()
    });
    Some((user, renewed))
}
