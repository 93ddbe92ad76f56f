//! How a server's answers are read: whether one is right, and what it leaves with the user.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::{Problem, kind};
use http::header::{AUTHORIZATION, COOKIE, DATE, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::Value;

use super::call::Call;
use super::outcome::{Failure, Outcome};
use super::protocol::Target;
use super::spec::RefreshWith;
use super::values::Pointer;
use super::{Account, RefreshToken, SignedIn, Token, bearer};

impl Target {
    /// The answer to a registration.
    ///
    /// # Errors
    ///
    /// It is not the one that was asked for.
    pub(crate) fn read_registration(&self, response: &Response<Bytes>) -> Result<(), Failure> {
        self.check_status(Call::Register, response)
    }

    /// The answer to a login, received at `now`.
    ///
    /// # Errors
    ///
    /// It is not the one that was asked for, or signs somebody else in.
    pub(crate) fn read_login(
        &self,
        account: &Arc<Account>,
        response: &Response<Bytes>,
        now: Instant,
    ) -> Result<SignedIn, Failure> {
        self.read_session(Call::Login, account, response, now)
    }

    /// The session of an answer to this call, which signs the account in.
    pub(super) fn read_session(
        &self,
        call: Call,
        account: &Arc<Account>,
        response: &Response<Bytes>,
        now: Instant,
    ) -> Result<SignedIn, Failure> {
        self.check_status(call, response)?;
        let document = json(response)?;
        let (token, refresh) = self.read_tokens(account, response, &document, now)?;
        if matches!(self.refresh_with(), Some(RefreshWith::Cookie(_))) && refresh.is_none() {
            return Err(Failure::wrong("no refresh cookie", ""));
        }
        Ok(SignedIn { account: Arc::clone(account), token, refresh })
    }

    /// The answer to a refresh of this session, received at `now`.
    ///
    /// # Errors
    ///
    /// It is not the one that was asked for, or is somebody else's session.
    pub(crate) fn read_refresh(
        &self,
        before: &SignedIn,
        response: &Response<Bytes>,
        now: Instant,
    ) -> Result<SignedIn, Failure> {
        self.check_status(Call::Refresh, response)?;
        let document = json(response)?;
        let (mut token, refresh) = self.read_tokens(&before.account, response, &document, now)?;
        same("user id", token.user_id.as_deref(), before.token.user_id.as_deref())?;
        token.user_id = before.token.user_id.clone();
        // A server that does not rotate sends no other one.
        let refresh = refresh.or_else(|| before.refresh.clone());
        Ok(SignedIn { account: Arc::clone(&before.account), token, refresh })
    }

    /// The answer to a sign-out.
    ///
    /// # Errors
    ///
    /// It is not the one that was asked for.
    pub(crate) fn read_sign_out(&self, response: &Response<Bytes>) -> Result<(), Failure> {
        self.check_status(Call::SignOut, response)
    }

    /// The answer to a verification.
    ///
    /// # Errors
    ///
    /// It is not the one that was asked for, or names somebody else.
    pub(crate) fn read_verify(
        &self,
        user: &SignedIn,
        response: &Response<Bytes>,
    ) -> Result<(), Failure> {
        self.check_status(Call::Verify, response)?;
        let verify = &self.spec.verify;
        if verify.username.is_none() && verify.user_id.is_none() {
            return Ok(());
        }
        let document = json(response)?;
        if let Some(at) = &verify.username {
            same("username", Some(found(at, at.text(&document))?), Some(&user.account.username))?;
        }
        if let Some(at) = &verify.user_id {
            let id = found(at, at.id(&document))?;
            same("user id", Some(&id), user.token.user_id.as_deref())?;
        }
        Ok(())
    }

    /// The answer to a call that is to be refused.
    ///
    /// # Errors
    ///
    /// It was accepted, or refused in another way than the target's file says. A success that names
    /// nobody, such as 200 with `null`, accepts nobody.
    pub(crate) fn read_refusal(
        &self,
        call: Call,
        response: &Response<Bytes>,
    ) -> Result<(), Failure> {
        let status = response.status();
        match call.accepted() {
            Some(accepted) if status.is_success() && self.tells_of_somebody(call, response) => {
                Err(Failure::new(Outcome::Unexpected, accepted, ""))
            }
            Some(_) if status.is_success() && !self.classify(call, status).is_served() => {
                let kind = format!("status {} that tells of nobody", status.as_u16());
                Err(Failure::wrong(
                    kind,
                    "if that is how it refuses, the target's file must say so",
                ))
            }
            _ => self.check_status(call, response),
        }
    }

    /// Whether a success names somebody: a sign-in by its token, a verification by name or id. If
    /// the target's file names neither, every success counts.
    fn tells_of_somebody(&self, call: Call, response: &Response<Bytes>) -> bool {
        let document: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let names = |at: &Option<Pointer>| {
            at.as_ref().and_then(|at| at.id(&document)).is_some_and(|id| !id.is_empty())
        };
        let verify = &self.spec.verify;
        match call {
            Call::BadToken(_) if verify.username.is_none() && verify.user_id.is_none() => true,
            Call::BadToken(_) => names(&verify.username) || names(&verify.user_id),
            _ => self.spec.login.token.id(&document).is_some_and(|token| !token.is_empty()),
        }
    }

    pub(super) fn check_status(
        &self,
        call: Call,
        response: &Response<Bytes>,
    ) -> Result<(), Failure> {
        let status = response.status();
        let outcome = self.classify(call, status);
        match outcome.is_served() {
            true => Ok(()),
            false => Err(refused(outcome, status, response.headers(), response.body())),
        }
    }

    fn refresh_with(&self) -> Option<&RefreshWith> {
        self.spec.refresh.as_ref().map(|refresh| &refresh.with)
    }

    /// What the answers to a login and to a refresh have in common.
    fn read_tokens(
        &self,
        account: &Account,
        response: &Response<Bytes>,
        document: &Value,
        now: Instant,
    ) -> Result<(Token, Option<RefreshToken>), Failure> {
        let login = &self.spec.login;
        if let Some(at) = &login.token_type {
            let token_type = found(at, at.text(document))?;
            if !token_type.eq_ignore_ascii_case("bearer") {
                return Err(Failure::wrong("wrong token type", token_type));
            }
        }
        if let Some(at) = &login.username {
            same("username", Some(found(at, at.text(document))?), Some(&account.username))?;
        }
        let token = self.read_access_token(response.headers(), document, now)?;
        let refresh = match self.refresh_with() {
            None => None,
            Some(RefreshWith::Cookie(name)) => cookie(response.headers(), name),
            Some(RefreshWith::Bearer(at)) => at.text(document).and_then(|text| {
                Some(RefreshToken { name: AUTHORIZATION, value: bearer(text).ok()? })
            }),
        };
        Ok((token, refresh))
    }

    fn read_access_token(
        &self,
        headers: &HeaderMap,
        document: &Value,
        now: Instant,
    ) -> Result<Token, Failure> {
        let login = &self.spec.login;
        let user_id = login.user_id.as_ref().map(|at| found(at, at.id(document))).transpose()?;
        let text = found(&login.token, login.token.text(document))?;
        if text.is_empty() {
            return Err(Failure::wrong("empty access token", ""));
        }
        let life = match &login.expires_in {
            Some(at) => Some(Duration::from_secs(found(at, at.seconds(document))?)),
            None => jwt_life(text, date(headers)),
        };
        if life == Some(Duration::ZERO) {
            return Err(Failure::wrong("access token that has expired already", ""));
        }
        Token::new(text, life, now, user_id).map_err(|error| Failure::wrong(error, ""))
    }
}

pub(super) fn json(response: &Response<Bytes>) -> Result<Value, Failure> {
    serde_json::from_slice(response.body()).map_err(|error| {
        let kind = format!("status {} with a wrong body", response.status().as_u16());
        Failure::wrong(kind, error.to_string())
    })
}

pub(super) fn found<T>(at: &Pointer, value: Option<T>) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::wrong(format!("nothing at {} of the answer", at.as_str()), ""))
}

/// What is not known cannot differ.
fn same(what: &str, is: Option<&str>, should: Option<&str>) -> Result<(), Failure> {
    match (is, should) {
        (Some(is), Some(should)) if is != should => {
            Err(Failure::wrong(format!("wrong {what}"), format!("{is} for {should}")))
        }
        _ => Ok(()),
    }
}

/// The server's clock, in seconds (`Date`, RFC 9110 section 6.6.1).
pub(super) fn date(headers: &HeaderMap) -> Option<f64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second() as f64)
}

/// The time until `exp` of a JWT (RFC 7519 section 4.1). It counts from `iat`, without that from
/// the answer's `Date`, and without both from now. `None` for what is none.
fn jwt_life(token: &str, date: Option<f64>) -> Option<Duration> {
    let payload = BASE64URL_NOPAD.decode(token.split('.').nth(1)?.as_bytes()).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let now = || crate::machine::wall_clock().as_second() as f64;
    let from = claims["iat"].as_f64().or(date).unwrap_or_else(now);
    let seconds = claims["exp"].as_f64()? - from;
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

/// The cookie of this name that an answer sets (RFC 6265 section 4.1.1).
fn cookie(headers: &HeaderMap, name: &str) -> Option<RefreshToken> {
    let pair = headers.get_all(SET_COOKIE).iter().find_map(|line| {
        let pair = line.to_str().ok()?.split(';').next()?.trim();
        let (is, value) = pair.split_once('=')?;
        (is == name && !value.is_empty()).then_some(pair)
    })?;
    let mut value = HeaderValue::from_str(pair).ok()?;
    value.set_sensitive(true);
    Some(RefreshToken { name: COOKIE, value })
}

/// The kind of a refusal. A declared overload has a kind of its own. A server should say that it is
/// asked for too much, but the request was not served. A Hallpass whose store fails asks to come
/// back, too; that is a failure.
fn refused(outcome: Outcome, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let problem = serde_json::from_slice::<Problem>(body).ok();
    let unavailable = problem.as_ref().is_some_and(|problem| problem.kind == kind::UNAVAILABLE);
    let outcome = if unavailable { Outcome::Unexpected } else { outcome };
    let kind = match outcome {
        Outcome::Overloaded if headers.contains_key(RETRY_AFTER) => {
            "declared overload (503)".to_owned()
        }
        Outcome::Throttled => "throttled (429)".to_owned(),
        _ => format!("status {}", status.as_u16()),
    };
    Failure::new(outcome, kind, problem.map(|problem| problem.detail).unwrap_or_default())
}
