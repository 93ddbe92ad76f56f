//! The fake server's tokens. They look like JWTs; good is what was handed out, not what is signed.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::Fault;

#[derive(Default)]
pub(super) struct Tokens {
    /// By access token.
    access: HashMap<String, Access>,
    /// Name and session by refresh token; each is good once.
    refresh: HashMap<String, (String, usize)>,
    made: usize,
    /// Sessions that were signed out.
    ended: HashSet<usize>,
}

struct Access {
    name: String,
    end: Instant,
    session: usize,
}

/// Why a token is refused.
#[derive(Debug, PartialEq)]
pub(super) enum Refused {
    Expired,
    Invalid,
}

impl Tokens {
    pub(super) fn made(&self) -> usize {
        self.made
    }

    /// An access token and a refresh token, of this session or else of a new one.
    pub(super) fn make(
        &mut self,
        name: &str,
        life: Duration,
        session: Option<usize>,
    ) -> (String, String) {
        self.made += 1;
        let session = session.unwrap_or(self.made);
        let claims = json!({"sub": format!("id-{name}"), "iat": 0, "exp": life.as_secs()});
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signature = BASE64URL_NOPAD.encode(format!("signature {}", self.made).as_bytes());
        let header = json!({"alg": "EdDSA", "typ": "at+jwt"});
        let token = format!("{}.{}.{signature}", part(&header), part(&claims));
        let access = Access { name: name.to_owned(), end: Instant::now() + life, session };
        self.access.insert(token.clone(), access);
        let refresh = format!("refresh-{}", self.made);
        self.refresh.insert(refresh.clone(), (name.to_owned(), session));
        (token, refresh)
    }

    /// Whose access token this is.
    pub(super) fn holder(&self, token: &str, fault: Fault) -> Result<String, Refused> {
        match self.access.get(token) {
            Some(it) if Instant::now() >= it.end && fault != Fault::TrustsExpired => {
                Err(Refused::Expired)
            }
            Some(it) if self.ended.contains(&it.session) && fault != Fault::KeepsSignedOut => {
                Err(Refused::Invalid)
            }
            Some(it) => Ok(it.name.clone()),
            None => believed(token, fault).ok_or(Refused::Invalid),
        }
    }

    /// Uses a refresh token up: whose it is, and of which session.
    pub(super) fn redeem(&mut self, refresh: &str) -> Option<(String, usize)> {
        let (name, session) = self.refresh.remove(refresh)?;
        (!self.ended.contains(&session)).then_some((name, session))
    }

    /// Ends the session of an access token; whether there is one.
    pub(super) fn sign_out(&mut self, token: &str) -> bool {
        let session = self.access.get(token).map(|it| it.session);
        session.is_some_and(|session| {
            self.ended.insert(session);
            true
        })
    }
}

/// The subject of a token that was not handed out, where the server is careless enough.
fn believed(token: &str, fault: Fault) -> Option<String> {
    let mut parts = token.split('.').map(|part| {
        let part = BASE64URL_NOPAD.decode(part.as_bytes()).unwrap_or_default();
        serde_json::from_slice::<Value>(&part).unwrap_or_default()
    });
    let (header, claims) = (parts.next()?, parts.next()?);
    let trusts = match fault {
        Fault::TrustsClaims => header["alg"] == "EdDSA",
        Fault::TrustsAlgorithm(algorithm) => header["alg"] == algorithm,
        _ => false,
    };
    let sub = claims["sub"].as_str()?;
    trusts.then(|| sub.trim_start_matches("id-").to_owned())
}
