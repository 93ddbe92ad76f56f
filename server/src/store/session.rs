use std::time::Duration;

use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{SessionId, User, UserId};

/// How long sessions last; in whole seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// From one refresh to the next at the latest.
    pub idle: Duration,
    /// From the login to the end, however often it is refreshed.
    pub absolute: Duration,
}

/// All that is kept of a session.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    /// The `sid` of its access tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Random; the refresh tokens are made from it and from a key that is not in the store.
    pub seed: [u8; 16],
    /// Which of its refresh tokens is the current one, counted from 0.
    pub generation: u32,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the current refresh token was issued.
    pub refreshed_at: Timestamp,
    /// When the user last gave their password.
    pub auth_time: Timestamp,
    /// From then on nothing of it is accepted. No access token outlives it.
    pub expires_at: Timestamp,
    /// No access token was issued that is valid for longer, wherever the clock has been since.
    pub tokens_expired_at: Timestamp,
    /// The `User-Agent` of the last refresh, or of the login.
    pub user_agent: String,
}

impl Session {
    /// Sets what follows from a login or a refresh.
    pub fn refreshed(&mut self, at: Moment, lifetimes: Lifetimes) {
        let Moment { now, tokens_expired_at } = at;
        self.tokens_expired_at = self.tokens_expired_at.max(tokens_expired_at);
        let after = |start: Timestamp, lifetime: Duration| {
            start.checked_add(lifetime).unwrap_or(Timestamp::MAX)
        };
        self.refreshed_at = now;
        self.expires_at =
            after(now, lifetimes.idle).min(after(self.created_at, lifetimes.absolute));
    }

    /// What it means that a refresh token before the current one is presented.
    ///
    /// As long as nobody has presented a token's successor, the answer that brought it may be lost: the
    /// token is good for the same answer again. Once the successor was presented, the token is good for
    /// [`REFRESH_GRACE`] more, since a tab may have been overtaken by others. After that it is a replay.
    pub fn used_before(&self, generation: u32, now: Timestamp) -> UsedBefore {
        // In both directions, since the clock may have been set back.
        let since = now.duration_since(self.refreshed_at).unsigned_abs();
        match self.generation.saturating_sub(generation) {
            1 | 2 if since < REFRESH_GRACE => UsedBefore::AMomentAgo,
            1 => UsedBefore::AnswerLost,
            _ => UsedBefore::ByAnother,
        }
    }

    /// Whether anything of it is still accepted.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// When something ends: what was issued before may still be around for a while.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// By then every access token that was issued until now has expired.
    pub tokens_expired_at: Timestamp,
}

/// A password that was checked. If the user has another one by now, the check is void.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Which password: [`User::password_version`].
    pub version: u32,
    /// A dearer hash of it to be kept from now on.
    pub renewed: Option<Secret>,
}

/// A login, as the store sees it.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session to start.
    pub session: Session,
    /// What the password was checked against.
    pub verified: Verified,
    /// When.
    pub at: Moment,
    /// From where the user signed in: a network, in any form that compares.
    pub address: String,
}

/// The most sessions of one user. One more ends the one that was not used for the longest time.
pub const MAX_SESSIONS: usize = 100;

/// How long a refresh token is good for another answer once its successor was presented.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);

/// A refresh token that was presented and is authentic.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// Of which session.
    pub id: SessionId,
    /// Which of its tokens.
    pub generation: u32,
    /// When.
    pub at: Moment,
    /// How long the session lasts from then on.
    pub lifetimes: Lifetimes,
    /// The `User-Agent` that presented it.
    pub user_agent: String,
}

/// What it means that a refresh token is presented that is not the current one any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UsedBefore {
    /// Another tab was faster.
    AMomentAgo,
    /// The answer that brought its successor did not arrive.
    AnswerLost,
    /// Somebody has a copy.
    ByAnother,
}

/// What came of presenting a refresh token.
#[derive(Clone, Debug)]
pub enum Rotation {
    /// It was the current one; the session says which one is now.
    Rotated(Session, User),
    /// It was the current one a moment ago, and another tab was faster; the session's current one is
    /// good for both.
    Raced(Session, User),
    /// It was exchanged some time ago for the session's current one, which nobody has presented: the
    /// answer was lost.
    Resent(Session, User),
    /// It was used before: somebody has a copy. The session has ended.
    Reused,
    /// There is no such session any more, or never was such a token.
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(generation: u32, refreshed_at: i64) -> Session {
        let refreshed_at = Timestamp::from_second(refreshed_at).unwrap();
        Session {
            id: SessionId::new(refreshed_at),
            user: UserId::NOBODY,
            seed: [0; 16],
            generation,
            created_at: refreshed_at,
            refreshed_at,
            auth_time: refreshed_at,
            expires_at: Timestamp::MAX,
            tokens_expired_at: refreshed_at,
            user_agent: String::new(),
        }
    }

    #[test]
    fn a_token_is_good_until_its_successor_is_presented_and_ten_seconds_more() {
        use UsedBefore::{AMomentAgo, AnswerLost, ByAnother};
        let session = session(7, 1_000);
        for (generation, at, expected) in [
            (6, 1_000, AMomentAgo),
            (6, 1_009, AMomentAgo),
            (6, 1_010, AnswerLost),
            (6, 900_000, AnswerLost),
            (6, 900, AnswerLost),
            (5, 1_009, AMomentAgo),
            (5, 1_010, ByAnother),
            (5, 990, ByAnother),
            (4, 1_000, ByAnother),
            (0, 1_000, ByAnother),
        ] {
            let now = Timestamp::from_second(at).unwrap();
            assert_eq!(session.used_before(generation, now), expected, "{generation} at {at}");
        }
    }
}
