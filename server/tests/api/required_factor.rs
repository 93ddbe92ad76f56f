//! Accounts that must have a second factor.

use std::time::Duration;

use hallpass::endpoint::Needs;
use hallpass::routes::listed;
use hallpass_contract::{Login, PasskeyBody, PasskeyOptions, RecoveryCodes, TotpSetup, kind, path};
use serde_json::{Value, json};
use totp_rs::Totp;

use crate::app::{PASSWORD, Response, SignedIn, TestApp};
use crate::device::Device;
use crate::factors::{amr, code};

async fn requiring(who: &str) -> TestApp {
    TestApp::with_args(&["--require-second-factor", who]).await
}

/// The token that a new account gets at its login.
async fn token_for_setup(server: &TestApp, name: &str) -> String {
    server.register(name, PASSWORD).await;
    setup_token(&server.login(name, PASSWORD).await)
}

fn setup_token(answer: &Response) -> String {
    assert_eq!(answer.status, 200);
    assert!(answer.header("set-cookie").is_empty(), "nothing to refresh");
    let login: Login = answer.json();
    assert!(login.setup_required);
    let token = login.access_token.expose().to_owned();
    let part = |n: usize| {
        let part = token.split('.').nth(n).unwrap().as_bytes();
        serde_json::from_slice::<Value>(&data_encoding::BASE64URL_NOPAD.decode(part).unwrap())
    };
    assert_eq!(part(0).unwrap()["typ"], "setup+jwt");
    let claims = part(1).unwrap();
    assert_eq!((&claims["roles"], &claims["aud"]), (&json!([]), &claims["iss"]));
    token
}

/// Begins to set up one-time codes. Returns the body that confirms them.
async fn begin_totp(server: &TestApp, token: &str) -> Value {
    let setup: TotpSetup = server.with_token("POST", path::TOTP, token).await.json();
    let app = Totp::from_url(setup.uri.expose()).unwrap();
    json!({ "code": code(server, &app, 0) })
}

async fn confirm_totp(server: &TestApp, token: &str, body: &Value) -> Response {
    server.json_with_token("POST", path::TOTP_CONFIRM, token, body).await
}

async fn set_up_totp(server: &TestApp, token: &str) -> Response {
    let body = begin_totp(server, token).await;
    confirm_totp(server, token, &body).await
}

async fn add_passkey(server: &TestApp, token: &str, device: &mut Device) -> Response {
    let asked: PasskeyOptions =
        server.with_token("POST", path::PASSKEY_OPTIONS, token).await.json();
    let made = device.make(&asked.options).await.unwrap();
    let body = json!({ "challenge": asked.challenge, "name": "My phone", "credential": made });
    server.json_with_token("POST", path::PASSKEYS, token, &body).await
}

/// Whether the answer is one to a login, and its tokens are good.
async fn is_signed_in(server: &TestApp, answer: &Response, methods: Value) -> SignedIn {
    let signed_in = SignedIn::from(answer);
    assert!(!signed_in.setup_required);
    assert_eq!(amr(&signed_in.login), methods);
    for path in [path::VERIFY, path::PROTECTED] {
        assert_eq!(server.get_with_token(path, signed_in.token()).await.status, 200);
    }
    assert_eq!(server.refresh(&signed_in.cookie).await.status, 200);
    signed_in
}

#[tokio::test]
async fn a_token_for_setting_up_opens_the_routes_for_that_alone() {
    let server = requiring("all").await;
    let token = token_for_setup(&server, "ada").await;
    // The one that ends the session comes last.
    let (ending, others): (Vec<_>, Vec<_>) =
        listed().into_iter().partition(|it| it.needs == Needs::TokenOrCookie);
    for endpoint in others.into_iter().chain(ending) {
        let path = endpoint.path.replace("{id}", "0198c2f1-8e6b-7c3a-9d42-5b6f7a8c9d0e");
        let answer = server.with_token(endpoint.method, &path, &token).await;
        let body = String::from_utf8_lossy(&answer.body);
        let is_problem = answer.header("content-type") == "application/problem+json";
        let needs_setup = is_problem && body.contains(kind::SECOND_FACTOR_SETUP_REQUIRED);
        match endpoint.needs {
            Needs::Nothing
            | Needs::Cookie
            | Needs::Client
            | Needs::GuardCookie
            | Needs::GuardCookieOrRedirect
            | Needs::CookieOrRedirect => assert!(!needs_setup, "{endpoint:?}"),
            Needs::TokenOrSetup | Needs::FreshOrSetup | Needs::TokenOrCookie => {
                assert!(![401, 403].contains(&answer.status.as_u16()), "{endpoint:?} {body}");
            }
            Needs::ProxiedToken => {
                assert_eq!(answer.status, 401);
                assert!(needs_setup && answer.header("www-authenticate").contains("invalid_token"));
            }
            _ => assert!(answer.status == 403 && needs_setup, "{endpoint:?} {body}"),
        }
    }
    let ended = server.get_with_token(path::ME, &token).await;
    assert_eq!(ended.problem().kind, kind::SESSION_ENDED, "logout ends it");
}

#[tokio::test]
async fn one_time_codes_that_are_set_up_sign_in() {
    let server = requiring("all").await;
    let token = token_for_setup(&server, "ada").await;
    let other = setup_token(&server.login("ada", PASSWORD).await);
    let body = begin_totp(&server, &token).await;
    let wrong = confirm_totp(&server, &token, &json!({ "code": "000000" })).await;
    assert_eq!(wrong.wrong_fields(), ["code"]);
    let done = confirm_totp(&server, &token, &body).await;
    assert_eq!(done.status, 200);
    assert_eq!(done.json::<RecoveryCodes>().recovery_codes.len(), 10);
    let signed_in = is_signed_in(&server, &done, json!(["pwd", "otp", "mfa"])).await;
    for token in [&token, &other] {
        let ended = server.get_with_token(path::ME, token).await;
        assert_eq!(ended.problem().kind, kind::SESSION_ENDED);
    }
    let second = server.login("ada", PASSWORD).await;
    assert_eq!(second.problem().kind, kind::SECOND_FACTOR_REQUIRED);
    // In a full session, the answer is of the codes alone.
    server.clock.advance(Duration::from_secs(30));
    let again = set_up_totp(&server, signed_in.token()).await;
    assert_eq!(again.status, 200);
    assert!(again.json::<RecoveryCodes>().login.is_none());
    assert!(again.header("set-cookie").is_empty());
}

#[tokio::test]
async fn a_passkey_that_is_set_up_signs_in() {
    let server = requiring("all").await;
    let token = token_for_setup(&server, "ada").await;
    let mut device = Device::new();
    let done = add_passkey(&server, &token, &mut device).await;
    assert_eq!(done.status, 201);
    assert_eq!(done.json::<PasskeyBody>().passkey.name, "My phone");
    // The device says that it may copy its keys.
    is_signed_in(&server, &done, json!(["pwd", "swk", "mfa"])).await;
    assert_eq!(server.get_with_token(path::ME, &token).await.status, 401);
}

#[tokio::test]
async fn the_last_factor_stays_where_there_must_be_one() {
    let server = requiring("all").await;
    let token = token_for_setup(&server, "ada").await;
    let signed_in = SignedIn::from(&set_up_totp(&server, &token).await);
    let remove = async |path: &str| server.with_token("DELETE", path, signed_in.token()).await;
    let refused = remove(path::TOTP).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().kind.as_str()),
        (409, kind::LAST_FACTOR)
    );
    let added = add_passkey(&server, signed_in.token(), &mut Device::new()).await;
    let passkey = added.json::<PasskeyBody>().passkey.id;
    assert_eq!(remove(path::TOTP).await.status, 204, "the passkey is left");
    let refused = remove(&path::PASSKEY.replace("{id}", &passkey)).await;
    assert_eq!(refused.problem().kind, kind::LAST_FACTOR);
}

#[tokio::test]
async fn with_admins_only_admins_must_and_new_ones_from_then_on() {
    let server = requiring("admins").await;
    let ada = server.signed_in("ada").await;
    assert!(!ada.setup_required);
    server.admin("boss").await;
    let token = setup_token(&server.login("boss", PASSWORD).await);
    let boss = SignedIn::from(&set_up_totp(&server, &token).await);
    let path = path::ADMIN_USER.replace("{id}", &ada.user.id);
    let patch = json!({ "roles": ["admin"] });
    let made = server.json_with_token("PATCH", &path, boss.token(), &patch).await;
    assert_eq!(made.status, 200);
    for path in [path::VERIFY, path::PROTECTED, path::FACTORS] {
        let refused = server.get_with_token(path, ada.token()).await;
        assert_eq!(refused.problem().kind, kind::SESSION_ENDED, "{path}");
    }
    let other = SignedIn { cookie: String::new(), ..ada };
    assert_eq!(server.with_token("POST", path::LOGOUT, other.token()).await.status, 204);
    setup_token(&server.login("ada", PASSWORD).await);
}

#[tokio::test]
async fn a_refresh_ends_the_session_of_whoever_must_have_a_factor_by_now() {
    let server = requiring("admins").await;
    let ada = server.admin("ada").await;
    assert_eq!(server.refresh(&ada.cookie).await.problem().kind, kind::SESSION_ENDED);
    let inspection = server.state.accounts.inspect(ada.token()).await.unwrap();
    assert!(!inspection.accepted);
    let session = inspection.checks.iter().find(|check| check.name == "session").unwrap();
    assert!(session.detail.contains("was ended"), "{session:?}");
}

#[tokio::test]
async fn a_set_up_may_take_fifteen_minutes() {
    let args = ["--require-second-factor", "all", "--fresh-for", "1m", "--access-ttl", "1m"];
    let server = TestApp::with_args(&args).await;
    let token = token_for_setup(&server, "ada").await;
    server.clock.advance(Duration::from_secs(899));
    assert!(server.state.accounts.inspect(&token).await.unwrap().accepted);
    let body = begin_totp(&server, &token).await;
    assert_eq!(confirm_totp(&server, &token, &json!({ "code": "000000" })).await.status, 422);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(confirm_totp(&server, &token, &body).await.status, 401);
}

#[tokio::test]
async fn a_set_up_that_was_signed_out_of_stays_ended_however_short_access_tokens_live() {
    let args = ["--require-second-factor", "all", "--access-ttl", "1m"];
    let server = TestApp::with_args(&args).await;
    let token = token_for_setup(&server, "ada").await;
    assert_eq!(server.get_with_token(path::ME, &token).await.status, 200);
    assert_eq!(server.with_token("POST", path::LOGOUT, &token).await.status, 204);
    server.clock.advance(Duration::from_secs(600));
    server.state.accounts.store.sweep(server.state.accounts.moment().now).await.unwrap();
    assert_eq!(server.get_with_token(path::ME, &token).await.status, 401);
}
