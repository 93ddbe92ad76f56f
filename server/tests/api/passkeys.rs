//! Passkeys, made and used by a device of our own.

use std::time::Duration;

use hallpass_contract::{
    FactorList, Passkey, PasskeyBody, PasskeyOptions, RecoveryCodes, kind, path,
};
use serde_json::{Value, json};

use crate::app::{PASSWORD, Response, SignedIn, TestApp};
use crate::audit;
use crate::device::Device;
use crate::factors::amr;

/// What the server asks of somebody who wants to sign in.
async fn asked(server: &TestApp, username: Option<&str>) -> PasskeyOptions {
    let body = username.map_or(json!({}), |name| json!({ "username": name }));
    server.post_json(path::PASSKEY_LOGIN_OPTIONS, &body).await.json()
}

async fn asked_for_new(server: &TestApp, token: &str) -> PasskeyOptions {
    server.with_token("POST", path::PASSKEY_OPTIONS, token).await.json()
}

async fn add(server: &TestApp, token: &str, asked: &PasskeyOptions, made: &Value) -> Response {
    let body = json!({ "challenge": asked.challenge, "name": "My phone", "credential": made });
    server.json_with_token("POST", path::PASSKEYS, token, &body).await
}

/// Adds a passkey of the device.
async fn added(server: &TestApp, token: &str, device: &mut Device) -> Passkey {
    let asked = asked_for_new(server, token).await;
    let made = device.make(&asked.options).await.unwrap();
    let answer = add(server, token, &asked, &made).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json::<PasskeyBody>().passkey
}

async fn answer(server: &TestApp, asked: &PasskeyOptions, signed: &Value) -> Response {
    let body = json!({ "challenge": asked.challenge, "credential": signed });
    server.post_json(path::PASSKEY_LOGIN, &body).await
}

async fn sign_in(server: &TestApp, device: &mut Device, username: Option<&str>) -> Response {
    let asked = asked(server, username).await;
    let signed = device.sign(&asked.options).await.unwrap();
    answer(server, &asked, &signed).await
}

/// Ada with a passkey.
async fn ada(server: &TestApp, mut device: Device) -> (SignedIn, Device, Passkey) {
    let signed_in = server.signed_in("ada").await;
    let passkey = added(server, signed_in.token(), &mut device).await;
    (signed_in, device, passkey)
}

async fn passkeys(server: &TestApp, token: &str) -> Vec<Passkey> {
    server.get_with_token(path::FACTORS, token).await.json::<FactorList>().passkeys
}

#[tokio::test]
async fn a_passkey_signs_in_with_and_without_a_username_as_two_factors() {
    let server = TestApp::start().await;
    let (first, mut device, passkey) = ada(&server, Device::new()).await;
    let listed = passkeys(&server, first.token()).await;
    assert_eq!(listed, [passkey]);
    assert_eq!((listed[0].name.as_str(), &listed[0].last_used_at), ("My phone", &None));
    server.clock.advance(Duration::from_secs(60));
    for name in [None, Some("ada"), Some("ADA")] {
        let done = sign_in(&server, &mut device, name).await;
        assert_eq!(done.status, 200, "{name:?} {done:?}");
        let signed_in = SignedIn::from(&done);
        assert_eq!(amr(&signed_in.login), json!(["swk", "mfa"]));
        assert_eq!(server.refresh(&signed_in.cookie).await.status, 200);
    }
    let listed = passkeys(&server, first.token()).await;
    assert!(listed[0].last_used_at > Some(listed[0].created_at.clone()), "{listed:?}");
}

#[tokio::test]
async fn a_new_passkey_is_asked_for_with_a_pin_and_may_be_discoverable() {
    let server = TestApp::start().await;
    let (ada, ..) = ada(&server, Device::new()).await;
    let options = asked_for_new(&server, ada.token()).await.options;
    let selection = &options["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "preferred", "{options}");
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(options["rp"]["id"], "localhost");
    assert_eq!(options["user"]["name"], "ada");
    assert_eq!(options["excludeCredentials"].as_array().unwrap().len(), 1, "{options}");
    let options = asked(&server, None).await.options;
    assert_eq!(
        (&options["userVerification"], &options["rpId"]),
        (&json!("required"), &json!("localhost"))
    );
    assert_eq!(options["allowCredentials"], json!([]));
}

#[tokio::test]
async fn a_passkey_is_the_second_factor_of_a_password() {
    let server = TestApp::start().await;
    let (_, mut device, _) = ada(&server, Device::new()).await;
    let problem = server.login("ada", PASSWORD).await.problem();
    assert_eq!(problem.kind, kind::SECOND_FACTOR_REQUIRED);
    assert_eq!(problem.methods, ["passkey"]);
    let (challenge, options) = (problem.challenge.unwrap(), problem.options.unwrap());
    let signed = device.sign(&options).await.unwrap();
    let body = json!({ "challenge": challenge, "passkey": signed });
    let done = server.post_json(path::SECOND_FACTOR, &body).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(amr(&SignedIn::from(&done).login), json!(["pwd", "swk", "mfa"]));
    let again = server.post_json(path::SECOND_FACTOR, &body).await;
    assert_eq!(again.problem().kind, kind::CHALLENGE_OVER);
    // What a passkey has signed for a sign-in without a password is another question's answer.
    let other = asked(&server, None).await;
    let signed = device.sign(&other.options).await.unwrap();
    let challenge = server.login("ada", PASSWORD).await.problem().challenge.unwrap();
    let swapped = json!({ "challenge": challenge, "passkey": signed });
    let refused = server.post_json(path::SECOND_FACTOR, &swapped).await;
    assert_eq!(refused.problem().kind, kind::INVALID_CREDENTIALS);
    let swapped = json!({ "challenge": other.challenge, "passkey": signed });
    let refused = server.post_json(path::SECOND_FACTOR, &swapped).await;
    assert_eq!(refused.problem().kind, kind::CHALLENGE_OVER);
}

#[tokio::test]
async fn a_challenge_is_answered_once_and_in_five_minutes() {
    let server = TestApp::start().await;
    let (ada, mut device, _) = ada(&server, Device::new()).await;
    let first = asked(&server, None).await;
    let signed = device.sign(&first.options).await.unwrap();
    assert_eq!(answer(&server, &first, &signed).await.status, 200);
    assert_eq!(answer(&server, &first, &signed).await.problem().kind, kind::CHALLENGE_OVER);
    let (one, other) = (asked(&server, None).await, asked(&server, None).await);
    let signed = device.sign(&one.options).await.unwrap();
    let swapped = answer(&server, &other, &signed).await;
    assert_eq!(swapped.problem().kind, kind::INVALID_CREDENTIALS);
    let again = device.sign(&other.options).await.unwrap();
    let tried_before = answer(&server, &other, &again).await;
    assert_eq!(tried_before.problem().kind, kind::CHALLENGE_OVER, "a wrong answer is one, too");
    server.clock.advance(Duration::from_secs(300));
    assert_eq!(answer(&server, &one, &signed).await.problem().kind, kind::CHALLENGE_OVER);
    let new = asked_for_new(&server, ada.token()).await;
    let made = Device::new().make(&new.options).await.unwrap();
    assert_eq!(add(&server, ada.token(), &new, &made).await.status, 201);
    let again = add(&server, ada.token(), &new, &made).await;
    assert_eq!(again.problem().errors[0].field, "challenge", "{again:?}");
}

#[tokio::test]
async fn a_challenge_is_of_one_user_and_one_kind() {
    let server = TestApp::start().await;
    let (ada, mut device, _) = ada(&server, Device::new()).await;
    let bob = server.signed_in("bob").await;
    let of_bob = asked_for_new(&server, bob.token()).await;
    let made = Device::new().make(&of_bob.options).await.unwrap();
    let refused = add(&server, ada.token(), &of_bob, &made).await;
    assert_eq!(refused.problem().errors[0].field, "challenge", "another user's: {refused:?}");
    let of_ada = asked_for_new(&server, ada.token()).await;
    let refused = add(&server, ada.token(), &of_ada, &made).await;
    assert_eq!(refused.problem().errors[0].field, "credential", "another challenge's");
    let login = asked(&server, Some("ada")).await;
    let signed = device.sign(&login.options).await.unwrap();
    let mixed = PasskeyOptions { challenge: of_ada.challenge, ..login.clone() };
    assert_eq!(answer(&server, &mixed, &signed).await.problem().kind, kind::CHALLENGE_OVER);
    // A challenge for bob, answered by ada.
    let mut of_bob = Device::new();
    added(&server, bob.token(), &mut of_bob).await;
    let for_bob = asked(&server, Some("bob")).await;
    let mut options = for_bob.options.clone();
    options["allowCredentials"] = json!([]);
    let signed = device.sign(&options).await.unwrap();
    let refused = answer(&server, &for_bob, &signed).await;
    assert_eq!(refused.problem().kind, kind::INVALID_CREDENTIALS);
}

#[tokio::test]
async fn without_a_pin_a_passkey_does_not_count() {
    let server = TestApp::start().await;
    let (ada, device, _) = ada(&server, Device::new()).await;
    let asked = asked_for_new(&server, ada.token()).await;
    let made = Device::new().without_pin().make(&asked.options).await.unwrap();
    assert_eq!(add(&server, ada.token(), &asked, &made).await.status, 422);
    let login = self::asked(&server, None).await;
    let signed = device.copied().without_pin().sign(&login.options).await.unwrap();
    assert_eq!(answer(&server, &login, &signed).await.status, 401);
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_told() {
    let server = TestApp::start().await;
    let (_, mut device, _) = ada(&server, Device::new().counting()).await;
    let mut copy = device.copied();
    for _ in 0..3 {
        assert_eq!(sign_in(&server, &mut device, None).await.status, 200);
    }
    let refused = sign_in(&server, &mut copy, None).await;
    assert_eq!(refused.problem().kind, kind::INVALID_CREDENTIALS);
    let all = audit::written();
    let last = all.last().unwrap();
    assert!(last.to_string().contains("counter went back"), "{last}");
    assert_eq!(sign_in(&server, &mut device, None).await.status, 200, "the true one goes on");
}

#[tokio::test]
async fn names_of_nobody_read_like_those_of_somebody_and_stay_the_same() {
    let server = TestApp::start().await;
    ada(&server, Device::new()).await;
    server.signed_in("bob").await;
    let mut seen = Vec::new();
    for name in ["ada", "bob", "nobody", "no name!"] {
        let [first, second] =
            [asked(&server, Some(name)).await.options, asked(&server, Some(name)).await.options];
        assert_eq!(first["allowCredentials"], second["allowCredentials"], "{name}");
        assert_ne!(first["challenge"], second["challenge"]);
        assert_eq!(first["allowCredentials"].as_array().unwrap().len(), 1, "{name}");
        seen.push((first["allowCredentials"][0]["id"].clone(), keys(&first)));
    }
    assert!(seen.iter().all(|(_, keys)| *keys == seen[0].1));
    let ids: std::collections::HashSet<_> = seen.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(ids.len(), 4);
    // Capitals are the same name.
    let same = asked(&server, Some("NOBODY")).await.options;
    assert_eq!(same["allowCredentials"][0]["id"], seen[2].0);
}

#[tokio::test]
async fn wrong_answers_read_the_same_for_somebody_and_for_nobody() {
    let server = TestApp::start().await;
    ada(&server, Device::new()).await;
    server.signed_in("bob").await;
    let mut other = Device::new();
    let made = asked_for_new(&server, server.signed_in("carol").await.token()).await;
    other.make(&made.options).await.unwrap();
    for name in ["ada", "bob", "nobody"] {
        let asked = asked(&server, Some(name)).await;
        let mut options = asked.options.clone();
        options["allowCredentials"] = json!([]);
        let junk = other.sign(&options).await.unwrap();
        let kinds = [
            answer(&server, &asked, &junk).await.problem().kind,
            answer(&server, &asked, &junk).await.problem().kind,
        ];
        assert_eq!(kinds, [kind::INVALID_CREDENTIALS, kind::CHALLENGE_OVER], "{name}");
    }
}

fn keys(options: &Value) -> Vec<String> {
    options.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn passkeys_are_named_renamed_and_removed_and_the_last_takes_the_codes_along() {
    let server = TestApp::start().await;
    let (ada, mut device, passkey) = ada(&server, Device::new()).await;
    let token = ada.token();
    let codes: RecoveryCodes = server.with_token("POST", path::RECOVERY_CODES, token).await.json();
    assert_eq!(codes.recovery_codes.len(), 10);
    let at = path::PASSKEY.replace("{id}", &passkey.id);
    let renamed = server.json_with_token("PATCH", &at, token, &json!({ "name": " Key " })).await;
    assert_eq!(renamed.json::<PasskeyBody>().passkey.name, "Key");
    for bad in ["", "  ", "a\nb", &"x".repeat(65)] {
        let refused = server.json_with_token("PATCH", &at, token, &json!({ "name": bad })).await;
        assert_eq!(refused.problem().errors[0].field, "name", "{bad:?}");
    }
    let other = at.replace(&passkey.id, &ada.login.user.id);
    assert_eq!(server.with_token("DELETE", &other, token).await.status, 404);
    assert_eq!(server.with_token("DELETE", &at, token).await.status, 204);
    assert_eq!(server.with_token("DELETE", &at, token).await.status, 404);
    let left: FactorList = server.get_with_token(path::FACTORS, token).await.json();
    assert_eq!((left.passkeys.len(), left.recovery_codes), (0, 0));
    assert_eq!(server.login("ada", PASSWORD).await.status, 200);
    let refused = sign_in(&server, &mut device, None).await;
    assert_eq!(refused.problem().kind, kind::INVALID_CREDENTIALS, "it was removed");
}

#[tokio::test]
async fn twenty_passkeys_are_all_that_may_be() {
    let server = TestApp::start().await;
    let ada = server.signed_in("ada").await;
    for n in 0..20 {
        let token = ada.token();
        added(&server, token, &mut Device::new()).await;
        assert_eq!(passkeys(&server, token).await.len(), n + 1);
    }
    let asked = asked_for_new(&server, ada.token()).await;
    let made = Device::new().make(&asked.options).await.unwrap();
    let refused = add(&server, ada.token(), &asked, &made).await;
    assert_eq!(refused.problem().kind, kind::TOO_MANY_PASSKEYS, "{refused:?}");
}

#[tokio::test]
async fn a_passkey_makes_a_session_fresh_again() {
    let server = TestApp::start().await;
    let (ada, mut device, _) = ada(&server, Device::new()).await;
    server.clock.advance(Duration::from_secs(11 * 60));
    let token = SignedIn::from(&server.refresh(&ada.cookie).await).login.access_token;
    let stale = server.with_token("POST", path::PASSKEY_OPTIONS, token.expose()).await;
    assert_eq!(stale.problem().kind, kind::NOT_FRESH);
    let asked = asked(&server, Some("ada")).await;
    let signed = device.sign(&asked.options).await.unwrap();
    let body = json!({ "challenge": asked.challenge, "passkey": signed });
    let fresh = server.json_with_token("POST", path::REAUTHENTICATE, token.expose(), &body).await;
    assert_eq!(fresh.status, 200, "{fresh:?}");
    let fresh: hallpass_contract::Login = fresh.json();
    assert_eq!(amr(&fresh), json!(["swk", "mfa"]));
    asked_for_new(&server, fresh.access_token.expose()).await;
    // Bob's passkey says nothing about ada.
    let bob = server.signed_in("bob").await;
    let mut of_bob = Device::new();
    added(&server, bob.token(), &mut of_bob).await;
    let asked = self::asked(&server, None).await;
    let signed = of_bob.sign(&asked.options).await.unwrap();
    let body = json!({ "challenge": asked.challenge, "passkey": signed });
    let refused = server.json_with_token("POST", path::REAUTHENTICATE, token.expose(), &body).await;
    assert_eq!(refused.problem().kind, kind::INVALID_CREDENTIALS);
    let mixed = json!({ "password": PASSWORD, "challenge": "x", "passkey": {} });
    let refused =
        server.json_with_token("POST", path::REAUTHENTICATE, token.expose(), &mixed).await;
    assert_eq!(refused.problem().errors[0].field, "password");
}

#[tokio::test]
async fn the_first_passkey_ends_other_sessions_and_a_disabled_user_has_none() {
    let server = TestApp::start().await;
    let ada = server.signed_in("ada").await;
    let other = SignedIn::from(&server.login("ada", PASSWORD).await);
    let mut device = Device::new();
    added(&server, ada.token(), &mut device).await;
    assert_eq!(server.get_with_token(path::ME, other.token()).await.status, 401);
    let root = server.admin("boss").await;
    let at = path::ADMIN_USER.replace("{id}", &ada.login.user.id);
    let off = json!({ "disabled": true });
    assert_eq!(server.json_with_token("PATCH", &at, root.token(), &off).await.status, 200);
    assert_eq!(sign_in(&server, &mut device, None).await.problem().kind, kind::INVALID_CREDENTIALS);
}

#[tokio::test]
async fn damaged_credentials_are_refused_and_never_a_fault() {
    let server = TestApp::start().await;
    let (ada, mut device, _) = ada(&server, Device::new()).await;
    let new = asked_for_new(&server, ada.token()).await;
    let made = Device::new().make(&new.options).await.unwrap();
    for damaged in damage(&made) {
        let asked = asked_for_new(&server, ada.token()).await;
        let refused = add(&server, ada.token(), &asked, &damaged).await;
        assert_eq!(refused.status, 422, "{damaged} {refused:?}");
    }
    for damaged in damage(&device.sign(&asked(&server, None).await.options).await.unwrap()) {
        let asked = asked(&server, None).await;
        let status = answer(&server, &asked, &damaged).await.status;
        assert!(status == 401 || status == 422, "{damaged} {status}");
    }
    for (body, field) in [
        (json!({ "challenge": "x" }), "credential"),
        (json!({ "challenge": "x", "credential": "text" }), "credential"),
        (json!({ "credential": {} }), "challenge"),
    ] {
        let refused = server.post_json(path::PASSKEY_LOGIN, &body).await;
        assert_eq!(refused.problem().errors[0].field, field, "{body}");
    }
}

/// The credential with each of its texts cut, emptied, made longer, and replaced by what is no CBOR.
fn damage(credential: &Value) -> Vec<Value> {
    let mut all = vec![json!({}), json!({ "id": credential["id"] })];
    let fields: Vec<String> = credential["response"].as_object().unwrap().keys().cloned().collect();
    for field in fields {
        let Some(text) = credential["response"][&field].as_str() else { continue };
        let (half, long) = (&text[..text.len() / 2], text.repeat(8));
        for bad in ["", half, long.as_str(), "_____w", "o2Nmb", "not base64!", "gICAgICA"] {
            let mut damaged = credential.clone();
            damaged["response"][&field] = bad.into();
            all.push(damaged);
        }
    }
    all
}

#[tokio::test]
async fn a_server_known_by_an_address_has_no_passkeys_and_one_with_a_name_has_its_own() {
    let by_address = TestApp::with_args(&["--public-url", "https://192.0.2.7"]).await;
    let refused = by_address.post_json(path::PASSKEY_LOGIN_OPTIONS, &json!({})).await;
    assert_eq!(refused.problem().kind, kind::NO_PASSKEYS);
    let named = TestApp::with_args(&["--public-url", "https://login.example.com"]).await;
    let ada = named.signed_in("ada").await;
    let mut device = Device::new().at("https://login.example.com");
    added(&named, ada.token(), &mut device).await;
    assert_eq!(sign_in(&named, &mut device, None).await.status, 200);
    // The port is a part of a site that was named.
    let mut elsewhere = device.copied().at("https://login.example.com:8443");
    assert_eq!(sign_in(&named, &mut elsewhere, None).await.status, 401);
    let asked = asked_for_new(&named, ada.token()).await;
    let made = elsewhere.make(&asked.options).await.unwrap();
    let refused = add(&named, ada.token(), &asked, &made).await;
    assert_eq!(refused.problem().errors[0].field, "credential", "{refused:?}");
}

#[tokio::test]
async fn asking_has_a_limit_of_its_own() {
    let server = TestApp::with_args(&["--login-throttle", "on"]).await;
    let bob = server.signed_in("bob").await;
    for _ in 0..60 {
        let answer = server.post_json(path::PASSKEY_LOGIN_OPTIONS, &json!({})).await;
        assert_eq!(answer.status, 200);
    }
    let new = server.with_token("POST", path::PASSKEY_OPTIONS, bob.token()).await;
    assert_eq!(new.status, 429, "for a new one, too");
    let more = server.post_json(path::PASSKEY_LOGIN_OPTIONS, &json!({})).await;
    assert_eq!((more.status.as_u16(), more.header("retry-after")), (429, "1"));
    assert_eq!(server.register("ada", PASSWORD).await.status, 201);
    assert_eq!(server.login("ada", PASSWORD).await.status, 200, "it is no attempt");
}
