//! The audit log as admins read it.

use std::time::Duration;

use hallpass_contract::{AuditPage, AuditRecord, path};
use serde_json::json;

use crate::app::{PASSWORD, SignedIn, TestApp};

const WRONG: &str = "wrong horse battery staple";

async fn page(app: &TestApp, admin: &SignedIn, query: &str) -> AuditPage {
    let path = format!("{}?{query}", path::ADMIN_AUDIT);
    let answer = app.get_with_token(&path, admin.token()).await;
    assert_eq!(answer.status, 200, "{query}");
    answer.json()
}

async fn records(app: &TestApp, admin: &SignedIn, query: &str) -> Vec<AuditRecord> {
    let AuditPage { records, next } = page(app, admin, query).await;
    assert_eq!(next, None);
    records
}

fn events(records: &[AuditRecord]) -> Vec<&str> {
    records.iter().map(|record| record.event.as_str()).collect()
}

#[tokio::test]
async fn admins_read_what_happened_by_user_by_event_and_by_time() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin("ada").await, app.signed_in("Bob").await);
    app.clock.advance(Duration::from_secs(100));
    app.login("bob", WRONG).await;
    let path = path::ADMIN_USER_UNLOCK.replace("{id}", &bob.user.id);
    assert_eq!(app.with_token("POST", &path, admin.token()).await.status, 204);

    let all = records(&app, &admin, "").await;
    let expected = ["account_unlocked", "login", "login", "registration", "login", "registration"];
    assert_eq!(events(&all), expected);
    let name = |record: &AuditRecord| record.user.as_ref().unwrap().username.clone().unwrap();
    assert_eq!(
        all.iter().map(name).collect::<Vec<_>>(),
        ["Bob", "Bob", "Bob", "Bob", "ada", "ada"]
    );
    let unlocked = &all[0];
    assert_eq!(unlocked.by.as_ref().unwrap().id, admin.user.id);
    assert_eq!((unlocked.result.as_str(), unlocked.times), ("ok", 1));
    let refused = &all[1];
    assert_eq!(refused.reason.as_deref(), Some("invalid credentials"));
    assert_eq!(
        (refused.result.as_str(), refused.address.as_deref()),
        ("refused", Some("127.0.0.1"))
    );
    assert_eq!(refused.at, "2027-01-15T08:01:40Z");
    assert_eq!(all[2].session.as_deref(), Some(app.sid(bob.token()).await.as_str()));

    let of_bob = records(&app, &admin, &format!("user={}", bob.user.id)).await;
    assert_eq!(of_bob, all[..4]);
    let of_ada = records(&app, &admin, &format!("user={}", admin.user.id)).await;
    assert_eq!(events(&of_ada), ["account_unlocked", "login", "registration"]);
    let logins = records(&app, &admin, "event=login&since=2027-01-15T08:01:40Z").await;
    assert_eq!(logins, all[1..2]);
    let first = page(&app, &admin, "limit=4").await;
    assert_eq!(first.records, all[..4]);
    let before = format!("limit=4&before={}", first.next.unwrap());
    assert_eq!(records(&app, &admin, &before).await, all[4..]);
    assert_eq!(app.get_with_token(path::ADMIN_AUDIT, bob.token()).await.status, 403);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_field() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    for (query, field) in [
        ("event=lunch", "event"),
        ("user=ada", "user"),
        ("since=yesterday", "since"),
        ("before=1", "before"),
        ("limit=0", "limit"),
        ("event=login&event=login", "event"),
    ] {
        let path = format!("{}?{query}", path::ADMIN_AUDIT);
        let refused = app.get_with_token(&path, admin.token()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.wrong_fields()),
            (422, vec![field.to_owned()]),
            "{query}"
        );
    }
}

#[tokio::test]
async fn attempts_that_are_throttled_are_counted_by_the_minute() {
    let app = TestApp::with_args(&["--login-throttle", "on", "--trusted-proxy", "127.0.0.1"]).await;
    let admin = app.admin("ada").await;
    let body = json!({ "username": "nobody", "password": WRONG }).to_string();
    let attempt = async |address| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
        app.send_body("POST", path::LOGIN, &headers, body.clone()).await.status.as_u16()
    };
    let mut counts = [0, 0];
    for address in ["192.0.2.7", "2001:db8::7"] {
        for _ in 0..200 {
            counts[usize::from(address.contains(':'))] += u64::from(attempt(address).await == 429);
        }
    }
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
    let throttled = async || {
        let mut found = records(&app, &admin, "event=login&limit=200").await;
        found.retain(|record| record.reason.as_deref() == Some("too many attempts"));
        found.sort_by(|a, b| a.address.cmp(&b.address));
        found
    };
    let found = throttled().await;
    let addresses: Vec<_> = found.iter().map(|record| record.address.as_deref()).collect();
    assert_eq!(addresses, [Some("192.0.2.7"), Some("2001:db8::/64")]);
    assert_eq!([found[0].times, found[1].times], counts);
}

#[tokio::test]
async fn a_deleted_user_leaves_neither_name_nor_addresses() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin("ada").await, app.signed_in("bob").await);
    let of_bob = format!("user={}", bob.user.id);
    assert_eq!(records(&app, &admin, &of_bob).await.len(), 2);
    app.login("bob", WRONG).await;
    assert_eq!(app.with_token("DELETE", path::ME, bob.token()).await.status, 204);
    let left = records(&app, &admin, &of_bob).await;
    assert_eq!(events(&left), ["user_deleted", "login", "login", "registration"]);
    for record in left {
        let user = record.user.unwrap();
        assert_eq!((user.id.as_str(), user.username), (bob.user.id.as_str(), None));
        assert_eq!((record.address, record.user_agent), (None, None));
    }
    let of_ada = records(&app, &admin, &format!("user={}", admin.user.id)).await;
    assert!(of_ada.iter().all(|record| record.address.is_some()));
}

#[tokio::test]
async fn old_records_are_swept_and_a_server_that_is_told_so_keeps_none() {
    let app = TestApp::with_args(&["--audit-keep", "1h", "--session-max", "1d"]).await;
    let admin = app.admin("ada").await;
    assert_eq!(records(&app, &admin, "").await.len(), 2);
    app.clock.advance(Duration::from_secs(3599));
    let later = SignedIn::from(&app.login("ada", PASSWORD).await);
    app.state.sweep().await;
    assert_eq!(records(&app, &later, "").await.len(), 3);
    app.clock.advance(Duration::from_secs(2));
    app.state.sweep().await;
    assert_eq!(events(&records(&app, &later, "").await), ["login"]);

    for args in [["--audit-keep", "0s"], ["--audit-max-size", "0"]] {
        let app = TestApp::with_args(&args).await;
        let admin = app.admin("ada").await;
        assert_eq!(records(&app, &admin, "").await, []);
    }
}
