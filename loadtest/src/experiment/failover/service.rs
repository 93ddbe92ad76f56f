//! How one request is asked, and what its answer means for the history.

use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};

use super::history::{Action, Answer};
use crate::sut::{BadLogin, BadToken, Call, Failure, Outcome, SignedIn, Target};

/// What an answer amounts to.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) answer: Answer,
    pub(super) counted: Result<Outcome, Failure>,
    /// The session afterwards, if the answer changes it.
    pub(super) user: Option<SignedIn>,
}

impl Action {
    pub(super) fn call(self) -> Call {
        match self {
            Self::Login => Call::Login,
            Self::Verify => Call::Verify,
            Self::Refresh => Call::Refresh,
            Self::SignOut => Call::SignOut,
        }
    }
}

/// The request of an action in a session.
pub(super) fn request(target: &Target, action: Action, user: &SignedIn) -> Request<Bytes> {
    let request = match action {
        Action::Login => Some(target.login_request(&user.account)),
        Action::Verify => Some(target.verify_request(&user.token)),
        Action::Refresh => user.refresh.as_ref().and_then(|token| target.refresh_request(token)),
        Action::SignOut => target.sign_out_request(&user.token),
    };
    // Only a target without refresh or sign-out has none, and that is not tested.
    request.unwrap_or_default()
}

/// Reads an answer that was received at `now`.
pub(super) fn read(
    target: &Target,
    action: Action,
    user: &SignedIn,
    answer: &Response<Bytes>,
    now: Instant,
) -> Read {
    let read = match action {
        Action::Login => target.read_login(&user.account, answer, now).map(Some),
        Action::Verify => target.read_verify(user, answer).map(|()| None),
        Action::Refresh => target.read_refresh(user, answer, now).map(Some),
        Action::SignOut => target.read_sign_out(answer).map(|()| None),
    };
    match read {
        Ok(user) => Read { answer: Answer::Done, counted: Ok(Outcome::Ok), user },
        Err(failure) => {
            let by_token = matches!(action, Action::Verify | Action::SignOut);
            // A token of that age may just have expired.
            let aged = by_token && user.token.is_due(now);
            let answer = match is_refusal(target, action, answer) && !aged {
                true => Answer::Refused,
                false => Answer::Unknown,
            };
            Read { answer, counted: Err(failure), user: None }
        }
    }
}

/// Whether the server says that password or token are no good, as the target's file has it.
fn is_refusal(target: &Target, action: Action, answer: &Response<Bytes>) -> bool {
    let call = match action {
        Action::Login => Call::BadLogin(BadLogin::WrongPassword),
        _ => Call::BadToken(BadToken::Tampered),
    };
    target.classify(call, answer.status()) == Outcome::Expected401
}
