//! Who signs in, and what a sign-in leaves with them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass_contract::Secret;
use http::HeaderValue;

/// Somebody who is registered, or is about to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) password: Secret,
    /// The secret of its one-time codes in base32, if it signs in with them.
    pub(crate) totp: Option<Secret>,
}

impl Account {
    pub(crate) fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self { username: username.into(), password: Secret::from(password.into()), totp: None }
    }
}

/// An account that is signed in. What belongs to one session stays together.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) account: Arc<Account>,
    pub(crate) token: Token,
    /// `None` if the server gives no refresh tokens, or the target's file names none.
    pub(crate) refresh: Option<RefreshToken>,
}

/// An access token, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// `Bearer` and the token; marked sensitive, so that no log shows it.
    pub(crate) authorization: HeaderValue,
    /// How long it lives from its receipt on; `None` if nothing says.
    pub(crate) life: Option<Duration>,
    received: Instant,
    /// Whose it is, if the answer to the login said so.
    pub(crate) user_id: Option<String>,
}

impl Token {
    /// The token that was received at `received`.
    pub(crate) fn new(
        text: &str,
        life: Option<Duration>,
        received: Instant,
        user_id: Option<String>,
    ) -> Result<Self, String> {
        Ok(Self { authorization: bearer(text)?, life, received, user_id })
    }

    /// Without `Bearer`; empty never, since nothing but [`new`](Self::new) makes one.
    pub(crate) fn text(&self) -> &str {
        let text = self.authorization.to_str().unwrap_or_default();
        text.strip_prefix(SCHEME).unwrap_or_default()
    }

    /// Whether it is to be replaced, which is a little before it expires.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.renew_at().is_some_and(|at| now >= at)
    }

    /// Whether it is to be replaced early. `spread`, from 0 to 1, places the moment between 50 %
    /// and 85 % of the time until it is due. The rest is for a server that pauses just then.
    pub(crate) fn is_due_early(&self, now: Instant, spread: f64) -> bool {
        let Some(at) = self.renew_at() else { return false };
        let until = at.saturating_duration_since(self.received);
        now >= self.received + until.mul_f64(0.5 + 0.35 * spread.clamp(0.0, 1.0))
    }

    /// When it has expired for certain, by the clock of whoever counts whole seconds.
    pub(crate) fn expired_at(&self) -> Option<Instant> {
        Some(self.received + self.life? + Duration::from_secs(1))
    }

    fn renew_at(&self) -> Option<Instant> {
        let life = self.life?;
        // A server that counts whole seconds may have cut off one already. A tenth, at most half a
        // minute, is for the way here and back.
        let margin = Duration::from_secs(1) + (life / 10).min(Duration::from_secs(30));
        Some(self.received + life.saturating_sub(margin))
    }
}

/// A refresh token: the header that carries it. Its `Debug` does not show it.
#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) name: http::HeaderName,
    pub(crate) value: HeaderValue,
}

const SCHEME: &str = "Bearer ";

/// The `Authorization` of a bearer token (RFC 6750 section 2.1), marked sensitive.
pub(crate) fn bearer(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(&format!("{SCHEME}{text}"))
        .map_err(|_| "token unfit for a header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(life: u64, received: Instant) -> Token {
        Token::new("a.b.c", Some(Duration::from_secs(life)), received, None).unwrap()
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        let now = Instant::now();
        let renewed_after = |life| token(life, now).renew_at().unwrap() - now;
        assert_eq!(renewed_after(900), Duration::from_secs(869));
        assert_eq!(renewed_after(10), Duration::from_secs(8));
        assert_eq!(renewed_after(1), Duration::ZERO);
    }

    #[test]
    fn a_token_of_unknown_life_is_never_due_and_never_known_to_have_expired() {
        let now = Instant::now();
        let token = Token::new("a.b.c", None, now, None).unwrap();
        assert!(!token.is_due(now + Duration::from_secs(1_000_000)));
        assert_eq!(token.expired_at(), None);
    }

    #[test]
    fn a_token_does_not_show_in_a_log() {
        let token = token(900, Instant::now());
        assert!(!format!("{token:?}").contains("a.b.c"));
        assert_eq!(token.text(), "a.b.c");
    }
}
