//! Requests that must be refused. Each case is genuine: an expired token is one that the server
//! signed, sent after its end. A case that cannot be had honestly is skipped, with the reason.

mod forge;
mod keys;

use std::time::{Duration, Instant};

use http::HeaderValue;

use crate::accounts::Provisioner;
use crate::sut::{BadLogin, BadToken, Call, SignedIn, Target, Token, bearer};

/// The cases that can be tried on this server.
#[derive(Debug)]
pub(crate) struct Negative {
    /// In the order in which a user tries them, over and over.
    calls: Vec<Call>,
    expired: Option<HeaderValue>,
    /// HS256 secrets made of the server's public keys.
    secrets: Vec<Vec<u8>>,
    skipped: Vec<(Call, String)>,
}

impl Negative {
    /// Finds out which cases can be tried, and waits until the token of `doomed` has expired, if
    /// that takes no longer than `patience`.
    pub(crate) async fn prepare(
        provisioner: &Provisioner<'_>,
        target: &Target,
        doomed: &SignedIn,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let mut skipped = Vec::new();
        let mut skip = |case, reason: String| skipped.push((Call::BadToken(case), reason));
        let jwt = forge::is_jwt(doomed.token.text());
        let mut secrets = Vec::new();
        if !jwt {
            skip(BadToken::AlgNone, NO_JWT.to_owned());
            skip(BadToken::AlgHs256, NO_JWT.to_owned());
        } else {
            match public_keys(provisioner, target).await? {
                Ok(of_keys) => secrets = of_keys,
                Err(reason) => skip(BadToken::AlgHs256, reason),
            }
        }
        let leeway = Duration::from_secs(target.spec().verify.leeway_seconds);
        let expired = match time_left(&doomed.token, leeway, patience) {
            Ok(left) => {
                if !left.is_zero() {
                    eprintln!("waiting {:.0} s for a token to expire", left.as_secs_f64().ceil());
                }
                provisioner.pause(left).await?;
                Some(doomed.token.authorization.clone())
            }
            Err(reason) => {
                skip(BadToken::Expired, reason);
                None
            }
        };
        let calls = CASES.into_iter().filter(|call| !skipped.iter().any(|(is, _)| is == call));
        Ok(Self { calls: calls.collect(), expired, secrets, skipped })
    }

    /// The case of a user's turn, and which of its variants it is.
    pub(crate) fn case(&self, turn: usize) -> (Call, usize) {
        let cases = self.calls.len().max(1);
        let call = self.calls.get(turn % cases).copied();
        (call.unwrap_or(Call::BadLogin(BadLogin::WrongPassword)), turn / cases)
    }

    /// The `Authorization` of a token that is bad in this way, made of a good one.
    pub(crate) fn authorization(
        &self,
        case: BadToken,
        good: &Token,
        variant: usize,
    ) -> Result<HeaderValue, String> {
        let pick = |variants: &[String]| variants.get(variant % variants.len().max(1)).cloned();
        let secret = self.secrets.get(variant % self.secrets.len().max(1));
        let forged = match case {
            BadToken::Expired => return self.expired.clone().ok_or_else(unfit),
            BadToken::Tampered => pick(&forge::tampered(good.text())),
            BadToken::AlgNone => forge::unsigned(good.text()),
            BadToken::AlgHs256 => secret.and_then(|key| forge::signed_with(good.text(), key)),
        };
        bearer(&forged.ok_or_else(unfit)?)
    }

    /// The calls that are tried.
    pub(crate) fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The cases that can't be tried, and why.
    pub(crate) fn skipped(&self) -> &[(Call, String)] {
        &self.skipped
    }
}

/// All of them.
const CASES: [Call; 6] = [
    Call::BadLogin(BadLogin::WrongPassword),
    Call::BadToken(BadToken::Tampered),
    Call::BadToken(BadToken::Expired),
    Call::BadLogin(BadLogin::UnknownUser),
    Call::BadToken(BadToken::AlgNone),
    Call::BadToken(BadToken::AlgHs256),
];

const NO_JWT: &str = "its tokens are no JWTs";

fn unfit() -> String {
    "no such token can be made of this one".to_owned()
}

/// HS256 secrets made of the server's public keys, or why there are none.
async fn public_keys(
    provisioner: &Provisioner<'_>,
    target: &Target,
) -> anyhow::Result<Result<Vec<Vec<u8>>, String>> {
    let Some(request) = target.keys_request() else {
        return Ok(Err(format!("the target {} has no [keys]", target.spec().name)));
    };
    let answer = provisioner.get(request).await?;
    if !answer.status().is_success() {
        return Ok(Err(format!("its keys answer {}", answer.status())));
    }
    match keys::secrets(answer.body()) {
        secrets if secrets.is_empty() => Ok(Err("it publishes no public key".to_owned())),
        secrets => Ok(Ok(secrets)),
    }
}

/// How long until the token has expired for certain, or why that is not waited for.
fn time_left(token: &Token, leeway: Duration, patience: Duration) -> Result<Duration, String> {
    let Some(at) = token.expired_at() else {
        return Err("nothing says how long its tokens live".to_owned());
    };
    let left = (at + leeway).saturating_duration_since(Instant::now());
    if left <= patience {
        return Ok(left);
    }
    let left = humantime::format_duration(Duration::from_secs(left.as_secs()));
    Err(format!("a token takes {left} to expire, which is longer than --expiry-wait"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negative(calls: &[Call]) -> Negative {
        let expired = Some(bearer("old").unwrap());
        Negative { calls: calls.to_vec(), expired, secrets: vec![vec![1]], skipped: vec![] }
    }

    #[test]
    fn a_user_tries_every_case_in_turn_and_then_its_next_variant() {
        let negative = negative(&CASES);
        let tried: Vec<(Call, usize)> = (0..12).map(|turn| negative.case(turn)).collect();
        assert_eq!(tried.iter().filter(|(_, variant)| *variant == 1).count(), CASES.len());
        assert!(
            CASES.iter().all(|case| tried.contains(&(*case, 0)) && tried.contains(&(*case, 1)))
        );
    }

    #[test]
    fn an_expired_token_is_the_one_that_was_waited_for_and_not_a_forgery() {
        let good = Token::new("new", None, Instant::now(), None).unwrap();
        let expired = negative(&CASES).authorization(BadToken::Expired, &good, 3).unwrap();
        assert_eq!(expired, "Bearer old");
    }

    #[test]
    fn the_end_of_a_token_is_waited_for_only_if_it_is_near_and_known() {
        let token = |life: Option<u64>| {
            Token::new("t", life.map(Duration::from_secs), Instant::now(), None).unwrap()
        };
        let left = |life, leeway, patience| {
            let seconds = Duration::from_secs;
            time_left(&token(life), seconds(leeway), seconds(patience))
        };
        let waits = left(Some(5), 0, 30).unwrap();
        assert!(waits > Duration::from_secs(5) && waits <= Duration::from_secs(6), "{waits:?}");
        assert!(left(Some(5), 30, 30).unwrap_err().contains("--expiry-wait"));
        assert!(left(Some(900), 0, 30).unwrap_err().contains("15m"));
        assert!(left(None, 0, 30).unwrap_err().contains("nothing says"));
    }
}
