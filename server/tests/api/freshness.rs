//! What needs a password that was given not long ago, and how it is given again.

use std::time::Duration;

use hallpass::store::UserId;
use hallpass_contract::{Verified, kind, path};
use serde_json::{Value, json};

use crate::app::{PASSWORD, Response, SignedIn, TestApp};

const NEW_PASSWORD: &str = "tulip anvil copper midnight";
const FRESH_FOR: Duration = Duration::from_secs(300);

async fn change_password(app: &TestApp, token: &str, current: &str, new: &str) -> Response {
    let body = json!({"current_password": current, "new_password": new});
    app.json_with_token("POST", path::PASSWORD, token, &body).await
}

async fn reauthenticate(app: &TestApp, token: &str, password: &str) -> Response {
    let body = json!({"password": password});
    app.json_with_token("POST", path::REAUTHENTICATE, token, &body).await
}

async fn sid(app: &TestApp, token: &str) -> String {
    app.get_with_token(path::VERIFY, token).await.json::<Verified>().sid
}

fn assert_asks_for_the_password(response: &Response) {
    assert_eq!(response.status, 401);
    assert_eq!(response.problem().kind, kind::NOT_FRESH);
    let challenge = response.header("www-authenticate");
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    assert!(challenge.contains(r#"error="insufficient_user_authentication""#), "{challenge}");
    assert!(challenge.contains(r#"max_age="300""#), "{challenge}");
}

#[tokio::test]
async fn dangerous_actions_need_a_login_at_most_five_minutes_old() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let user = admin.user.id.clone();
    app.clock.advance(FRESH_FOR + Duration::from_secs(1));
    let reset = path::ADMIN_USER_RESET.replace("{id}", &user);
    for (method, path) in [
        ("DELETE", path::ME),
        ("POST", path::PASSWORD),
        ("POST", path::ROTATE_KEYS),
        ("POST", reset.as_str()),
    ] {
        assert_asks_for_the_password(&app.with_token(method, path, admin.token()).await);
    }
    assert_eq!(app.get_with_token(path::ME, admin.token()).await.status, 200, "all else goes on");
}

#[tokio::test]
async fn the_login_counts_until_its_last_second() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    app.clock.advance(FRESH_FOR);
    assert_eq!(change_password(&app, ada.token(), PASSWORD, NEW_PASSWORD).await.status, 204);
}

#[tokio::test]
async fn a_refresh_does_not_make_a_login_fresh() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    app.clock.advance(FRESH_FOR * 2);
    let refreshed = SignedIn::from(&app.refresh(&ada.cookie).await);
    assert_asks_for_the_password(&app.with_token("DELETE", path::ME, refreshed.token()).await);
}

#[tokio::test]
async fn giving_the_password_again_renews_the_login_within_the_same_session() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    app.clock.advance(FRESH_FOR * 2);
    let response = reauthenticate(&app, ada.token(), PASSWORD).await;
    assert_eq!(response.status, 200);
    let login: hallpass_contract::Login = response.json();
    assert_eq!(login.user, ada.user);
    let token = login.access_token.expose();
    assert_eq!(sid(&app, token).await, sid(&app, ada.token()).await);

    let refreshed = SignedIn::from(&app.refresh(&ada.cookie).await);
    let changed = change_password(&app, refreshed.token(), PASSWORD, NEW_PASSWORD).await;
    assert_eq!(changed.status, 204, "the session remembers it");
}

#[tokio::test]
async fn a_wrong_password_does_not_renew_a_login_and_does_not_end_the_session() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let refused = reauthenticate(&app, ada.token(), "wrong horse battery staple").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.problem().kind, kind::INVALID_CREDENTIALS);
    assert!(!refused.header("www-authenticate").contains("error"));
    assert_eq!(app.get_with_token(path::VERIFY, ada.token()).await.status, 200);
}

#[tokio::test]
async fn a_password_change_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let here = app.signed_in("ada").await;
    let elsewhere = SignedIn::from(&app.login("ada", PASSWORD).await);
    assert_eq!(change_password(&app, here.token(), PASSWORD, NEW_PASSWORD).await.status, 204);
    assert_eq!(app.get_with_token(path::VERIFY, here.token()).await.status, 200);
    assert_eq!(app.refresh(&here.cookie).await.status, 200);
    assert_eq!(app.get_with_token(path::VERIFY, elsewhere.token()).await.status, 401);
    assert_eq!(app.refresh(&elsewhere.cookie).await.status, 401);
    assert_eq!(app.login("ada", PASSWORD).await.status, 401);
    assert_eq!(app.login("ada", NEW_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_password_change_says_which_of_the_two_is_wrong() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let wrong =
        change_password(&app, ada.token(), "wrong horse battery staple", NEW_PASSWORD).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.problem().kind, kind::INVALID_CREDENTIALS);
    assert_eq!(wrong.wrong_fields(), ["current_password"]);
    for weak in ["short", "passwordpassword", ""] {
        let weak = change_password(&app, ada.token(), PASSWORD, weak).await;
        assert_eq!(weak.status, 422);
        assert_eq!(weak.wrong_fields(), ["new_password"]);
    }
    let empty = app.json_with_token("POST", path::PASSWORD, ada.token(), &json!({})).await;
    assert_eq!(empty.wrong_fields(), ["current_password", "new_password"]);
    assert_eq!(app.login("ada", PASSWORD).await.status, 200, "nothing has changed");
}

#[tokio::test]
async fn a_deleted_account_is_gone_with_all_its_sessions_and_its_name_is_free() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let elsewhere = SignedIn::from(&app.login("ada", PASSWORD).await);
    let response = app.with_token("DELETE", path::ME, ada.token()).await;
    assert_eq!(response.status, 204);
    assert!(response.header("set-cookie").contains("Max-Age=0"));
    for gone in [&ada, &elsewhere] {
        assert_eq!(app.get_with_token(path::VERIFY, gone.token()).await.status, 401);
        assert_eq!(app.refresh(&gone.cookie).await.status, 401);
    }
    assert_eq!(app.login("ada", PASSWORD).await.status, 401);
    let again = app.signed_in("ada").await;
    assert_ne!(again.user.id, ada.user.id);
}

#[tokio::test]
async fn how_long_a_login_counts_is_a_setting() {
    let app = TestApp::with_args(&["--fresh-for", "10s"]).await;
    let ada = app.signed_in("ada").await;
    app.clock.advance(Duration::from_secs(11));
    let refused = app.with_token("DELETE", path::ME, ada.token()).await;
    assert!(refused.header("www-authenticate").contains(r#"max_age="10""#));
}

/// What an admin asks for who signed in ten minutes ago.
async fn patch(app: &TestApp, admin: &SignedIn, user: &SignedIn, body: Value) -> Response {
    let path = path::ADMIN_USER.replace("{id}", &user.user.id);
    app.json_with_token("PATCH", &path, admin.token(), &body).await
}

async fn roles_of(app: &TestApp, user: &SignedIn) -> Vec<String> {
    let id = UserId::parse(&user.user.id).unwrap();
    app.state.accounts.store.user_by_id(id).await.unwrap().unwrap().roles
}

#[tokio::test]
async fn an_old_login_neither_makes_an_admin_nor_changes_one() {
    let app = TestApp::start().await;
    let (ada, boss) = (app.admin("ada").await, app.admin("boss").await);
    let bob = app.signed_in("bob").await;
    app.clock.advance(FRESH_FOR * 2);
    for body in [json!({"roles": ["admin"]}), json!({"roles": ["user", "admin"]})] {
        assert_asks_for_the_password(&patch(&app, &ada, &bob, body).await);
    }
    for user in [&boss, &ada] {
        for body in [json!({"roles": ["user"]}), json!({"disabled": true}), json!({})] {
            assert_asks_for_the_password(&patch(&app, &ada, user, body).await);
        }
        let path = path::ADMIN_USER_SESSIONS.replace("{id}", &user.user.id);
        assert_asks_for_the_password(&app.with_token("DELETE", &path, ada.token()).await);
    }
    assert_eq!(roles_of(&app, &bob).await, ["user"]);
    assert_eq!(roles_of(&app, &boss).await, ["admin"]);
    assert_eq!(app.get_with_token(path::VERIFY, boss.token()).await.status, 200);

    let renewed = reauthenticate(&app, ada.token(), PASSWORD).await;
    let ada = SignedIn { login: renewed.json(), cookie: ada.cookie };
    assert_eq!(patch(&app, &ada, &bob, json!({"roles": ["admin"]})).await.status, 200);
}

#[tokio::test]
async fn an_old_login_is_asked_for_the_password_before_a_body_about_an_admin_is_read() {
    let app = TestApp::start().await;
    let (ada, boss) = (app.admin("ada").await, app.admin("boss").await);
    app.clock.advance(FRESH_FOR * 2);
    let path = path::ADMIN_USER.replace("{id}", &boss.user.id);
    let bearer = format!("Bearer {}", ada.token());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    assert_asks_for_the_password(&app.send_body("PATCH", &path, &headers, "no JSON").await);
}

#[tokio::test]
async fn an_old_login_is_enough_for_ordinary_users_but_not_to_let_one_in_again() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.admin("ada").await, app.signed_in("bob").await);
    app.clock.advance(FRESH_FOR * 2);
    assert_eq!(patch(&app, &ada, &bob, json!({"roles": ["editor"]})).await.status, 200);
    let sessions = path::ADMIN_USER_SESSIONS.replace("{id}", &bob.user.id);
    assert_eq!(app.with_token("DELETE", &sessions, ada.token()).await.status, 204);
    assert_eq!(patch(&app, &ada, &bob, json!({"disabled": true})).await.status, 200);
    assert_eq!(patch(&app, &ada, &bob, json!({"roles": []})).await.status, 200);
    assert_asks_for_the_password(&patch(&app, &ada, &bob, json!({"disabled": false})).await);
    assert_eq!(app.login("bob", PASSWORD).await.status, 401, "he is still shut out");
}

#[tokio::test]
async fn a_password_that_was_given_in_the_future_is_not_fresh() {
    let app = TestApp::start().await;
    app.clock.advance(FRESH_FOR * 2);
    let ada = app.signed_in("ada").await;
    // Somebody sets the clock right, which was ahead.
    app.clock.set_back(FRESH_FOR * 2);
    let refreshed = SignedIn::from(&app.refresh(&ada.cookie).await);
    assert_asks_for_the_password(&app.with_token("DELETE", path::ME, refreshed.token()).await);
}
