//! The fake server's second factors: one-time codes, each of which counts once.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use hallpass_contract::{Problem, RecoveryCodes, SecondFactor, TotpConfirmation, TotpSetup, kind};
use hyper::StatusCode;
use hyper::http::request::Parts;
use totp_rs::{Builder, Secret, Totp};

use super::routes::{Answer, holder, json, problem, session};
use super::{Fault, State};

/// By how much a server's clock is ahead that is wrong.
const AHEAD: Duration = Duration::from_secs(95);

#[derive(Default)]
pub(super) struct Factors {
    /// By name.
    codes: HashMap<String, Codes>,
    /// The name by challenge; each is good once.
    challenges: HashMap<String, String>,
    made: u64,
}

struct Codes {
    generator: Totp,
    is_confirmed: bool,
    last_step: Option<u64>,
}

impl Codes {
    /// Uses a code up, if it counts: of this step or one beside it, and later than the last.
    fn spend(&mut self, code: &str, now: u64) -> bool {
        let step = self.generator.check(code, now);
        let step = step.filter(|step| self.last_step.is_none_or(|last| last < *step));
        self.last_step = step.or(self.last_step);
        step.is_some()
    }
}

impl Factors {
    fn make_secret(&mut self, name: &str) -> String {
        self.made += 1;
        let secret = Secret::from(format!("secret of account {:04}", self.made).into_bytes());
        let text = secret.to_base32();
        let generator = Builder::new().with_secret(secret).build_noncompliant();
        let codes = Codes { generator, is_confirmed: false, last_step: None };
        self.codes.insert(name.to_owned(), codes);
        text
    }

    /// Whether a password is not enough for this user.
    pub(super) fn are_needed(&self, name: &str) -> bool {
        self.codes.get(name).is_some_and(|codes| codes.is_confirmed)
    }

    fn challenge(&mut self, name: &str) -> String {
        self.made += 1;
        let challenge = format!("challenge-{}", self.made);
        self.challenges.insert(challenge.clone(), name.to_owned());
        challenge
    }

    fn confirm(&mut self, name: &str, code: &str, now: u64) -> bool {
        let Some(codes) = self.codes.get_mut(name) else { return false };
        codes.is_confirmed |= codes.spend(code, now);
        codes.is_confirmed
    }

    /// Whoever answers the challenge with a code that counts.
    fn answer(&mut self, answer: &SecondFactor, now: u64) -> Option<String> {
        let name = self.challenges.remove(answer.challenge.expose())?;
        let codes = self.codes.get_mut(&name)?;
        codes.spend(answer.totp.as_ref()?.expose(), now).then_some(name)
    }
}

/// A right password of somebody who has one-time codes.
pub(super) fn required(state: &State, name: &str) -> Answer {
    let problem = Problem {
        kind: kind::SECOND_FACTOR_REQUIRED.into(),
        title: "a second factor is needed".into(),
        status: 401,
        detail: "told to".into(),
        errors: vec![],
        challenge: Some(state.factors.lock().unwrap().challenge(name).into()),
        methods: vec!["totp".into(), "recovery_code".into()],
        options: None,
    };
    json(StatusCode::UNAUTHORIZED, &problem)
}

pub(super) fn begin(state: &State, parts: &Parts) -> Answer {
    let Ok(name) = holder(state, parts) else {
        return problem(StatusCode::UNAUTHORIZED, kind::UNAUTHENTICATED);
    };
    let secret = state.factors.lock().unwrap().make_secret(&name);
    let (uri, qr_svg) = ("otpauth://".into(), "<svg/>".into());
    json(StatusCode::OK, &TotpSetup { secret: secret.into(), uri, qr_svg })
}

pub(super) fn confirm(state: &State, parts: &Parts, body: &[u8]) -> Answer {
    let Ok(name) = holder(state, parts) else {
        return problem(StatusCode::UNAUTHORIZED, kind::UNAUTHENTICATED);
    };
    let form: TotpConfirmation = serde_json::from_slice(body).unwrap();
    let now = now(state);
    if state.factors.lock().unwrap().confirm(&name, form.code.expose(), now) {
        return json(StatusCode::OK, &RecoveryCodes { recovery_codes: vec![], login: None });
    }
    let mut refusal = problem(StatusCode::UNPROCESSABLE_ENTITY, kind::BLANK);
    let date = httpdate(now);
    refusal.headers_mut().insert("date", date.parse().unwrap());
    refusal
}

pub(super) fn second_step(state: &State, body: &[u8]) -> Answer {
    let answer: SecondFactor = serde_json::from_slice(body).unwrap();
    let number = state.second_steps.fetch_add(1, Ordering::Relaxed);
    let name = state.factors.lock().unwrap().answer(&answer, now(state));
    let user = name.and_then(|name| Some(state.users.lock().unwrap().get(&name)?.1.clone()));
    let refuses = state.fault == Fault::RefusesCodes && number % 3 == 2;
    match user.filter(|_| !refuses) {
        Some(user) => {
            state.two_step_logins.fetch_add(1, Ordering::Relaxed);
            session(state, user, None)
        }
        None => problem(StatusCode::UNAUTHORIZED, kind::BLANK),
    }
}

/// In seconds of Unix time, by the server's clock.
#[expect(clippy::disallowed_methods, reason = "the generator goes by this clock, too")]
fn now(state: &State) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let ahead = if state.fault == Fault::ClockAhead { AHEAD } else { Duration::ZERO };
    (now + ahead).as_secs()
}

/// A time as `Date` has it (RFC 9110 section 5.6.7).
fn httpdate(seconds: u64) -> String {
    let time = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
