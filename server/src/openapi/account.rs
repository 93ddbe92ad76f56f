//! The account itself.

use hallpass_contract::{Credentials, PasswordChange, PasswordReset, UserBody, path};
use serde_json::json;

use super::operation::{Operation, operation};
use super::schemas::REGISTRATION;
use crate::problem::Problem;

pub(super) const TAG: &str = "Account";

pub(super) fn operations() -> Vec<Operation> {
    vec![register(), me(), delete(), change_password(), reset_password()]
}

fn register() -> Operation {
    let about = "The name follows RFC 8265 UsernameCaseMapped and is unique whatever its case; its \
                 length counts after that mapping. The password's rules are about length and about \
                 how easy it is to guess, not about what it consists of. Sign in with both \
                 afterwards.";
    let ada = json!({ "username": "Ada", "password": "correct horse battery staple" });
    operation(TAG, ("post", path::REGISTER), "register", "Register", about)
        .takes::<Credentials>(REGISTRATION, &ada)
        .answers::<UserBody>(201, "The account is there.")
        .refuses([Problem::registration_closed(), Problem::username_taken()])
        .throttled()
        .stores()
}

fn me() -> Operation {
    let about = "The user as they are now, whatever the token says.";
    operation(TAG, ("get", path::ME), "me", "Show the caller", about)
        .answers::<UserBody>(200, "The caller.")
        .stores()
}

fn delete() -> Operation {
    let about = "The account and its sessions are gone at once and for good.";
    operation(TAG, ("delete", path::ME), "deleteMe", "Delete the account", about)
        .done(204, "The account is gone, and so is the refresh cookie.")
        .with_header(204, "Set-Cookie", "Takes the refresh cookie away.")
        .refuses([Problem::last_admin()])
        .stores()
}

fn change_password() -> Operation {
    let about = "All other sessions of the caller end; this one goes on.";
    let passwords = json!({
        "current_password": "correct horse battery staple",
        "new_password": "tulip anvil copper midnight",
    });
    operation(TAG, ("post", path::PASSWORD), "changePassword", "Change the password", about)
        .takes::<PasswordChange>("PasswordChange", &passwords)
        .done(204, "The new password holds.")
        .refuses([Problem::invalid_credentials().with_field("current_password")])
        .throttled()
        .stores()
}

fn reset_password() -> Operation {
    let about =
        "With the token of a link that an admin has made, once. All sessions of the user end.";
    let reset = json!({
        "token": "what follows the # in the link",
        "new_password": "tulip anvil copper midnight",
    });
    operation(
        TAG,
        ("post", path::PASSWORD_RESET),
        "resetPassword",
        "Set a forgotten password",
        about,
    )
    .takes::<PasswordReset>("PasswordReset", &reset)
    .done(204, "The new password holds.")
    .throttled()
    .stores()
}
