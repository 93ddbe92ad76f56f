use crate::store::{Actor, Challenge, Moment, ResetOffer, Session, SessionId, User, UserId};

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
    /// Withdraw the reset offers to everybody.
    pub(crate) withdraw_all_offers: bool,
    /// Save this offer. Any earlier offer to the same user is withdrawn before.
    pub(crate) save_offer: Option<ResetOffer>,
    /// Add this user, whose name is free.
    pub(crate) add_user: Option<User>,
    /// Save the record of this user, who has changed.
    pub(crate) save_user: Option<User>,
    /// Save the record of this user, who signs in as before: the same password has another hash, or
    /// a factor was used.
    pub(crate) note_user: Option<User>,
    /// Remove this user's record, with their names and addresses.
    pub(crate) remove_user: Option<User>,
    /// Remember that this user came from this address.
    pub(crate) remember_address: Option<(UserId, String)>,
    /// Add this session.
    pub(crate) add_session: Option<Session>,
    /// Save the record of this session, which is there.
    pub(crate) save_session: Option<Session>,
    /// Nobody may answer this challenge again.
    pub(crate) close_challenge: Option<Challenge>,
}

impl Changes {
    /// The user who has changed or is gone.
    pub(crate) fn changed_user(&self) -> Option<UserId> {
        let user = self.save_user.as_ref().or(self.remove_user.as_ref());
        user.map(|user| user.id)
    }
}

/// Which sessions end, and when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct EndSessions {
    pub(crate) which: Which,
    pub(crate) at: Moment,
}

/// Which sessions end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Which {
    /// Those of all users.
    All,
    /// All of one user.
    AllOf(UserId),
    /// All of an actor but the current one.
    OthersOf(Actor),
    /// These, even those that have no record any more. Where one has a record that can't be read,
    /// it is this user's.
    These(Option<UserId>, Vec<SessionId>),
}

impl EndSessions {
    /// This session.
    pub(super) fn one(session: &Session, at: Moment) -> Self {
        Self { which: Which::These(Some(session.user), vec![session.id]), at }
    }

    /// The sessions of all users.
    pub(super) fn everybodys(at: Moment) -> Self {
        Self { which: Which::All, at }
    }

    /// All sessions of a user.
    pub(super) fn all(user: UserId, at: Moment) -> Self {
        Self { which: Which::AllOf(user), at }
    }

    /// All sessions of an actor but the current one.
    pub(super) fn others(actor: Actor, at: Moment) -> Self {
        Self { which: Which::OthersOf(actor), at }
    }
}
