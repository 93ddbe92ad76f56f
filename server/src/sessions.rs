//! Sessions and their refresh tokens.
//!
//! Token n of a session is `base64url(session id, n, HMAC-SHA256(key, seed, session id, n))`. The
//! store keeps the seed and n, and the data directory keeps the key. Neither alone can make a
//! token. No token is stored, yet each one that was ever issued is recognized when it is replayed.

use std::sync::Arc;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use crate::keys::RandomKey;
use crate::store::{Lifetimes, Moment, Session, SessionId, UserId};

/// Bytes of a token before base64url: session id, generation, MAC.
const TOKEN_LEN: usize = 16 + 4 + 32;

/// Makes sessions and their refresh tokens.
#[derive(Debug)]
pub struct Sessions {
    key: Arc<ArcSwap<RandomKey>>,
    lifetimes: Lifetimes,
}

/// A refresh token that was presented. It is well-formed, but not checked yet.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    /// The session that it claims to belong to.
    pub id: SessionId,
    /// Which of the session's tokens it claims to be, counted from 0.
    pub generation: u32,
    mac: [u8; 32],
}

/// A refresh token that is handed out.
#[derive(Clone, Debug)]
pub struct IssuedRefreshToken {
    /// The token itself.
    pub token: Secret,
    /// For how many seconds it is good.
    pub left_s: u64,
}

impl Sessions {
    /// Makes sessions that last as long as `lifetimes` says. All sessions end if the next start has
    /// another `key`.
    pub fn new(key: Arc<ArcSwap<RandomKey>>, lifetimes: Lifetimes) -> Self {
        Self { key, lifetimes }
    }

    /// How long sessions last.
    pub fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// A new session of a user who has just proved who they are, by these methods (RFC 8176).
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub fn begin(
        &self,
        user: UserId,
        amr: Vec<String>,
        user_agent: String,
        at: Moment,
    ) -> anyhow::Result<Session> {
        let now = at.now;
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).context("the system has no randomness")?;
        let mut session = Session {
            id: SessionId::new(now),
            user,
            seed,
            generation: 0,
            created_at: now,
            refreshed_at: now,
            auth_time: now,
            amr,
            expires_at: now,
            tokens_expired_at: at.tokens_expired_at,
            user_agent,
        };
        session.refreshed(at, self.lifetimes);
        Ok(session)
    }

    /// Whether the token is one of this session's, current or not.
    pub fn is_authentic(&self, token: &RefreshToken, session: &Session) -> bool {
        token.id == session.id
            && self.mac(session, token.generation).verify_slice(&token.mac).is_ok()
    }

    /// The session's current refresh token, to be handed out.
    pub fn issue(&self, session: &Session, now: Timestamp) -> IssuedRefreshToken {
        let left = session.expires_at.duration_since(now).as_millis().max(0);
        // Rounded up, so that a session of 30 days has a cookie of 30 days.
        let left_s = u64::try_from(left.unsigned_abs().div_ceil(1000)).unwrap_or(u64::MAX);
        IssuedRefreshToken { token: self.token(session), left_s }
    }

    /// The session's current token.
    fn token(&self, session: &Session) -> Secret {
        let mut bytes = Vec::with_capacity(TOKEN_LEN);
        bytes.extend(session.id.as_bytes());
        bytes.extend(session.generation.to_be_bytes());
        bytes.extend(self.mac(session, session.generation).finalize().into_bytes());
        BASE64URL_NOPAD.encode(&bytes).into()
    }

    fn mac(&self, session: &Session, generation: u32) -> Hmac<Sha256> {
        let key = self.key.load();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
        mac.update(&session.seed);
        mac.update(session.id.as_bytes());
        mac.update(&generation.to_be_bytes());
        mac
    }
}

impl RefreshToken {
    /// Reads a token as it was handed out.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (id, rest) = bytes.split_first_chunk()?;
        let (generation, mac) = rest.split_first_chunk()?;
        Some(Self {
            id: SessionId::from_bytes(*id),
            generation: u32::from_be_bytes(*generation),
            mac: mac.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const IDLE: Duration = Duration::from_secs(1000);

    fn sessions() -> Sessions {
        let lifetimes = Lifetimes { idle: IDLE, absolute: IDLE * 3 };
        Sessions::new(Arc::new(ArcSwap::from_pointee(RandomKey::generate().unwrap())), lifetimes)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn moment(seconds: i64) -> Moment {
        Moment { now: at(seconds), tokens_expired_at: at(seconds + 900) }
    }

    fn session(sessions: &Sessions) -> Session {
        sessions.begin(UserId::new(at(0)), Vec::new(), String::new(), moment(0)).unwrap()
    }

    fn parse(sessions: &Sessions, session: &Session) -> RefreshToken {
        RefreshToken::parse(sessions.token(session).expose()).unwrap()
    }

    #[test]
    fn a_session_recognizes_every_token_it_ever_had_and_no_other() {
        let sessions = sessions();
        let mut session = session(&sessions);
        let other = self::session(&sessions);
        let first = parse(&sessions, &session);
        session.generation = 41;
        let later = parse(&sessions, &session);
        assert_eq!((first.generation, later.generation), (0, 41));
        for token in [&first, &later] {
            assert!(sessions.is_authentic(token, &session));
            assert!(!sessions.is_authentic(token, &other));
            assert!(!self::sessions().is_authentic(token, &session), "another key");
        }
        let renumbered = RefreshToken { generation: 1, ..first };
        assert!(!sessions.is_authentic(&renumbered, &session));
    }

    #[test]
    fn no_byte_of_a_token_can_be_changed() {
        let sessions = sessions();
        let session = session(&sessions);
        let token = sessions.token(&session);
        for n in 0..token.expose().len() {
            let mut bytes = token.expose().as_bytes().to_vec();
            bytes[n] = if bytes[n] == b'A' { b'B' } else { b'A' };
            let changed = RefreshToken::parse(std::str::from_utf8(&bytes).unwrap());
            assert!(!changed.is_some_and(|token| sessions.is_authentic(&token, &session)), "{n}");
        }
        for bad in ["", "A", "AAAA", &token.expose()[1..], &format!("{}AAAA", token.expose())] {
            assert!(RefreshToken::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_session_ends_when_it_is_idle_or_too_old() {
        let sessions = sessions();
        let mut session = session(&sessions);
        assert!(session.is_live(at(999)) && !session.is_live(at(1000)));
        session.refreshed(moment(999), sessions.lifetimes());
        assert!(session.is_live(at(1998)) && !session.is_live(at(1999)));
        session.refreshed(moment(2900), sessions.lifetimes());
        assert!(session.is_live(at(2999)) && !session.is_live(at(3000)));
    }

    #[test]
    fn a_token_is_good_for_as_long_as_its_session_in_seconds_rounded_up() {
        let sessions = sessions();
        let a_moment_later = at(400).checked_add(Duration::from_millis(1)).unwrap();
        assert_eq!(sessions.issue(&session(&sessions), a_moment_later).left_s, 600);
    }
}
