use std::time::Duration;

use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::factors::FactorUse;
use super::id::{SessionId, UserId};
use super::user::User;

/// How long sessions last, in whole seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// The longest time between two refreshes.
    pub idle: Duration,
    /// The longest time from the login to the end, however often the session is refreshed.
    pub absolute: Duration,
}

/// The record of a session. A field that later versions add needs `#[serde(default)]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    /// The `sid` of its access tokens.
    pub id: SessionId,
    /// The user whose session it is.
    pub user: UserId,
    /// Random bytes. Refresh tokens are derived from them and from a key that is not in the store.
    pub seed: [u8; 16],
    /// The number of the current refresh token, counted from 0.
    pub generation: u32,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the current refresh token was issued.
    pub refreshed_at: Timestamp,
    /// When the user last proved who they are.
    pub auth_time: Timestamp,
    /// The methods by which they proved it (RFC 8176 section 2). A record without it is of a
    /// password alone, the only method that earlier versions knew.
    #[serde(default = "password_alone", skip_serializing_if = "is_password_alone")]
    pub amr: Vec<String>,
    /// Refresh tokens are refused from this time on. No access token of the session outlives it.
    pub expires_at: Timestamp,
    /// By this time every access token issued in the session has expired, even if the clock was
    /// changed.
    pub tokens_expired_at: Timestamp,
    /// The `User-Agent` of the last refresh, or of the login.
    pub user_agent: String,
}

fn password_alone() -> Vec<String> {
    vec!["pwd".to_owned()]
}

fn is_password_alone(amr: &[String]) -> bool {
    matches!(amr, [only] if only == "pwd")
}

impl Session {
    /// Updates the times after a login or a refresh.
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

    /// It is for setting up a second factor: it ends after `lifetime`, and its token up to `leeway`
    /// later.
    pub fn lasts_for_setup(&mut self, lifetime: Duration, leeway: Duration) {
        let after = |time: Timestamp, more| time.checked_add(more).unwrap_or(Timestamp::MAX);
        let end = after(self.created_at, lifetime);
        self.expires_at = self.expires_at.min(end);
        self.tokens_expired_at = self.tokens_expired_at.max(after(end, leeway));
    }

    /// Whether it has not expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// The time of an event, and until when access tokens from before it may be valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// When the last access token that was issued until `now` expires.
    pub tokens_expired_at: Timestamp,
}

/// A password that was checked, and what was shown beside it. Neither counts any more if the
/// password was changed since, or the factor was used or removed.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The version of the password: [`User::password_version`].
    pub version: u32,
    /// A new hash that replaces an outdated one.
    pub renewed: Option<Secret>,
    /// By which methods the user proved who they are (RFC 8176 section 2).
    pub amr: Vec<String>,
    /// The second factor that was shown. A user who has one must show it.
    pub factor: Option<FactorUse>,
}

/// A session to start, and the login that starts it.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session to start.
    pub session: Session,
    /// The login's password check.
    pub verified: Verified,
    /// When the user signed in.
    pub at: Moment,
    /// The network from which the user signed in, as a text that can be compared.
    pub address: String,
    /// The challenge that the user has answered, if there was one.
    pub challenge: Option<Challenge>,
}

/// The most sessions of one account.
pub const MAX_SESSIONS: usize = 100;

/// How long a refresh token is still accepted after its successor was presented.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);

/// A refresh token that was presented and is genuine.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// The session that it belongs to.
    pub id: SessionId,
    /// Which of the session's refresh tokens it is.
    pub generation: u32,
    /// When it was presented.
    pub at: Moment,
    /// How long the session lasts from then on.
    pub lifetimes: Lifetimes,
    /// The `User-Agent` that sent it.
    pub user_agent: String,
}

/// What decides whether the access tokens of a session are accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authority {
    /// Whether the session is there and is one of this user. It may have expired.
    pub has_session: bool,
    /// The user.
    pub user: Option<User>,
}

/// What the presented refresh token turned out to be.
#[derive(Clone, Debug)]
pub enum Rotation {
    /// It was the current one, or counts as it. The session now has the next one.
    Rotated(Session, User),
    /// Another tab has just exchanged it. Both tabs get the session's current token.
    Raced(Session, User),
    /// It was exchanged before, but its successor was never presented, so the answer was lost. The
    /// client gets that successor again.
    Resent(Session, User),
    /// It was used before, so somebody has a copy. The session has been ended.
    Reused,
    /// The session has ended, or the token was never valid.
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_amr_is_of_a_password_alone() {
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
        let of_password = serde_json::from_value::<Session>(row.clone()).unwrap();
        assert_eq!(of_password.amr, ["pwd"]);
        assert_eq!(serde_json::to_value(&of_password).unwrap(), row);
    }
}
