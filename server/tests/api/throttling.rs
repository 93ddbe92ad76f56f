//! Who may try how often; and that nobody can be locked out by somebody else.

use std::time::Duration;

use hallpass_contract::{kind, path};
use serde_json::{Value, json};

use crate::app::{PASSWORD, Response, TestApp};

const WRONG: &str = "wrong horse battery staple";

/// Behind a proxy on this machine, so that a test can come from any address.
const PROXIED: [&str; 4] = ["--login-throttle", "on", "--trusted-proxy", "127.0.0.1"];

async fn throttled() -> TestApp {
    TestApp::with_args(&["--login-throttle", "on"]).await
}

async fn post_from(app: &TestApp, address: &str, path: &str, body: &Value) -> Response {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
    app.send_body("POST", path, &headers, body.to_string()).await
}

async fn login_from(app: &TestApp, address: &str, username: &str, password: &str) -> Response {
    let body = json!({"username": username, "password": password});
    post_from(app, address, path::LOGIN, &body).await
}

fn assert_too_many(response: &Response, retry_after: &str) {
    assert_eq!(response.status, 429);
    assert_eq!(response.header("retry-after"), retry_after);
    assert_eq!(response.problem().kind, kind::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn twenty_logins_and_thirty_registrations_a_minute_are_admitted_from_one_address() {
    let app = throttled().await;
    for n in 0..30 {
        assert_eq!(app.register(&format!("user{n}"), PASSWORD).await.status, 201);
    }
    assert_too_many(&app.register("user30", PASSWORD).await, "2");
    for n in 0..20 {
        assert_eq!(app.login(&format!("user{n}"), PASSWORD).await.status, 200);
    }
    assert_too_many(&app.login("user20", PASSWORD).await, "3");
    app.clock.advance(Duration::from_secs(3));
    assert_eq!(app.login("user20", PASSWORD).await.status, 200);
    app.clock.advance(Duration::from_secs(60));
    for n in 0..20 {
        assert_eq!(app.login(&format!("user{n}"), PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn an_unknown_name_is_throttled_like_a_known_one() {
    let app = throttled().await;
    app.register("ada", PASSWORD).await;
    let mut problems = Vec::new();
    for name in ["ada", "nobody"] {
        app.clock.advance(Duration::from_secs(3600));
        for _ in 0..20 {
            assert_eq!(app.login(name, WRONG).await.status, 401);
        }
        let refused = app.login(name, WRONG).await;
        assert_too_many(&refused, "30");
        problems.push(refused.problem());
    }
    assert_eq!(problems[0], problems[1]);
}

#[tokio::test]
async fn x_forwarded_for_of_a_stranger_does_not_reset_the_counter() {
    let app = throttled().await;
    for n in 0..20 {
        let response = login_from(&app, &format!("198.51.100.{n}"), "nobody", WRONG).await;
        assert_eq!(response.status, 401);
    }
    assert_eq!(login_from(&app, "203.0.113.9", "nobody", WRONG).await.status, 429);
}

#[tokio::test]
async fn behind_a_trusted_proxy_only_the_address_it_saw_counts() {
    let app = TestApp::with_args(&PROXIED).await;
    for n in 0..20 {
        let spoofed = format!("203.0.113.{n}, 198.51.100.1");
        assert_eq!(login_from(&app, &spoofed, "nobody", WRONG).await.status, 401);
    }
    assert_eq!(login_from(&app, "203.0.113.99, 198.51.100.1", "nobody", WRONG).await.status, 429);
    assert_eq!(login_from(&app, "198.51.100.2", "somebody", WRONG).await.status, 401);
}

#[tokio::test]
async fn an_attacker_can_not_lock_a_victim_out() {
    let app = TestApp::with_args(&PROXIED).await;
    for name in ["ada", "bob"] {
        let body = json!({"username": name, "password": PASSWORD});
        post_from(&app, "198.51.100.1", path::REGISTER, &body).await;
    }
    assert_eq!(login_from(&app, "198.51.100.1", "ada", PASSWORD).await.status, 200);
    for n in 0..100 {
        let response = login_from(&app, &format!("203.0.113.{n}"), "ada", WRONG).await;
        assert_eq!(response.status, 401);
    }
    // Even who knows the password is refused elsewhere, and reads what is said of an unknown name.
    assert_too_many(&login_from(&app, "203.0.113.200", "ada", PASSWORD).await, "3600");
    assert_eq!(login_from(&app, "203.0.113.200", "bob", PASSWORD).await.status, 200);
    let victim = login_from(&app, "198.51.100.1", "ada", PASSWORD).await;
    assert_eq!(victim.status, 200, "from where she signed in before");
    assert_eq!(login_from(&app, "203.0.113.200", "ada", PASSWORD).await.status, 200, "it is over");
}

#[tokio::test]
async fn every_way_to_try_a_password_is_throttled() {
    let app = throttled().await;
    let ada = app.signed_in("ada").await;
    let reauthenticate = json!({"password": WRONG});
    let change = json!({"current_password": WRONG, "new_password": "tulip anvil copper midnight"});
    for (path, body) in [(path::REAUTHENTICATE, reauthenticate), (path::PASSWORD, change)] {
        app.clock.advance(Duration::from_secs(120));
        let mut attempts = 0;
        while app.json_with_token("POST", path, ada.token(), &body).await.status == 401 {
            attempts += 1;
        }
        assert!((1..=20).contains(&attempts), "{path}: {attempts}");
        let refused = app.json_with_token("POST", path, ada.token(), &body).await;
        assert_eq!(refused.status, 429, "{path}");
    }
    let body = json!({"token": "made up", "new_password": PASSWORD});
    let mut resets = 0;
    while app.post_json(path::PASSWORD_RESET, &body).await.status == 422 {
        resets += 1;
    }
    assert!(resets <= 20, "{resets}");
    assert_eq!(app.post_json(path::PASSWORD_RESET, &body).await.status, 429);
    assert_eq!(app.get_with_token(path::ME, ada.token()).await.status, 200, "all else goes on");
}

#[tokio::test]
async fn many_guesses_at_once_have_no_more_than_the_budget() {
    let app = throttled().await;
    app.register("ada", PASSWORD).await;
    let guesses = (0..100).map(|_| app.login("ada", WRONG));
    let responses = futures_util::future::join_all(guesses).await;
    let guessed = responses.iter().filter(|response| response.status == 401).count();
    assert_eq!(guessed, 20);
}

#[tokio::test]
async fn for_load_tests_it_can_be_switched_off() {
    let app = TestApp::with_args(&["--login-throttle", "off"]).await;
    app.register("ada", PASSWORD).await;
    for _ in 0..150 {
        assert_eq!(app.login("ada", WRONG).await.status, 401);
    }
    assert_eq!(app.login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn guesses_from_all_over_a_56_are_refused() {
    let app = TestApp::with_args(&["--login-throttle", "on", "--trusted-proxy", "127.0.0.1"]).await;
    let (mut guessed, mut refused) = (0, 0);
    for n in 0..200 {
        let address = format!("2001:db8:0:1{n:02x}::1");
        match login_from(&app, &address, &format!("user-{n}"), WRONG).await.status.as_u16() {
            401 => guessed += 1,
            429 => refused += 1,
            status => panic!("{status}"),
        }
    }
    assert_eq!((guessed, refused), (160, 40));
    assert_eq!(login_from(&app, "2001:db8:1::1", "ada", WRONG).await.status, 401);
}
