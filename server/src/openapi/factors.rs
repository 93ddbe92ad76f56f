//! Second factors.

use hallpass_contract::{
    FactorList, Login, RecoveryCodes, SecondFactor, TotpConfirmation, TotpSetup, path,
};
use serde_json::json;

use super::admin;
use super::operation::{Operation, operation};
use super::sessions::HANDS_OUT;
use crate::problem::Problem;

pub(super) const TAG: &str = "Second factors";

pub(super) fn operations() -> Vec<Operation> {
    vec![second_factor(), list(), begin(), confirm(), remove(), recovery_codes()]
}

fn second_factor() -> Operation {
    let about = "The second step of a login. The first one was answered with a challenge, since the \
                 password is right and the user has a second factor. A wrong code can be followed \
                 by another one, five in all. A code counts once.";
    let answer = json!({ "challenge": "what the problem says", "totp": "123456" });
    let path = ("post", path::SECOND_FACTOR);
    operation(TAG, path, "secondFactor", "Finish signing in", about)
        .takes::<SecondFactor>("SecondFactor", &answer)
        .answers::<Login>(200, "An access token.")
        .with_header(200, "Set-Cookie", HANDS_OUT)
        .refuses([Problem::wrong_factor(), Problem::challenge_over()])
        .throttled()
        .stores()
}

fn list() -> Operation {
    let about = "What the caller can show beside the password.";
    operation(TAG, ("get", path::FACTORS), "factors", "List the caller's factors", about)
        .answers::<FactorList>(200, "The factors.")
        .stores()
}

fn begin() -> Operation {
    let about = "A new secret for an authenticator app (RFC 6238: SHA-1, 6 digits, 30 seconds). \
                 Nothing changes until a code of it is confirmed.";
    operation(TAG, ("post", path::TOTP), "beginTotp", "Begin to set up one-time codes", about)
        .answers::<TotpSetup>(200, "The secret, which is shown this once.")
        .stores()
}

fn confirm() -> Operation {
    let about = "From then on a login needs a code. The answer has ten recovery codes, for the day \
                 on which the app is lost. Earlier ones are void.";
    let code = json!({ "code": "123456" });
    let path = ("post", path::TOTP_CONFIRM);
    operation(TAG, path, "confirmTotp", "Confirm one-time codes", about)
        .takes::<TotpConfirmation>("TotpConfirmation", &code)
        .answers::<RecoveryCodes>(200, "The recovery codes, which are shown this once.")
        .refuses([Problem::not_found()])
        .throttled()
        .stores()
}

fn remove() -> Operation {
    let about = "A login needs no code any more. The recovery codes go with the last factor.";
    operation(TAG, ("delete", path::TOTP), "removeTotp", "Remove one-time codes", about)
        .done(204, "They are gone.")
        .refuses([Problem::not_found()])
        .stores()
}

fn recovery_codes() -> Operation {
    let about = "Ten new ones in the place of the old ones, which are void.";
    let path = ("post", path::RECOVERY_CODES);
    operation(TAG, path, "renewRecoveryCodes", "Make new recovery codes", about)
        .answers::<RecoveryCodes>(200, "The recovery codes, which are shown this once.")
        .refuses([Problem::not_found()])
        .stores()
}

pub(super) fn reset() -> Operation {
    let about = "For a user who has lost them. Their sessions end. The password alone signs them \
                 in, unless a second factor is required: then they set one up first.";
    let path = ("delete", path::ADMIN_USER_FACTORS);
    operation(admin::TAG, path, "resetFactors", "Remove a user's factors", about)
        .of("The user's id.")
        .done(204, "They are gone.")
        .stores()
}
