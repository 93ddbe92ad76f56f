//! The audit log: a line for each thing that matters to security, and no secret in any.

use std::io;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use hallpass::audit;
use hallpass_contract::{BlockBody, ResetLink, Verified, path};
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::app::{PASSWORD, SignedIn, TestApp};

const WRONG: &str = "wrong horse battery staple";
const NEW_PASSWORD: &str = "tulip anvil copper midnight";
const UNKNOWN: &str = "nobody.at.all";

/// What this thread, and so this test's server, writes to the audit log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

thread_local! {
    static OF_THIS_THREAD: Log = Log::default();
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Must have been called before the first server runs: tracing asks only once whether anybody
/// listens, and a subscriber that comes while it asks stays unheard of.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
        let lines = lines.with_writer(|| OF_THIS_THREAD.with(Log::clone));
        let audit_alone = Targets::new().with_target(audit::TARGET, LevelFilter::INFO);
        tracing_subscriber::registry().with(audit_alone).with(lines).init();
    });
}

/// What this test's server has written so far.
pub(crate) fn written() -> Vec<Value> {
    let text = Log::start().text();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Log {
    fn start() -> Self {
        OF_THIS_THREAD.with(Self::clone)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines since the last call.
    fn take(&self) -> Vec<Value> {
        let text = self.text();
        self.0.lock().unwrap().clear();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one line since the last call, after what must hold for each of them.
    fn line(&self, event: &str, result: &str) -> Value {
        let [line] = <[Value; 1]>::try_from(self.take()).expect("one line");
        assert_eq!((line["event"].as_str(), line["result"].as_str()), (Some(event), Some(result)));
        assert_eq!(line["reason"].is_string(), result == "refused", "{line}");
        assert_eq!(line["address"], "127.0.0.1", "{line}");
        assert!(line["timestamp"].is_string(), "{line}");
        line
    }
}

async fn sid(app: &TestApp, signed_in: &SignedIn) -> String {
    app.get_with_token(path::VERIFY, signed_in.token()).await.json::<Verified>().sid
}

#[tokio::test]
async fn signing_up_in_and_out_and_a_replay_leave_a_line_each() {
    let log = Log::start();
    let app = TestApp::start().await;
    let registered: Value = app.register("ada", PASSWORD).await.json();
    let user = &registered["user"]["id"];
    assert_eq!(&log.line("registration", "ok")["user"], user);
    app.register("ada", PASSWORD).await;
    log.line("registration", "refused");

    app.login("ada", WRONG).await;
    assert_eq!(&log.line("login", "refused")["user"], user);
    app.login(UNKNOWN, WRONG).await;
    assert!(log.line("login", "refused").get("user").is_none());
    let headers = [("content-type", "application/json"), ("user-agent", "Phone/1.0")];
    let body = json!({"username": "ada", "password": PASSWORD}).to_string();
    let first = SignedIn::from(&app.send_body("POST", path::LOGIN, &headers, body).await);
    let line = log.line("login", "ok");
    let session = sid(&app, &first).await;
    assert_eq!((&line["user"], line["session"].as_str()), (user, Some(session.as_str())));
    assert_eq!(line["user_agent"], "Phone/1.0");

    let second = SignedIn::from(&app.refresh(&first.cookie).await);
    assert_eq!(log.line("refresh", "ok")["session"], session);
    app.refresh(&first.cookie).await;
    assert_eq!(log.line("refresh", "ok")["detail"], "second of two that raced");
    app.clock.advance(Duration::from_secs(10));
    app.refresh(&first.cookie).await;
    assert_eq!(log.line("refresh", "ok")["detail"], "the answer before was lost");
    let third = SignedIn::from(&app.refresh(&second.cookie).await);
    assert!(log.line("refresh", "ok").get("detail").is_none());
    app.clock.advance(Duration::from_secs(10));
    app.refresh(&first.cookie).await;
    assert_eq!(log.line("refresh_reuse", "refused")["session"], session);
    app.refresh(&third.cookie).await;
    assert!(log.take().is_empty(), "the session is gone: there is nobody to tell of");

    let fourth = SignedIn::from(&app.login("ada", PASSWORD).await);
    log.take();
    app.with_token("POST", path::LOGOUT, fourth.token()).await;
    assert_eq!(&log.line("logout", "ok")["user"], user);
}

#[tokio::test]
async fn what_people_do_to_their_account_leaves_a_line_each() {
    let log = Log::start();
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let change = |current: &str| json!({"current_password": current, "new_password": NEW_PASSWORD});
    log.take();
    for (password, result) in [(WRONG, "refused"), (PASSWORD, "ok")] {
        let body = json!({"password": password});
        app.json_with_token("POST", path::REAUTHENTICATE, ada.token(), &body).await;
        assert_eq!(log.line("reauthentication", result)["user"], ada.user.id);
        app.json_with_token("POST", path::PASSWORD, ada.token(), &change(password)).await;
        assert_eq!(log.line("password_change", result)["user"], ada.user.id);
    }
    app.with_token("DELETE", path::SESSIONS, ada.token()).await;
    assert_eq!(log.line("sessions_ended", "ok")["user"], ada.user.id);
    app.with_token("DELETE", path::ME, ada.token()).await;
    assert_eq!(log.line("user_deleted", "ok")["user"], ada.user.id);
}

#[tokio::test]
async fn what_admins_do_leaves_a_line_that_says_who_and_to_whom() {
    let log = Log::start();
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    let of = |path: &str| path.replace("{id}", &bob.user.id);
    let patch = async |user: &str, body: Value| {
        let path = path::ADMIN_USER.replace("{id}", user);
        app.json_with_token("PATCH", &path, admin.token(), &body).await;
    };
    log.take();
    let by_admin = |line: Value| {
        assert_eq!((&line["by"], &line["user"]), (&json!(admin.user.id), &json!(bob.user.id)));
        line
    };
    patch(&bob.user.id, json!({"roles": ["user", "editor"]})).await;
    assert_eq!(by_admin(log.line("role_change", "ok"))["detail"], "user,editor");
    patch(&bob.user.id, json!({"roles": ["user", "editor"]})).await;
    assert!(log.take().is_empty(), "nothing was changed");
    patch(&bob.user.id, json!({"disabled": true})).await;
    by_admin(log.line("user_disabled", "ok"));
    patch(&bob.user.id, json!({"disabled": false})).await;
    by_admin(log.line("user_enabled", "ok"));
    patch(&admin.user.id, json!({"roles": []})).await;
    assert!(log.line("role_change", "refused")["reason"].as_str().unwrap().contains("last admin"));

    app.with_token("DELETE", &of(path::ADMIN_USER_SESSIONS), admin.token()).await;
    by_admin(log.line("sessions_ended", "ok"));
    app.with_token("POST", &of(path::ADMIN_USER_RESET), admin.token()).await;
    by_admin(log.line("reset_offer", "ok"));
    app.with_token("DELETE", &of(path::ADMIN_USER_RESET), admin.token()).await;
    by_admin(log.line("reset_withdrawn", "ok"));
    app.with_token("DELETE", &of(path::ADMIN_USER_RESET), admin.token()).await;
    by_admin(log.line("reset_withdrawn", "refused"));
    let reset = app.with_token("POST", &of(path::ADMIN_USER_RESET), admin.token()).await;
    log.take();
    let link: ResetLink = reset.json();
    let token = link.url.split_once('#').unwrap().1;
    for result in ["ok", "refused"] {
        let body = json!({"token": token, "new_password": NEW_PASSWORD});
        app.post_json(path::PASSWORD_RESET, &body).await;
        log.line("password_reset", result);
    }
    app.with_token("POST", path::ROTATE_KEYS, admin.token()).await;
    let line = log.line("key_rotation", "ok");
    assert_eq!(line["by"], admin.user.id);
    let kid = line["detail"].as_str().unwrap();
    assert!(kid.len() > 40, "the key's id: {line}");
}

#[tokio::test]
async fn what_admins_do_on_a_bad_day_leaves_a_line_each() {
    let log = Log::start();
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    let of = |path: &str| path.replace("{id}", &bob.user.id);
    let session = app.sid(bob.token()).await;
    let by_admin = |line: Value| {
        assert_eq!((&line["by"], &line["user"]), (&json!(admin.user.id), &json!(bob.user.id)));
        line
    };
    log.take();
    let session_path = of(path::ADMIN_USER_SESSION).replace("{session}", &session);
    for result in ["ok", "refused"] {
        app.with_token("DELETE", &session_path, admin.token()).await;
        assert_eq!(by_admin(log.line("sessions_ended", result))["session"], session);
    }
    app.with_token("POST", &of(path::ADMIN_USER_UNLOCK), admin.token()).await;
    by_admin(log.line("account_unlocked", "ok"));
    for registration in ["closed", "open"] {
        let body = json!({ "registration": registration });
        app.json_with_token("POST", path::ADMIN_REGISTRATION, admin.token(), &body).await;
        let event =
            if registration == "open" { "registration_opened" } else { "registration_closed" };
        assert_eq!(log.line(event, "ok")["by"], admin.user.id);
    }
    let body = json!({ "network": "192.0.2.0/24", "seconds": 60 });
    let blocked = app.json_with_token("POST", path::ADMIN_BLOCKS, admin.token(), &body).await;
    let detail = log.line("network_blocked", "ok")["detail"].clone();
    assert_eq!(detail, "192.0.2.0/24 until 2027-01-15T08:01:00Z");
    let block = blocked.json::<BlockBody>().block.id;
    for result in ["ok", "refused"] {
        let path = path::ADMIN_BLOCK.replace("{id}", &block);
        app.with_token("DELETE", &path, admin.token()).await;
        assert_eq!(log.line("network_unblocked", result)["by"], admin.user.id);
    }
    let kid = jsonwebtoken::decode_header(bob.token()).unwrap().kid.unwrap();
    app.with_token("DELETE", &path::ADMIN_KEY.replace("{id}", &kid), admin.token()).await;
    assert_eq!(log.line("key_revoked", "ok")["detail"], kid);
    let admin = SignedIn::from(&app.login("ada", PASSWORD).await);
    log.take();
    app.with_token("DELETE", path::ADMIN_SESSIONS, admin.token()).await;
    let line = log.line("all_sessions_ended", "ok");
    assert_eq!((&line["by"], &line["detail"]), (&json!(admin.user.id), &json!("all 2")));
}

#[tokio::test]
async fn throttled_attempts_are_told() {
    let log = Log::start();
    let app = TestApp::with_args(&["--login-throttle", "on"]).await;
    while app.login(UNKNOWN, WRONG).await.status == 401 {}
    let last = log.take().pop().unwrap();
    assert_eq!((&last["event"], &last["reason"]), (&json!("login"), &json!("too many attempts")));
}

#[tokio::test]
async fn no_line_holds_a_secret_or_what_was_typed_as_a_name() {
    let log = Log::start();
    let app = TestApp::start().await;
    let ada = app.admin("ada").await;
    app.login(UNKNOWN, WRONG).await;
    let refreshed = SignedIn::from(&app.refresh(&ada.cookie).await);
    let reset = path::ADMIN_USER_RESET.replace("{id}", &ada.user.id);
    let link: ResetLink = app.with_token("POST", &reset, ada.token()).await.json();
    let token = link.url.split_once('#').unwrap().1;
    let body = json!({"token": token, "new_password": NEW_PASSWORD});
    app.post_json(path::PASSWORD_RESET, &body).await;
    let text = log.text();
    assert!(text.lines().count() > 4, "{text}");
    let cookies = [&ada.cookie, &refreshed.cookie].map(|cookie| cookie.split_once('=').unwrap().1);
    let secrets = [PASSWORD, WRONG, NEW_PASSWORD, UNKNOWN, token, ada.token(), refreshed.token()];
    for secret in secrets.into_iter().chain(cookies) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
