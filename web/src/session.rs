//! The signed-in session: the stored access token and when it stops being worth sending.

use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::Secret;
use serde::Deserialize;

/// Seconds since 1970-01-01T00:00:00Z by this device's clock.
pub type Seconds = i64;

/// What is read of a [`hallpass_contract::Login`]: who signed in stands in the token, too.
#[derive(Debug, Deserialize)]
pub struct Started {
    /// The access token.
    pub access_token: Secret,
    /// For how many seconds it is good.
    pub expires_in: Seconds,
}

/// A token that this browser holds. Its signature is the server's business; what is read here
/// only spares a request that could not succeed and shows a name before any answer has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The access token as it is sent.
    pub token: Secret,
    /// The `sid` claim, which stays the same when the token is renewed.
    pub id: String,
    /// The `sub` claim: the user's id.
    pub subject: String,
    /// The name to greet.
    pub username: String,
    /// What the server last let the user do.
    pub roles: Vec<String>,
    /// The `exp` claim: by the server's clock.
    expires_at: Seconds,
    /// How long before that it is renewed.
    lead: Seconds,
    /// Add to this device's clock to get the server's.
    clock_offset: Seconds,
}

/// The claims of RFC 9068 section 2.2 that the frontend reads.
#[derive(Deserialize)]
struct Claims {
    exp: Seconds,
    iat: Seconds,
    sub: String,
    sid: String,
    username: String,
    #[serde(default)]
    roles: Vec<String>,
}

/// No server of ours issues a token for longer; one that lasts for ever was made by somebody else.
const MAX_LIFETIME: Seconds = 24 * 60 * 60;

/// A token is renewed this long before its end, or a fifth of its life, whichever is less.
const MAX_LEAD: Seconds = 30;

/// Seconds that the server's clock and what is known of it may differ.
const CLOCK_TOLERANCE: u64 = 5;

impl Claims {
    fn lifetime(&self) -> Option<Seconds> {
        let lifetime = self.exp.checked_sub(self.iat)?;
        let is_ours = !self.sub.is_empty() && !self.sid.is_empty();
        (is_ours && (1..=MAX_LIFETIME).contains(&lifetime)).then_some(lifetime)
    }
}

impl Session {
    /// Reads a stored token. None if it is not a JWT of ours, in which case it opens no door.
    pub fn restore(token: &str, clock_offset: Seconds) -> Option<Self> {
        let claims = claims(token)?;
        Some(Self {
            token: token.into(),
            lead: lead(claims.lifetime()?),
            id: claims.sid,
            subject: claims.sub,
            username: claims.username,
            roles: claims.roles,
            expires_at: claims.exp,
            clock_offset,
        })
    }

    /// Starts a session with a login's answer. `expires_in` counts from now by the server's clock,
    /// so together with `exp` it tells how wrong this device's clock is: a device that is an hour
    /// ahead would otherwise end every session the moment it begins.
    pub fn start(login: &Started, now: Seconds) -> Option<Self> {
        let mut session = Self::restore(login.access_token.expose(), 0)?;
        let issued_at = session.expires_at.saturating_sub(login.expires_in);
        session.clock_offset = issued_at.saturating_sub(now);
        Some(session)
    }

    /// Learns the server's time, and says whether that was news: this device's clock was set since,
    /// or what was stored about it is wrong. A few seconds are what answers take on their way.
    pub fn set_clock(&mut self, server_time: Seconds, now: Seconds) -> bool {
        let offset = server_time.saturating_sub(now);
        let is_news = offset.abs_diff(self.clock_offset) > CLOCK_TOLERANCE;
        if is_news {
            self.clock_offset = offset;
        }
        is_news
    }

    /// Whether the user has the role, as far as the token knows.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|has| has == role)
    }

    /// Whether the server would refuse the token by now.
    pub fn is_expired(&self, now: Seconds) -> bool {
        now.saturating_add(self.clock_offset) >= self.expires_at
    }

    /// The seconds until the server refuses the token.
    pub fn remaining(&self, now: Seconds) -> Seconds {
        self.expires_at.saturating_sub(self.clock_offset).saturating_sub(now)
    }

    /// When the token should be renewed, by this device's clock.
    pub fn due_at(&self) -> Seconds {
        self.expires_at.saturating_sub(self.lead).saturating_sub(self.clock_offset)
    }

    /// Whether the token should be renewed by now.
    pub fn is_due(&self, now: Seconds) -> bool {
        self.due_at() <= now
    }

    /// What to store beside the token for [`restore`](Self::restore).
    pub fn clock_offset(&self) -> Seconds {
        self.clock_offset
    }
}

fn lead(lifetime: Seconds) -> Seconds {
    MAX_LEAD.min(lifetime / 5)
}

fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let payload = String::from_utf8(BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()?;
    // Not from bytes: that would be another copy of the parser, 8 KB of it.
    serde_json::from_str(&payload).ok()
}

/// What the browser's storage had to say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stored {
    /// A token, and the clock offset kept with it.
    Token(Secret, Seconds),
    /// Nothing: signed out.
    Nothing,
    /// The storage cannot be used, so it says nothing about the session in memory.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::jwt;

    fn started(exp: Seconds, expires_in: Seconds) -> Started {
        Started { access_token: jwt("ada", exp).into(), expires_in }
    }

    #[test]
    fn a_stored_token_tells_its_user_and_its_expiry() {
        let session = Session::restore(&jwt("ada", 1_000), 0).unwrap();
        assert_eq!(session.username, "ada");
        assert!(!session.is_expired(999));
        assert!(session.is_expired(1_000));
    }

    #[test]
    fn what_is_not_a_token_of_ours_is_no_session() {
        for text in ["", "null", "a.b", "a.b.c", "a.e30.c", &format!("{}.d", jwt("ada", 1))] {
            assert_eq!(Session::restore(text, 0), None, "{text:?}");
        }
    }

    #[test]
    fn a_token_that_lasts_too_long_or_names_no_session_is_none_of_ours() {
        let token = |claims: serde_json::Value| {
            let payload = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
            Session::restore(&format!("e30.{payload}.c2ln"), 0)
        };
        let claims = |exp: Seconds, sid: &str| serde_json::json!({"exp": exp, "iat": 0, "sub": "id", "sid": sid, "username": "ada"});
        assert!(token(claims(MAX_LIFETIME, "sid")).is_some());
        assert!(token(claims(MAX_LIFETIME + 1, "sid")).is_none(), "eternal");
        assert!(token(claims(Seconds::MAX, "sid")).is_none(), "eternal");
        assert!(token(claims(0, "sid")).is_none(), "over before it began");
        assert!(token(claims(900, "")).is_none());
    }

    #[test]
    fn a_token_is_renewed_ahead_of_its_end_and_a_short_one_not_all_the_time() {
        let long = Session::restore(&jwt("ada", 1_000), 0).unwrap();
        assert!(!long.is_due(969) && long.is_due(970));
        let payload = serde_json::json!(
            {"exp": 1_005, "iat": 1_000, "sub": "id", "sid": "sid", "username": "ada"}
        );
        let payload = BASE64URL_NOPAD.encode(payload.to_string().as_bytes());
        let short = Session::restore(&format!("e30.{payload}.c2ln"), 0).unwrap();
        assert!(!short.is_due(1_003) && short.is_due(1_004));
    }

    #[test]
    fn a_wrong_clock_does_not_end_a_session_that_has_just_begun() {
        let an_hour_ahead = 1_000 + 3_600;
        let session = Session::start(&started(1_900, 900), an_hour_ahead).unwrap();
        assert_eq!(session.clock_offset(), -3_600);
        assert!(!session.is_expired(an_hour_ahead + 899));
        assert!(session.is_expired(an_hour_ahead + 900));
    }

    #[test]
    fn a_clock_that_is_set_later_is_noticed_and_a_slow_answer_is_not() {
        let mut session = Session::start(&started(1_900, 900), 1_000).unwrap();
        assert!(!session.set_clock(1_010, 1_013));
        assert!(session.set_clock(1_020, 1_020 - 600), "ten minutes behind");
        assert_eq!(session.clock_offset(), 600);
        assert!(!session.is_due(1_260) && session.is_due(1_270));
    }

    #[test]
    fn the_clock_offset_survives_a_reload() {
        let an_hour_ahead = 1_000 + 3_600;
        let started = Session::start(&started(1_900, 900), an_hour_ahead).unwrap();
        let restored = Session::restore(started.token.expose(), started.clock_offset());
        assert_eq!(restored, Some(started));
    }

    #[test]
    fn an_absurd_offset_does_not_overflow() {
        let session = Session::restore(&jwt("ada", 1_000), Seconds::MAX).unwrap();
        assert!(session.is_expired(1));
    }
}
