//! The fake server's tokens. They look like JWTs; good is what was handed out, not what is signed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::Fault;

#[derive(Default)]
pub(super) struct Tokens {
    /// Name and end by access token.
    access: HashMap<String, (String, Instant)>,
    /// Name by refresh token; each is good once.
    refresh: HashMap<String, String>,
    made: usize,
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

    /// An access token and a refresh token.
    pub(super) fn make(&mut self, name: &str, life: Duration) -> (String, String) {
        self.made += 1;
        let claims = json!({"sub": format!("id-{name}"), "iat": 0, "exp": life.as_secs()});
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signature = BASE64URL_NOPAD.encode(format!("signature {}", self.made).as_bytes());
        let header = json!({"alg": "EdDSA", "typ": "at+jwt"});
        let token = format!("{}.{}.{signature}", part(&header), part(&claims));
        self.access.insert(token.clone(), (name.to_owned(), Instant::now() + life));
        let refresh = format!("refresh-{}", self.made);
        self.refresh.insert(refresh.clone(), name.to_owned());
        (token, refresh)
    }

    /// Whose access token this is.
    pub(super) fn holder(&self, token: &str, fault: Fault) -> Result<String, Refused> {
        match self.access.get(token) {
            Some((_, end)) if Instant::now() >= *end && fault != Fault::TrustsExpired => {
                Err(Refused::Expired)
            }
            Some((name, _)) => Ok(name.clone()),
            None => believed(token, fault).ok_or(Refused::Invalid),
        }
    }

    /// Uses a refresh token up.
    pub(super) fn redeem(&mut self, refresh: &str) -> Option<String> {
        self.refresh.remove(refresh)
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
