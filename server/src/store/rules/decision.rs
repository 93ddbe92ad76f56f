use crate::store::{Actor, Moment, ResetOffer, Session, SessionId, User, UserId};

/// What a rule decided.
#[derive(Clone, Debug)]
pub(crate) struct Decision<T> {
    /// The answer to the caller.
    pub(crate) answer: T,
    /// What the backend must change.
    pub(crate) changes: Changes,
}

impl<T> Decision<T> {
    /// An answer that changes nothing.
    pub(super) fn unchanged(answer: T) -> Self {
        Self { answer, changes: Changes::default() }
    }
}

/// What a backend must change. It loads what the rule needs and makes all changes in one
/// transaction.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Changes {
    /// End these sessions.
    pub(crate) end_sessions: Option<EndSessions>,
    /// Withdraw this user's open reset offer, if there is one.
    pub(crate) withdraw_offer_to: Option<UserId>,
    /// Withdraw all reset offers that this user made.
    pub(crate) withdraw_offers_by: Option<UserId>,
    /// Save this offer. Any earlier offer to the same user is withdrawn before.
    pub(crate) save_offer: Option<ResetOffer>,
    /// Save the record of this user.
    pub(crate) save_user: Option<User>,
    /// Remove this user's record, with their names and addresses.
    pub(crate) remove_user: Option<User>,
    /// Save the record of this session.
    pub(crate) save_session: Option<Session>,
}

/// Which sessions of one user end, and when.
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

    /// All sessions of an actor but the current one.
    pub(super) fn others(actor: Actor, at: Moment) -> Self {
        Self { user: actor.user, which: Which::AllBut(actor.session), at }
    }
}
