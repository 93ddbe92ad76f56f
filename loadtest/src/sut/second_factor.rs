//! Logins in two steps: the requests, and how their answers are read.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hallpass_contract::Secret;
use http::header::AUTHORIZATION;
use http::{Request, Response};

use super::answer::{date, found, json};
use super::call::{Call, TwoStep};
use super::outcome::{Failure, Outcome};
use super::protocol::Target;
use super::spec::CodeValues;
use super::{Account, SignedIn, Token};

/// What the second step of a login refers to; empty where the server has no such thing.
#[derive(Clone, Debug)]
pub(crate) struct Challenge(Secret);

impl Target {
    /// By how many time steps a code may be early or late.
    pub(crate) fn drift_steps(&self) -> u64 {
        self.spec.second_factor.as_ref().map_or(0, |it| it.drift_steps.get())
    }

    /// Asks for a secret of one-time codes; `None` if the target's file does not say how.
    pub(crate) fn begin_codes_request(&self, token: &Token) -> Option<Request<Bytes>> {
        let mut request = self.two_step.as_ref()?.begin.request(Bytes::new());
        request.headers_mut().insert(AUTHORIZATION, token.authorization.clone());
        Some(request)
    }

    /// The secret in base32.
    ///
    /// # Errors
    ///
    /// The answer is not the one that was asked for.
    pub(crate) fn read_codes(&self, response: &Response<Bytes>) -> Result<Secret, Failure> {
        self.check_status(Call::TwoStep(TwoStep::Begin), response)?;
        let at = self.spec.second_factor.as_ref().map(|it| &it.begin.secret);
        let at = at.ok_or_else(|| Failure::wrong("the target has no [second_factor]", ""))?;
        Ok(Secret::from(found(at, at.text(&json(response)?))?))
    }

    /// Takes the secret into use; `None` if the target's file does not say how.
    pub(crate) fn confirm_codes_request(
        &self,
        user: &SignedIn,
        code: &str,
    ) -> Option<Request<Bytes>> {
        let confirm = &self.spec.second_factor.as_ref()?.confirm;
        let fields = confirm.fields.fill(values(&user.account, "", code));
        let mut request = self.two_step.as_ref()?.confirm.with_fields(confirm.body, &fields);
        request.headers_mut().insert(AUTHORIZATION, user.token.authorization.clone());
        Some(request)
    }

    /// The answer to the first step of a login.
    ///
    /// # Errors
    ///
    /// It does not ask for a code. A password that signs in alone has a kind of failure of its own.
    pub(crate) fn read_first_step(&self, response: &Response<Bytes>) -> Result<Challenge, Failure> {
        let login = &self.spec.login;
        let is_login = || {
            let token = json(response).ok().and_then(|document| login.token.id(&document));
            login.ok.contain(response.status()) && token.is_some_and(|token| !token.is_empty())
        };
        match self.read_challenge(response) {
            Err(_) if is_login() => Err(Failure::wrong("signed in without a second factor", "")),
            read => read,
        }
    }

    fn read_challenge(&self, response: &Response<Bytes>) -> Result<Challenge, Failure> {
        self.check_status(Call::TwoStep(TwoStep::Password), response)?;
        let at = self.spec.second_factor.as_ref().and_then(|it| it.challenge.as_ref());
        let Some(at) = at else { return Ok(Challenge(Secret::from(""))) };
        Ok(Challenge(Secret::from(found(at, at.text(&json(response)?))?)))
    }

    /// The second step of a login; `None` if the target's file does not say how.
    pub(crate) fn second_step_request(
        &self,
        account: &Account,
        challenge: &Challenge,
        code: &str,
    ) -> Option<Request<Bytes>> {
        let second = self.spec.second_factor.as_ref()?;
        let fields = second.fields.fill(values(account, challenge.0.expose(), code));
        Some(self.two_step.as_ref()?.code.with_fields(second.body, &fields))
    }

    /// The answer to the second step of a login, received at `now`.
    ///
    /// # Errors
    ///
    /// It is not the one that was asked for, or signs somebody else in. A refused code says so.
    pub(crate) fn read_second_step(
        &self,
        account: &Arc<Account>,
        response: &Response<Bytes>,
        now: Instant,
    ) -> Result<SignedIn, Failure> {
        let call = Call::TwoStep(TwoStep::Code);
        let read = self.read_session(call, account, response, now);
        let is_refusal = response.status().is_client_error();
        read.map_err(|failure| match failure.outcome {
            Outcome::Unexpected if is_refusal => {
                let kind = format!("one-time code refused ({}); {ASK_CLOCKS}", failure.kind);
                let detail = clock_difference(response).unwrap_or(failure.detail);
                Failure { kind, detail, ..failure }
            }
            _ => failure,
        })
    }
}

/// What to ask when a code is refused that should count.
pub(crate) const ASK_CLOCKS: &str = "does the server's clock agree with this machine's?";

/// How far the server's clock is off by its `Date`, if that is a step of one-time codes or more.
pub(crate) fn clock_difference(response: &Response<Bytes>) -> Option<String> {
    let ahead = date(response.headers())? - crate::machine::wall_clock().as_second() as f64;
    let how = if ahead > 0.0 { "ahead" } else { "behind" };
    let seconds = ahead.abs();
    (seconds >= 30.0).then(|| format!("the server's clock is {seconds} s {how}"))
}

fn values<'a>(account: &'a Account, challenge: &'a str, code: &'a str) -> CodeValues<'a> {
    let (username, password) = (account.username.as_str(), account.password.expose());
    CodeValues { username, password, challenge, code }
}
