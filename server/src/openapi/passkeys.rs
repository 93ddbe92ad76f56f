//! Passkeys.

use hallpass_contract::{
    Login, NewPasskey, PasskeyBody, PasskeyLogin, PasskeyName, PasskeyOptions, PasskeyUser, path,
};
use serde_json::json;

use super::factors::TAG;
use super::operation::{Operation, operation};
use super::sessions::HANDS_OUT;
use crate::problem::Problem;

pub(super) fn operations() -> Vec<Operation> {
    vec![login_options(), login(), options(), add(), rename(), remove()]
}

fn login_options() -> Operation {
    let about = "For the browser, which signs them with a passkey. With a username it takes one of \
                 that user's, and without it offers those that it has for the site. A name that is \
                 nobody's is answered with an invented passkey.";
    let path = ("post", path::PASSKEY_LOGIN_OPTIONS);
    operation(TAG, path, "passkeyLoginOptions", "Begin to sign in with a passkey", about)
        .takes::<PasskeyUser>("PasskeyUser", &json!({ "username": "Ada" }))
        .answers::<PasskeyOptions>(200, "What to sign, and the challenge to send back with it.")
        .refuses([Problem::no_passkeys()])
        .throttled()
        .stores()
}

fn login() -> Operation {
    let about = "A passkey verifies its user by a PIN or a finger, so it is two factors at once, and \
                 nothing else is asked for.";
    let answer = json!({ "challenge": "what came with the options", "credential": {} });
    let path = ("post", path::PASSKEY_LOGIN);
    operation(TAG, path, "passkeyLogin", "Sign in with a passkey", about)
        .takes::<PasskeyLogin>("PasskeyLogin", &answer)
        .answers::<Login>(200, "An access token.")
        .with_header(200, "Set-Cookie", HANDS_OUT)
        .refuses([Problem::wrong_passkey(), Problem::challenge_over(), Problem::no_passkeys()])
        .throttled()
        .stores()
}

fn options() -> Operation {
    let about = "For the browser, which makes a passkey by them.";
    let path = ("post", path::PASSKEY_OPTIONS);
    operation(TAG, path, "passkeyOptions", "Begin to add a passkey", about)
        .answers::<PasskeyOptions>(200, "What to make, and the challenge to send back with it.")
        .refuses([Problem::no_passkeys()])
        .throttled()
        .stores()
}

fn add() -> Operation {
    let about = "From then on a login needs the passkey or another second factor. Whoever had none \
                 should make recovery codes next.";
    let new = json!({
        "challenge": "what came with the options", "name": "My phone", "credential": {}
    });
    operation(TAG, ("post", path::PASSKEYS), "addPasskey", "Add a passkey", about)
        .takes::<NewPasskey>("NewPasskey", &new)
        .answers::<PasskeyBody>(201, "The passkey.")
        .refuses([Problem::no_passkeys(), Problem::too_many_passkeys()])
        .stores()
}

fn rename() -> Operation {
    let about = "Gives a passkey another name.";
    operation(TAG, ("patch", path::PASSKEY), "renamePasskey", "Rename a passkey", about)
        .of("The passkey's id.")
        .takes::<PasskeyName>("PasskeyName", &json!({ "name": "My old phone" }))
        .answers::<PasskeyBody>(200, "The passkey.")
        .stores()
}

fn remove() -> Operation {
    let about = "Takes a passkey away. The recovery codes go with the last factor.";
    operation(TAG, ("delete", path::PASSKEY), "removePasskey", "Remove a passkey", about)
        .of("The passkey's id.")
        .done(204, "It is gone.")
        .stores()
}
