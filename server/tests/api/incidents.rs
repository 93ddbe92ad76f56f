//! What admins do on a bad day.

use std::time::Duration;

use hallpass_contract::{PublicConfig, SessionList, UserPage, kind, path};
use serde_json::{Value, json};

use crate::app::{PASSWORD, SignedIn, TestApp};

const WRONG: &str = "wrong horse battery staple";

fn of(path: &str, user: &str) -> String {
    path.replace("{id}", user)
}

async fn status(app: &TestApp, signed_in: &SignedIn) -> u16 {
    app.get_with_token(path::VERIFY, signed_in.token()).await.status.as_u16()
}

#[tokio::test]
async fn an_admin_sees_where_somebody_is_signed_in_and_ends_one_of_the_sessions() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let first = app.signed_in("bob").await;
    app.clock.advance(Duration::from_secs(1));
    let second = SignedIn::from(&app.login("bob", PASSWORD).await);
    let sessions = of(path::ADMIN_USER_SESSIONS, &first.user.id);
    let listed: SessionList = app.get_with_token(&sessions, admin.token()).await.json();
    let ids: Vec<_> = listed.sessions.iter().map(|session| session.id.clone()).collect();
    assert_eq!(ids, [app.sid(second.token()).await, app.sid(first.token()).await]);
    assert!(listed.sessions.iter().all(|session| !session.current));

    let of_first = of(path::ADMIN_USER_SESSION, &first.user.id).replace("{session}", &ids[1]);
    assert_eq!(app.with_token("DELETE", &of_first, admin.token()).await.status, 204);
    assert_eq!((status(&app, &first).await, status(&app, &second).await), (401, 200));
    assert_eq!(app.refresh(&first.cookie).await.status, 401);
    assert_eq!(app.with_token("DELETE", &of_first, admin.token()).await.status, 404);
    let of_ada = of(path::ADMIN_USER_SESSION, &admin.user.id).replace("{session}", &ids[0]);
    assert_eq!(app.with_token("DELETE", &of_ada, admin.token()).await.status, 404, "bob's");
    let nonsense = of(path::ADMIN_USER_SESSION, &first.user.id).replace("{session}", "nonsense");
    assert_eq!(app.with_token("DELETE", &nonsense, admin.token()).await.status, 404);
    assert_eq!(status(&app, &second).await, 200);
    let own = of(path::ADMIN_USER_SESSIONS, &admin.user.id);
    let own: SessionList = app.get_with_token(&own, admin.token()).await.json();
    assert!(own.sessions[0].current);
    let nobody = of(path::ADMIN_USER_SESSIONS, "01890a5d-ac96-774b-bcce-b302099a8057");
    assert_eq!(app.get_with_token(&nobody, admin.token()).await.status, 404);
}

#[tokio::test]
async fn an_admin_signs_everybody_out_and_themselves_with_a_fresh_login() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    let reset = of(path::ADMIN_USER_RESET, &bob.user.id);
    assert_eq!(app.with_token("POST", &reset, admin.token()).await.status, 200);
    app.clock.advance(Duration::from_secs(301));
    let refused = app.with_token("DELETE", path::ADMIN_SESSIONS, admin.token()).await;
    assert_eq!((refused.status.as_u16(), refused.problem().kind.as_str()), (401, kind::NOT_FRESH));
    let fresh = SignedIn::from(&app.login("ada", PASSWORD).await);
    let ended = app.with_token("DELETE", path::ADMIN_SESSIONS, fresh.token()).await;
    assert_eq!(ended.status, 204);
    assert!(ended.header("set-cookie").contains("Max-Age=0"), "{}", ended.header("set-cookie"));
    for session in [&admin, &bob, &fresh] {
        assert_eq!(status(&app, session).await, 401);
        assert_eq!(app.refresh(&session.cookie).await.status, 401);
    }
    let again = SignedIn::from(&app.login("ada", PASSWORD).await);
    let resets: Value = app.get_with_token(path::ADMIN_RESETS, again.token()).await.json();
    assert_eq!(resets, json!({"resets": []}));
}

#[tokio::test]
async fn an_unlocked_account_may_be_signed_in_to_from_anywhere_again() {
    let args = ["--login-throttle", "on", "--trusted-proxy", "127.0.0.1"];
    let app = TestApp::with_args(&args).await;
    let (admin, bob) = (app.admin("ada").await, app.signed_in("bob").await);
    let login = async |address: &str, password: &str| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
        let body = json!({"username": "bob", "password": password}).to_string();
        app.send_body("POST", path::LOGIN, &headers, body).await.status.as_u16()
    };
    for n in 0..100 {
        assert_eq!(login(&format!("203.0.113.{n}"), WRONG).await, 401);
    }
    assert_eq!(login("203.0.113.200", PASSWORD).await, 429);
    let unlock = of(path::ADMIN_USER_UNLOCK, &bob.user.id);
    assert_eq!(app.with_token("POST", &unlock, admin.token()).await.status, 204);
    assert_eq!(login("203.0.113.200", PASSWORD).await, 200);
    let nobody = of(path::ADMIN_USER_UNLOCK, "nobody");
    assert_eq!(app.with_token("POST", &nobody, admin.token()).await.status, 404);
}

async fn registration(app: &TestApp) -> String {
    app.send("GET", path::CONFIG, &[]).await.json::<PublicConfig>().registration
}

async fn set_registration(app: &TestApp, admin: &SignedIn, value: &str) -> u16 {
    let body = json!({ "registration": value });
    let set = app.json_with_token("POST", path::ADMIN_REGISTRATION, admin.token(), &body).await;
    set.status.as_u16()
}

#[tokio::test]
async fn an_admin_closes_and_opens_registration() {
    for last in ["open", "closed"] {
        let app = TestApp::with_args(&["--registration", "open"]).await;
        let admin = app.admin("ada").await;
        assert_eq!(set_registration(&app, &admin, "neither").await, 422);
        assert_eq!(registration(&app).await, "open");
        assert_eq!(set_registration(&app, &admin, "closed").await, 204);
        assert_eq!(registration(&app).await, "closed");
        assert_eq!(app.register("bob", PASSWORD).await.status, 403);
        assert_eq!(set_registration(&app, &admin, last).await, 204);
        assert_eq!(registration(&app).await, last);
        let expected = if last == "open" { 201 } else { 403 };
        assert_eq!(app.register("carl", PASSWORD).await.status, expected);
        app.clock.advance(Duration::from_secs(301));
        assert_eq!(set_registration(&app, &admin, "closed").await, 401, "it is not fresh");
        assert_eq!(registration(&app).await, last);
    }
}

#[tokio::test]
async fn users_are_found_by_a_part_of_their_names() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    for name in ["Adam", "bob", "madame", "Zoë"] {
        app.clock.advance(Duration::from_secs(1));
        app.register(name, PASSWORD).await;
    }
    let find = async |query: &str| {
        let path = format!("{}?{query}", path::ADMIN_USERS);
        let page: UserPage = app.get_with_token(&path, admin.token()).await.json();
        let names: Vec<_> = page.users.into_iter().map(|user| user.username).collect();
        (names.join(" "), page.next)
    };
    assert_eq!(find("search=ADA").await, ("ada Adam madame".to_owned(), None));
    let (names, next) = find("search=ada&limit=2").await;
    assert_eq!(names, "ada Adam");
    let more = find(&format!("search=ada&limit=2&after={}", next.unwrap())).await;
    assert_eq!(more, ("madame".to_owned(), None));
    assert_eq!(find("search=zO%C3%8B").await.0, "Zoë");
    assert_eq!(find("search=").await.0, "ada Adam bob madame Zoë");
    assert_eq!(find("search=nobody").await, (String::new(), None));
    let long = format!("{}?search={}", path::ADMIN_USERS, "x".repeat(65));
    let refused = app.get_with_token(&long, admin.token()).await;
    assert_eq!(refused.wrong_fields(), ["search"]);
}
