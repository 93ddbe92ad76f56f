//! The accounts of a run: unique names, strong passwords, and the sign-in of one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use data_encoding::BASE32_NOPAD;
use hallpass_contract::{Credentials, Login, User};
use reqwest::Client;
use reqwest::header::HeaderValue;

/// A registered account and the client that is used for it alone.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) client: Client,
    pub(crate) credentials: Credentials,
    pub(crate) user: User,
}

/// An account that is signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) account: Arc<Account>,
    pub(crate) token: Token,
}

/// An access token, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// `Bearer` and the token; marked sensitive, so that no log shows it.
    pub(crate) authorization: HeaderValue,
    /// From when on it is to be replaced, a little before it expires.
    pub(crate) renew_at: Instant,
}

impl Token {
    /// The token of a checked login that was answered at `now`.
    ///
    /// # Errors
    ///
    /// It contains what a header cannot carry.
    pub(crate) fn of(login: &Login, now: Instant) -> Result<Self, String> {
        let text = format!("Bearer {}", login.access_token.expose());
        let mut authorization =
            HeaderValue::from_str(&text).map_err(|_| "token unfit for a header".to_owned())?;
        authorization.set_sensitive(true);
        let life = Duration::from_secs(login.expires_in);
        // A server that counts whole seconds has cut off up to one already; a tenth, at most half a
        // minute, is for the way here and the way back.
        let margin = Duration::from_secs(1) + (life / 10).min(Duration::from_secs(30));
        Ok(Self { authorization, renew_at: now + life.saturating_sub(margin) })
    }
}

/// Whether a login's answer is what the contract promises for this user.
///
/// # Errors
///
/// What is wrong; the token itself is not shown.
pub(crate) fn check_login(login: &Login, user: &User) -> Result<(), String> {
    if login.access_token.expose().is_empty() {
        Err("empty access token".to_owned())
    } else if !login.token_type.eq_ignore_ascii_case("bearer") {
        Err(format!("wrong token_type: {:?}", login.token_type))
    } else if login.expires_in == 0 {
        Err("access token that has expired already".to_owned())
    } else if login.user.id != user.id || login.user.username != user.username {
        Err(format!("wrong user: {} for {}", login.user.username, user.username))
    } else {
        Ok(())
    }
}

/// Makes up the credentials of one run's accounts.
#[derive(Debug)]
pub(crate) struct Namer {
    run: String,
}

impl Namer {
    /// A namer whose names no other run has used, as far as 40 random bits can tell.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self { run: random_text::<5>()? })
    }

    pub(crate) fn credentials(&self, number: usize) -> anyhow::Result<Credentials> {
        Ok(Credentials {
            username: format!("load-{}-{number}", self.run),
            password: random_text::<20>()?.into(),
        })
    }
}

/// `N` random bytes as lower-case base32; a multiple of 5 leaves no bit unused.
fn random_text<const N: usize>() -> anyhow::Result<String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| anyhow!(e)).context("no random numbers")?;
    Ok(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, username: &str) -> User {
        User {
            id: id.into(),
            username: username.into(),
            roles: vec![],
            created_at: "2026-01-01T00:00:00Z".into(),
        }
    }

    fn login(expires_in: u64) -> Login {
        Login {
            access_token: "a.b.c".into(),
            token_type: "Bearer".into(),
            expires_in,
            user: user("1", "ann"),
        }
    }

    #[test]
    fn names_differ_within_a_run_and_between_runs() {
        let (one, other) = (Namer::new().unwrap(), Namer::new().unwrap());
        let name = |namer: &Namer, n| namer.credentials(n).unwrap().username;
        assert_ne!(name(&one, 0), name(&one, 1));
        assert_ne!(name(&one, 0), name(&other, 0));
    }

    #[test]
    fn credentials_keep_the_rules_of_the_contract() {
        let credentials = Namer::new().unwrap().credentials(99_999).unwrap();
        assert!((3..=64).contains(&credentials.username.len()));
        assert!(credentials.username.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        assert_eq!(credentials.password.expose().len(), 32);
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        let now = Instant::now();
        let life = |expires_in| Token::of(&login(expires_in), now).unwrap().renew_at - now;
        assert_eq!(life(900), Duration::from_secs(869));
        assert_eq!(life(10), Duration::from_secs(8));
        assert_eq!(life(1), Duration::ZERO);
    }

    #[test]
    fn a_login_for_someone_else_is_wrong() {
        assert_eq!(check_login(&login(900), &user("1", "ann")), Ok(()));
        assert!(check_login(&login(900), &user("2", "ann")).is_err());
        assert!(check_login(&login(900), &user("1", "bob")).is_err());
    }

    #[test]
    fn a_login_without_a_usable_token_is_wrong() {
        let ann = user("1", "ann");
        assert!(check_login(&login(0), &ann).is_err());
        assert!(check_login(&Login { access_token: "".into(), ..login(900) }, &ann).is_err());
        assert!(check_login(&Login { token_type: "mac".into(), ..login(900) }, &ann).is_err());
    }

    #[test]
    fn a_token_does_not_show_in_a_log() {
        let token = Token::of(&login(900), Instant::now()).unwrap();
        assert!(!format!("{token:?}").contains("a.b.c"));
    }
}
