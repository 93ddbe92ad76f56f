use crate::store::{Actor, Moment, ResetOffer, Session, SessionId, User, UserId};

/// What a rule decided.
#[derive(Clone, Debug)]
pub(crate) struct Decision<T> {
    /// What the caller is answered.
    pub(crate) answer: T,
    /// What must change for it.
    pub(crate) changes: Changes,
}

impl<T> Decision<T> {
    /// An answer for which nothing changes.
    pub(super) fn unchanged(answer: T) -> Self {
        Self { answer, changes: Changes::default() }
    }
}

/// The rows that a backend must change, all in the transaction in which it loaded what the rule
/// judged.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Changes {
    /// End these sessions.
    pub(crate) end_sessions: Option<EndSessions>,
    /// Withdraw the reset offer to this user, if there is one.
    pub(crate) withdraw_offer_to: Option<UserId>,
    /// Withdraw all reset offers that this user made.
    pub(crate) withdraw_offers_by: Option<UserId>,
    /// Save this offer. There is none to the user by then.
    pub(crate) save_offer: Option<ResetOffer>,
    /// Save the record of this user.
    pub(crate) save_user: Option<User>,
    /// Remove the record of this user, their names and their addresses.
    pub(crate) remove_user: Option<User>,
    /// Save the record of this session.
    pub(crate) save_session: Option<Session>,
}

/// Sessions of one user that end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct EndSessions {
    pub(crate) user: UserId,
    pub(crate) which: Which,
    pub(crate) at: Moment,
}

/// Which of a user's sessions end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Which {
    All,
    AllBut(SessionId),
    These(Vec<SessionId>),
}

impl EndSessions {
    /// All sessions of a user.
    pub(super) fn all(user: UserId, at: Moment) -> Self {
        Self { user, which: Which::All, at }
    }

    /// All sessions of an actor but the one in which they ask.
    pub(super) fn others(actor: Actor, at: Moment) -> Self {
        Self { user: actor.user, which: Which::AllBut(actor.session), at }
    }
}
