use std::time::Duration;

use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{SessionId, UserId};
use super::user::User;

/// How long sessions last; in whole seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// From one refresh to the next at the latest.
    pub idle: Duration,
    /// From the login to the end, however often it is refreshed.
    pub absolute: Duration,
}

/// The record of a session. A field that later versions add needs `#[serde(default)]`.
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
    /// When the user last proved who they are.
    pub auth_time: Timestamp,
    /// By which methods (RFC 8176 section 2). Earlier versions knew passwords alone.
    #[serde(default = "password_alone")]
    pub amr: Vec<String>,
    /// From then on its refresh tokens are refused. No access token outlives it.
    pub expires_at: Timestamp,
    /// No access token that was issued is valid for longer, wherever the clock has been since.
    pub tokens_expired_at: Timestamp,
    /// The `User-Agent` of the last refresh, or of the login.
    pub user_agent: String,
}

fn password_alone() -> Vec<String> {
    vec!["pwd".to_owned()]
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

    /// Whether it has not expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// When something happens, and until when access tokens of before may be in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// By then every access token that was issued until `now` has expired.
    pub tokens_expired_at: Timestamp,
}

/// A password that was checked. The check is void if the user has another password by now.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Which password: [`User::password_version`].
    pub version: u32,
    /// A costlier hash of it, which takes the place of the old one.
    pub renewed: Option<Secret>,
    /// By which methods the user proved who they are (RFC 8176 section 2).
    pub amr: Vec<String>,
}

/// A session to start, and the login that it follows.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session to start.
    pub session: Session,
    /// What the password was checked against.
    pub verified: Verified,
    /// When.
    pub at: Moment,
    /// The network from which the user signed in, in any form that can be compared.
    pub address: String,
}

/// The most sessions of one user.
pub const MAX_SESSIONS: usize = 100;

/// How long a refresh token is still good once its successor was presented.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);

/// An authentic refresh token that was presented.
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

/// What a presented refresh token comes to.
#[derive(Clone, Debug)]
pub enum Rotation {
    /// It was the current one. The session says which one is now.
    Rotated(Session, User),
    /// It was the current one a moment ago, and another tab was faster. The session's current
    /// token is for both.
    Raced(Session, User),
    /// It was exchanged some time ago for the session's current token, which nobody has presented.
    /// So the answer was lost.
    Resent(Session, User),
    /// It was used before, so somebody has a copy. The session has ended.
    Reused,
    /// There is no such session any more, or there never was such a token.
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_before_there_was_amr_was_proved_by_a_password() {
        let now = Timestamp::UNIX_EPOCH;
        let session = Session {
            id: SessionId::new(now),
            user: UserId::NOBODY,
            seed: [0; 16],
            generation: 0,
            created_at: now,
            refreshed_at: now,
            auth_time: now,
            amr: vec!["hwk".to_owned()],
            expires_at: now,
            tokens_expired_at: now,
            user_agent: String::new(),
        };
        let mut row = serde_json::to_value(&session).unwrap();
        assert_eq!(serde_json::from_value::<Session>(row.clone()).unwrap(), session);
        row.as_object_mut().unwrap().remove("amr");
        assert_eq!(serde_json::from_value::<Session>(row).unwrap().amr, ["pwd"]);
    }
}
