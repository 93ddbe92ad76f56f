use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Tokens;
use super::checks::{check_algorithm, check_members, check_type};
use super::claims::{Claims, audience, seconds, text};
use super::fault::{Fault, TokenKind, span, time};
use super::segments::{Object, Segments};

/// What a token says and what is wrong with it, for the operator. Nothing of it can be trusted
/// unless `accepted`. Strings in `header` and `claims` are as the token has them: escape control
/// characters before you print them. The sentences are safe.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Inspection {
    /// Whether [`Tokens::accept`] accepts it, for what its `typ` says. This does not check whether
    /// the user and the session still exist.
    pub accepted: bool,
    /// The decoded header, if it can be decoded.
    pub header: Option<Value>,
    /// The decoded claims, if they can be decoded.
    pub claims: Option<Value>,
    /// The checks, in order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Check {
    /// The member of the token, or `shape`, `header`, `key`, `signature` or `claims`.
    pub name: String,
    /// Its result.
    pub outcome: CheckOutcome,
    /// A sentence about the result.
    pub detail: String,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckOutcome {
    /// All is as it must be.
    Passed,
    /// The token is refused because of this.
    Failed,
    /// The check could not be made, because an earlier one failed.
    Skipped,
}

impl Tokens {
    /// Decodes a token without trusting it, and makes all checks of [`accept`](Self::accept). It
    /// goes on after the first one that fails.
    pub fn inspect(&self, token: &str, now: Timestamp) -> Inspection {
        let mut report = Report(Vec::new());
        let split = report.add("shape", Segments::split(token), |_| {
            format!("three parts between dots, {} bytes", token.len())
        });
        let (mut header, mut claims) = (None, None);
        if let Some(segments) = &split {
            header = report.add("header", segments.header(), |_| "a JSON object".to_owned());
            if let Some(header) = &header {
                self.inspect_header(segments, header, now, &mut report);
            }
            claims = report.add("claims", segments.claims(), |_| "a JSON object".to_owned());
            if let Some(claims) = &claims {
                let kind = header.as_ref().and_then(|header| check_type(header).ok());
                let kind = kind.unwrap_or(TokenKind::Access);
                self.inspect_claims(claims, kind, now, &mut report);
            }
        }
        let accepted = report.0.iter().all(|check| check.outcome == CheckOutcome::Passed);
        let (header, claims) = (header.map(Value::Object), claims.map(Value::Object));
        Inspection { accepted, header, claims, checks: report.0 }
    }

    fn inspect_header(
        &self,
        segments: &Segments<'_>,
        header: &Object,
        now: Timestamp,
        report: &mut Report,
    ) {
        report.add("header", check_members(header), |()| "it offers no key of its own".to_owned());
        report.add("typ", check_type(header), |kind| match kind {
            TokenKind::Access => format!("typ is \"{}\"", kind.typ()),
            TokenKind::Setup => format!("typ is \"{}\": for a second factor alone", kind.typ()),
            TokenKind::Guard => format!("typ is \"{}\": for guarded pages alone", kind.typ()),
        });
        let key = report
            .add("key", self.find_key(header, now), |key| format!("key {} verifies", key.kid()));
        let Some(key) = key else {
            report.skip("alg", "there is no key that could say what alg must be");
            return report.skip("signature", "there is no key to check it with");
        };
        let pinned = format!("alg is {}, as key {} is for", key.algorithm(), key.kid());
        if report.add("alg", check_algorithm(header, &key), |()| pinned).is_none() {
            return report.skip("signature", "a key is used with its own algorithm only");
        }
        report.add("signature", segments.check_signature(&key), |()| {
            format!("it is what key {} makes of this header and these claims", key.kid())
        });
    }

    fn inspect_claims(
        &self,
        claims: &Object,
        kind: TokenKind,
        now: Timestamp,
        report: &mut Report,
    ) {
        let iss = text(claims, "iss").and_then(|iss| self.check_issuer(&iss));
        report.add("iss", iss, |()| "it is this server".to_owned());
        let aud = audience(claims).and_then(|aud| self.check_audience(&aud, kind));
        report.add("aud", aud, |()| "it holds the audience of this server".to_owned());
        report.add("sub", text(claims, "sub"), |_| "it is a string".to_owned());
        let second = now.as_second();
        let exp = seconds(claims, "exp");
        let exp = exp.and_then(|exp| self.check_expiry(exp, now).map(|()| exp));
        report.add("exp", exp, |exp| match span(second, *exp) {
            _ if *exp <= second => format!("it expired at {} and leeway forgives it", time(*exp)),
            left => format!("it expires in {left}, at {}", time(*exp)),
        });
        let nbf = seconds(claims, "nbf");
        let nbf = nbf.and_then(|nbf| self.check_not_before(nbf, now).map(|()| nbf));
        report.add("nbf", nbf, |nbf| format!("it is valid since {}", time(*nbf)));
        let all = Claims::from_object(claims);
        report.add("claims", all, |_| "all claims are there and of their types".to_owned());
    }
}

struct Report(Vec<Check>);

impl Report {
    /// Notes a check's result, and returns its value.
    fn add<T>(
        &mut self,
        name: &str,
        result: Result<T, Fault>,
        passed: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let (outcome, detail) = match &result {
            Ok(value) => (CheckOutcome::Passed, passed(value)),
            Err(fault) => (CheckOutcome::Failed, fault.to_string()),
        };
        self.0.push(Check { name: name.to_owned(), outcome, detail });
        result.ok()
    }

    fn skip(&mut self, name: &str, why: &str) {
        let (outcome, detail) = (CheckOutcome::Skipped, why.to_owned());
        self.0.push(Check { name: name.to_owned(), outcome, detail });
    }
}
