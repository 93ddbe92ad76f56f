//! Sessions: how they begin, go on and end.

use hallpass_contract::{Credentials, Login, Reauthentication, Secret, SessionList, path};
use serde_json::json;

use super::operation::{Operation, operation};
use crate::problem::Problem;
use crate::proof::factors::FactorKind;

pub(super) const TAG: &str = "Sessions";

pub(super) const HANDS_OUT: &str = "The refresh cookie: HttpOnly, Secure, SameSite=Strict.";

pub(super) fn operations() -> Vec<Operation> {
    vec![login(), refresh(), reauthenticate(), logout(), list(), end_others(), end()]
}

fn login() -> Operation {
    let about = "A new session. An unknown user, a wrong password and a disabled user read the same. With \
         a second factor, a right password is answered with a challenge for it.";
    let ada = json!({ "username": "Ada", "password": "correct horse battery staple" });
    operation(TAG, ("post", path::LOGIN), "login", "Sign in", about)
        .takes::<Credentials>("Credentials", &ada)
        .answers::<Login>(200, "An access token.")
        .with_header(200, "Set-Cookie", HANDS_OUT)
        .refuses([Problem::invalid_credentials(), asks_for_factor(Some("opaque"))])
        .throttled()
        .stores()
}

/// The answer to a right password of a user who has a second factor.
fn asks_for_factor(challenge: Option<&str>) -> Problem {
    let kinds = [FactorKind::Totp, FactorKind::RecoveryCode];
    Problem::second_factor_required(challenge.map(Secret::from), &kinds, None)
}

fn refresh() -> Operation {
    let about = "The next access token and the next refresh cookie. Should the answer get lost, the same \
                 refresh token gets it again, until its successor is used and for ten seconds more. \
                 After that, using it again ends the session: somebody has a copy.";
    operation(TAG, ("post", path::REFRESH), "refresh", "Stay signed in", about)
        .answers::<Login>(200, "The next access token, of the same session.")
        .with_header(200, "Set-Cookie", HANDS_OUT)
        .stores()
}

fn reauthenticate() -> Operation {
    let about = "Makes the token fresh again for the actions that need it; the session stays.";
    let password = json!({ "password": "correct horse battery staple" });
    operation(
        TAG,
        ("post", path::REAUTHENTICATE),
        "reauthenticate",
        "Give the password again",
        about,
    )
    .takes::<Reauthentication>("Reauthentication", &password)
    .answers::<Login>(200, "A fresh access token, of the same session.")
    .refuses([Problem::invalid_credentials(), Problem::wrong_password_or_factor()])
    .refuses([asks_for_factor(None)])
    .refuses([Problem::wrong_passkey(), Problem::challenge_over(), Problem::no_passkeys()])
    .throttled()
    .stores()
}

fn logout() -> Operation {
    let about = "The session of the access token, of the cookie, or both, ends at once: its tokens \
                 are not accepted any more. An expired access token leaves it to the cookie.";
    operation(TAG, ("post", path::LOGOUT), "logout", "Sign out", about)
        .done(204, "The session has ended, and the refresh cookie is gone.")
        .with_header(204, "Set-Cookie", "Takes the refresh cookie away.")
        .stores()
}

fn list() -> Operation {
    let about = "The one that was used last comes first.";
    operation(TAG, ("get", path::SESSIONS), "sessions", "List the caller's sessions", about)
        .answers::<SessionList>(200, "The sessions that are still open.")
        .stores()
}

fn end_others() -> Operation {
    let about = "All sessions of the caller end but the one of this request.";
    operation(
        TAG,
        ("delete", path::SESSIONS),
        "endOtherSessions",
        "Sign out everywhere else",
        about,
    )
    .done(204, "They have ended.")
    .stores()
}

fn end() -> Operation {
    let about = "It may be the one of this request.";
    operation(TAG, ("delete", path::SESSION), "endSession", "End one session of the caller", about)
        .of("The session's id.")
        .done(204, "It has ended.")
        .stores()
}
