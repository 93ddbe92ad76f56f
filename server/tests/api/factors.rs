//! Second factors: one-time codes and recovery codes.

use hallpass_contract::{
    FactorList, Login, RecoveryCodes, ResetLink, TotpSetup, UserPage, kind, path,
};
use serde_json::{Value, json};
use std::time::Duration;
use totp_rs::Totp;

use crate::app::{PASSWORD, Response, SignedIn, TestApp};
use crate::audit;

/// Somebody with one-time codes, and what their app shows.
struct Ada {
    signed_in: SignedIn,
    app: Totp,
    codes: Vec<String>,
}

/// What the authenticator app shows now, or so many steps later.
pub(crate) fn code(server: &TestApp, app: &Totp, later: i64) -> String {
    let now = server.state.accounts.moment().now.as_second() + 30 * later;
    app.generate(now.unsigned_abs()).to_string()
}

async fn ada(server: &TestApp) -> Ada {
    let signed_in = server.signed_in("ada").await;
    let setup: TotpSetup = server.with_token("POST", path::TOTP, signed_in.token()).await.json();
    let app = Totp::from_url(setup.uri.expose()).unwrap();
    let body = json!({ "code": code(server, &app, 0) });
    let answer = server.json_with_token("POST", path::TOTP_CONFIRM, signed_in.token(), &body).await;
    let codes: RecoveryCodes = answer.json();
    let codes = codes.recovery_codes.iter().map(|code| code.expose().to_owned()).collect();
    // The code that confirmed is used up.
    server.clock.advance(Duration::from_secs(30));
    Ada { signed_in, app, codes }
}

/// The challenge of a right password.
async fn challenge(server: &TestApp) -> String {
    let answer = server.login("ada", PASSWORD).await;
    assert_eq!(answer.status, 401);
    let problem = answer.problem();
    assert_eq!(problem.kind, kind::SECOND_FACTOR_REQUIRED);
    assert!(answer.header("set-cookie").is_empty(), "no cookie before the second factor");
    problem.challenge.unwrap().expose().to_owned()
}

async fn answer(server: &TestApp, challenge: &str, kind: &str, code: &str) -> Response {
    let body = json!({ "challenge": challenge, kind: code });
    server.post_json(path::SECOND_FACTOR, &body).await
}

async fn factors(server: &TestApp, token: &str) -> FactorList {
    server.get_with_token(path::FACTORS, token).await.json()
}

pub(crate) fn amr(login: &Login) -> Value {
    let claims = login.access_token.expose().split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["amr"].clone()
}

#[tokio::test]
async fn a_login_takes_two_steps_once_codes_are_set_up() {
    let server = TestApp::start().await;
    let Ada { signed_in, app, .. } = ada(&server).await;
    let listed = factors(&server, signed_in.token()).await;
    assert!(listed.totp.is_some() && listed.recovery_codes == 10);
    let eve = server.admin("eve").await;
    let page: UserPage = server.get_with_token(path::ADMIN_USERS, eve.token()).await.json();
    let factors = page.users.iter().map(|user| (user.username.as_str(), user.second_factor));
    assert_eq!(factors.collect::<Vec<_>>(), [("ada", true), ("eve", false)]);
    let challenge = challenge(&server).await;
    let done = answer(&server, &challenge, "totp", &code(&server, &app, 0)).await;
    assert_eq!(done.status, 200);
    let second = SignedIn::from(&done);
    assert_eq!(amr(&second.login), json!(["pwd", "otp", "mfa"]));
    assert_eq!(server.get_with_token(path::ME, second.token()).await.status, 200);
    assert_eq!(server.refresh(&second.cookie).await.status, 200);
    let other = answer(&server, &challenge, "totp", &code(&server, &app, 1)).await;
    assert_eq!(other.problem().kind, kind::CHALLENGE_OVER, "it was answered");
}

#[tokio::test]
async fn a_wrong_password_reads_the_same_with_and_without_a_factor() {
    let server = TestApp::start().await;
    ada(&server).await;
    server.signed_in("bob").await;
    let [of_ada, of_bob, of_nobody] = [
        server.login("ada", "wrong password").await,
        server.login("bob", "wrong password").await,
        server.login("nobody", "wrong password").await,
    ];
    assert_eq!(of_ada.problem().kind, kind::INVALID_CREDENTIALS);
    assert_eq!((&of_ada.body, &of_ada.body), (&of_bob.body, &of_nobody.body));
}

#[tokio::test]
async fn a_code_is_not_accepted_twice_nor_late_nor_early() {
    let server = TestApp::start().await;
    let Ada { app, .. } = ada(&server).await;
    let right = code(&server, &app, 0);
    let first = challenge(&server).await;
    for wrong in [code(&server, &app, -3), code(&server, &app, 3), "000000".to_owned()] {
        let refused = answer(&server, &first, "totp", &wrong).await;
        assert_eq!(refused.problem().kind, kind::INVALID_CREDENTIALS, "{wrong}");
    }
    assert_eq!(answer(&server, &first, "totp", &right).await.status, 200);
    let second = challenge(&server).await;
    assert_eq!(answer(&server, &second, "totp", &right).await.status, 401, "used before");
    server.clock.advance(Duration::from_secs(30));
    assert_eq!(answer(&server, &second, "totp", &code(&server, &app, 0)).await.status, 200);
}

#[tokio::test]
async fn a_challenge_is_over_after_five_wrong_codes_and_after_five_minutes() {
    let server = TestApp::start().await;
    let Ada { app, .. } = ada(&server).await;
    let first = challenge(&server).await;
    for _ in 0..5 {
        let refused = answer(&server, &first, "totp", "000000").await;
        assert_eq!(refused.problem().kind, kind::INVALID_CREDENTIALS);
    }
    let sixth = answer(&server, &first, "totp", &code(&server, &app, 0)).await;
    assert_eq!(sixth.problem().kind, kind::CHALLENGE_OVER);
    let second = challenge(&server).await;
    server.clock.advance(Duration::from_secs(300));
    let late = answer(&server, &second, "totp", &code(&server, &app, 0)).await;
    assert_eq!(late.problem().kind, kind::CHALLENGE_OVER);
    for bad in ["", "AAAA", "not a challenge", "x".repeat(10_000).as_str()] {
        let refused = answer(&server, bad, "totp", &code(&server, &app, 0)).await;
        assert_eq!(refused.problem().kind, kind::CHALLENGE_OVER, "{bad:?}");
    }
}

#[tokio::test]
async fn a_recovery_code_signs_in_once() {
    let server = TestApp::start().await;
    let Ada { signed_in, codes, .. } = ada(&server).await;
    let first = challenge(&server).await;
    let typed = codes[0].to_uppercase().replace('-', " ");
    let done = answer(&server, &first, "recovery_code", &typed).await;
    assert_eq!(done.status, 200);
    assert_eq!(factors(&server, signed_in.token()).await.recovery_codes, 9);
    let again = challenge(&server).await;
    assert_eq!(answer(&server, &again, "recovery_code", &codes[0]).await.status, 401);
    let renewed = server.with_token("POST", path::RECOVERY_CODES, signed_in.token()).await;
    let renewed: RecoveryCodes = renewed.json();
    assert_eq!(answer(&server, &again, "recovery_code", &codes[1]).await.status, 401, "void");
    let new = renewed.recovery_codes[0].expose();
    assert_eq!(answer(&server, &again, "recovery_code", new).await.status, 200);
}

#[tokio::test]
async fn a_proof_in_a_session_takes_both_factors() {
    let server = TestApp::start().await;
    let Ada { signed_in, app, codes } = ada(&server).await;
    let again = async |body: Value| {
        server.json_with_token("POST", path::REAUTHENTICATE, signed_in.token(), &body).await
    };
    let alone = again(json!({ "password": PASSWORD })).await;
    let problem = alone.problem();
    assert_eq!(problem.kind, kind::SECOND_FACTOR_REQUIRED);
    assert_eq!(
        (problem.methods, problem.challenge),
        (vec!["totp".into(), "recovery_code".into()], None)
    );
    let wrong = again(json!({ "password": PASSWORD, "totp": "000000" })).await;
    assert_eq!(wrong.problem().kind, kind::INVALID_CREDENTIALS);
    let right = json!({ "password": PASSWORD, "totp": code(&server, &app, 0) });
    let fresh = again(right.clone()).await;
    assert_eq!(amr(&fresh.json()), json!(["pwd", "otp", "mfa"]));
    assert_eq!(again(right).await.status, 401, "the code was used");
    let recovered = again(json!({ "password": PASSWORD, "recovery_code": codes[3] })).await;
    assert_eq!(recovered.status, 200);
    let both = json!({ "password": PASSWORD, "totp": "1", "recovery_code": "2" });
    assert_eq!(again(both).await.wrong_fields(), ["totp"]);
}

#[tokio::test]
async fn codes_are_set_up_by_a_right_code_of_the_last_secret_alone() {
    let server = TestApp::start().await;
    let signed_in = server.signed_in("ada").await;
    let confirm = async |code: &str| {
        let body = json!({ "code": code });
        server.json_with_token("POST", path::TOTP_CONFIRM, signed_in.token(), &body).await
    };
    assert_eq!(confirm("000000").await.wrong_fields(), ["code"], "nothing was begun");
    let begin = async || {
        let setup = server.with_token("POST", path::TOTP, signed_in.token()).await;
        Totp::from_url(setup.json::<TotpSetup>().uri.expose()).unwrap()
    };
    let (first, last) = (begin().await, begin().await);
    assert_eq!(confirm(&code(&server, &first, 0)).await.wrong_fields(), ["code"]);
    assert_eq!(server.login("ada", PASSWORD).await.status, 200, "nothing has changed");
    assert_eq!(confirm(&code(&server, &last, 0)).await.status, 200);
    assert_eq!(server.login("ada", PASSWORD).await.status, 401);
    let remove = server.with_token("DELETE", path::TOTP, signed_in.token()).await;
    assert_eq!(remove.status, 204);
    assert_eq!(server.login("ada", PASSWORD).await.status, 200);
    assert_eq!(factors(&server, signed_in.token()).await.recovery_codes, 0);
    for (method, path) in [("DELETE", path::TOTP), ("POST", path::RECOVERY_CODES)] {
        assert_eq!(server.with_token(method, path, signed_in.token()).await.status, 404);
    }
}

#[tokio::test]
async fn a_stale_login_changes_no_factor() {
    let server = TestApp::start().await;
    let Ada { signed_in, .. } = ada(&server).await;
    server.clock.advance(Duration::from_secs(301));
    for (method, path) in
        [("POST", path::TOTP), ("DELETE", path::TOTP), ("POST", path::RECOVERY_CODES)]
    {
        let refused = server.with_token(method, path, signed_in.token()).await;
        assert_eq!(refused.problem().kind, kind::NOT_FRESH, "{method} {path}");
    }
    let (path, body) = (path::TOTP_CONFIRM, json!({ "code": "123456" }));
    let refused = server.json_with_token("POST", path, signed_in.token(), &body).await;
    assert_eq!(refused.problem().kind, kind::NOT_FRESH);
}

#[tokio::test]
async fn an_admin_takes_the_factors_of_whoever_lost_them() {
    let server = TestApp::start().await;
    let Ada { signed_in, .. } = ada(&server).await;
    let boss = server.admin("boss").await;
    let path = path::ADMIN_USER_FACTORS.replace("{id}", &signed_in.user.id);
    assert_eq!(server.with_token("DELETE", &path, signed_in.token()).await.status, 403);
    assert_eq!(server.with_token("DELETE", &path, boss.token()).await.status, 204);
    assert_eq!(server.get_with_token(path::ME, signed_in.token()).await.status, 401);
    assert_eq!(server.login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_new_password_leaves_the_factors_in_place() {
    let server = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    let Ada { signed_in, app, .. } = ada(&server).await;
    let boss = server.admin("boss").await;
    let path = path::ADMIN_USER_RESET.replace("{id}", &signed_in.user.id);
    let link: ResetLink = server.with_token("POST", &path, boss.token()).await.json();
    let token = link.url.split_once('#').unwrap().1;
    let new = "tulip anvil copper midnight";
    let body = json!({ "token": token, "new_password": new });
    assert_eq!(server.post_json(path::PASSWORD_RESET, &body).await.status, 204);
    let problem = server.login("ada", new).await.problem();
    assert_eq!(problem.kind, kind::SECOND_FACTOR_REQUIRED);
    let challenge = problem.challenge.unwrap();
    let done = answer(&server, challenge.expose(), "totp", &code(&server, &app, 0)).await;
    assert_eq!(done.status, 200);
}

#[tokio::test]
async fn wrong_codes_count_as_wrong_passwords() {
    let server = TestApp::with_args(&["--login-throttle", "on"]).await;
    ada(&server).await;
    // Within a minute, the address alone would end it.
    for _ in 0..15 {
        server.clock.advance(Duration::from_secs(60));
        let challenge = challenge(&server).await;
        for _ in 0..5 {
            if answer(&server, &challenge, "totp", "000000").await.status == 429 {
                return;
            }
        }
    }
    panic!("75 wrong codes in 15 minutes");
}

#[tokio::test]
async fn a_used_code_clears_nothing() {
    let server = TestApp::with_args(&["--login-throttle", "on", "--access-ttl", "24h"]).await;
    let Ada { signed_in, codes, .. } = ada(&server).await;
    let again = async |code: &str| {
        let body = json!({ "password": PASSWORD, "recovery_code": code });
        server.json_with_token("POST", path::REAUTHENTICATE, signed_in.token(), &body).await
    };
    assert_eq!(again(&codes[0]).await.status, 200);
    for _ in 0..15 {
        server.clock.advance(Duration::from_secs(60));
        for wrong in
            ["aaaa-aaaa-aaaa-aaaa", "bbbb-bbbb-bbbb-bbbb", "cccc-cccc-cccc-cccc", &codes[0]]
        {
            let refused = again(wrong).await;
            if refused.status == 429 {
                return;
            }
            assert_eq!(refused.status, 401);
        }
    }
    panic!("60 wrong codes in 15 minutes");
}

#[tokio::test]
async fn a_first_step_is_no_failure_and_the_second_one_ends_the_row() {
    let server = TestApp::with_args(&["--login-throttle", "on"]).await;
    let Ada { app, .. } = ada(&server).await;
    // More than an account may fail.
    for _ in 0..30 {
        server.clock.advance(Duration::from_secs(4));
        challenge(&server).await;
    }
    for _ in 0..2 {
        server.clock.advance(Duration::from_secs(60));
        let first = challenge(&server).await;
        for _ in 0..4 {
            assert_eq!(answer(&server, &first, "totp", "000000").await.status, 401);
        }
        let right = code(&server, &app, 0);
        assert_eq!(answer(&server, &first, "totp", &right).await.status, 200);
    }
}

#[tokio::test]
async fn what_changes_between_the_two_steps_counts() {
    let server = TestApp::start().await;
    let Ada { signed_in, app, .. } = ada(&server).await;
    let first = challenge(&server).await;
    let remove = server.with_token("DELETE", path::TOTP, signed_in.token()).await;
    assert_eq!(remove.status, 204);
    let right = code(&server, &app, 0);
    assert_eq!(answer(&server, &first, "totp", &right).await.status, 401, "the factor is gone");

    let server = TestApp::start().await;
    let Ada { signed_in, app, .. } = ada(&server).await;
    let first = challenge(&server).await;
    let new =
        json!({ "current_password": PASSWORD, "new_password": "tulip anvil copper midnight" });
    let changed = server.json_with_token("POST", path::PASSWORD, signed_in.token(), &new).await;
    assert_eq!(changed.status, 204);
    let right = code(&server, &app, 0);
    assert_eq!(answer(&server, &first, "totp", &right).await.status, 401, "another password");

    let server = TestApp::start().await;
    let Ada { signed_in, app, .. } = ada(&server).await;
    let (first, boss) = (challenge(&server).await, server.admin("boss").await);
    let path = path::ADMIN_USER.replace("{id}", &signed_in.user.id);
    let disable = json!({ "disabled": true });
    let disabled = server.json_with_token("PATCH", &path, boss.token(), &disable).await;
    assert_eq!(disabled.status, 200);
    let right = code(&server, &app, 0);
    assert_eq!(answer(&server, &first, "totp", &right).await.status, 401, "disabled");
}

#[tokio::test]
async fn a_new_factor_ends_the_other_sessions() {
    let server = TestApp::start().await;
    server.signed_in("bob").await;
    let other = SignedIn::from(&server.login("bob", PASSWORD).await);
    let own = SignedIn::from(&server.login("bob", PASSWORD).await);
    let setup: TotpSetup = server.with_token("POST", path::TOTP, own.token()).await.json();
    let app = Totp::from_url(setup.uri.expose()).unwrap();
    let body = json!({ "code": code(&server, &app, 0) });
    let confirmed = server.json_with_token("POST", path::TOTP_CONFIRM, own.token(), &body).await;
    assert_eq!(confirmed.status, 200);
    assert_eq!(server.get_with_token(path::ME, other.token()).await.status, 401);
    assert_eq!(server.get_with_token(path::ME, own.token()).await.status, 200);
}

#[tokio::test]
async fn no_secret_is_in_the_audit_log_and_each_step_is() {
    let server = TestApp::start().await;
    let Ada { signed_in, app, codes } = ada(&server).await;
    let challenge = challenge(&server).await;
    answer(&server, &challenge, "totp", "000000").await;
    answer(&server, &challenge, "totp", &code(&server, &app, 0)).await;
    let records = audit::written();
    assert!(records.iter().all(|record| record["user"] == signed_in.user.id));
    let events: Vec<_> = records.iter().map(|record| record["event"].as_str().unwrap()).collect();
    assert_eq!(
        events,
        ["registration", "login", "totp_added", "second_factor_asked", "login", "login"]
    );
    let all = format!("{records:?}");
    assert!(all.contains("wrong one-time code") && all.contains("by a one-time code"), "{all}");
    assert!(!all.contains(app.secret().to_base32().as_str()) && !all.contains(&codes[0]), "{all}");
}
