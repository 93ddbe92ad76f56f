//! Networks to which the API is refused for a time.

use std::time::Duration;

use hallpass_contract::{BlockBody, BlockList, kind, path};
use serde_json::{Value, json};

use crate::app::{PASSWORD, Response, SignedIn, TestApp};

/// Of a network that gets blocked.
const THERE: &str = "192.0.2.7";

/// Behind a proxy on this machine, so that a test can come from any address.
async fn proxied() -> TestApp {
    TestApp::with_args(&["--trusted-proxy", "127.0.0.1"]).await
}

async fn from(app: &TestApp, address: &str, method: &str, path: &str, token: &str) -> Response {
    let bearer = format!("Bearer {token}");
    app.send(method, path, &[("x-forwarded-for", address), ("authorization", &bearer)]).await
}

async fn block(app: &TestApp, admin: &SignedIn, body: Value) -> Response {
    app.json_with_token("POST", path::ADMIN_BLOCKS, admin.token(), &body).await
}

async fn listed(app: &TestApp, admin: &SignedIn) -> Vec<hallpass_contract::Block> {
    let list: BlockList = app.get_with_token(path::ADMIN_BLOCKS, admin.token()).await.json();
    list.blocks
}

#[tokio::test]
async fn a_blocked_network_gets_nothing_from_the_api_until_its_time_is_over() {
    let app = proxied().await;
    let (admin, bob) = (app.admin("ada").await, app.signed_in("bob").await);
    assert_eq!(from(&app, THERE, "GET", path::VERIFY, bob.token()).await.status, 200);
    let new = json!({ "network": "192.0.2.0/24", "seconds": 600, "reason": "guesses" });
    let blocked = block(&app, &admin, new).await;
    assert_eq!(blocked.status, 201);
    let BlockBody { block } = blocked.json();
    assert_eq!((block.network.as_str(), block.reason.as_str()), ("192.0.2.0/24", "guesses"));
    assert_eq!(listed(&app, &admin).await, [block]);

    for (method, path) in [
        ("GET", path::ME),
        ("POST", path::LOGIN),
        ("GET", path::CONFIG),
        ("GET", "/api/nonsense"),
        ("GET", "/api"),
    ] {
        let refused = from(&app, THERE, method, path, bob.token()).await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(refused.problem().kind, kind::ADDRESS_BLOCKED);
        assert!(!refused.header("x-request-id").is_empty());
    }
    for path in ["/", "/login", path::HEALTHZ, path::READYZ, path::JWKS, path::DOCS] {
        assert_eq!(from(&app, THERE, "GET", path, bob.token()).await.status, 200, "{path}");
    }
    assert_eq!(from(&app, "192.0.3.7", "GET", path::ME, bob.token()).await.status, 200);
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(from(&app, THERE, "GET", path::ME, bob.token()).await.status, 200);
    assert!(listed(&app, &admin).await.is_empty());
}

#[tokio::test]
async fn a_verification_from_a_blocked_network_is_a_401_and_never_a_403() {
    let app = proxied().await;
    let (admin, bob) = (app.admin("ada").await, app.signed_in("bob").await);
    // A token that is known is answered before the route table.
    assert_eq!(from(&app, THERE, "GET", path::VERIFY, bob.token()).await.status, 200);
    block(&app, &admin, json!({ "network": THERE, "seconds": 60 })).await;
    for method in ["GET", "HEAD"] {
        let refused = from(&app, THERE, method, path::VERIFY, bob.token()).await;
        assert_eq!(refused.status, 401);
        assert!(refused.header("www-authenticate").starts_with("Bearer"), "{method}");
    }
    let refused = from(&app, THERE, "GET", path::VERIFY, bob.token()).await;
    assert_eq!(refused.problem().kind, kind::ADDRESS_BLOCKED);
    assert_eq!(from(&app, THERE, "POST", path::VERIFY, bob.token()).await.status, 405);
    assert_eq!(from(&app, "192.0.2.8", "GET", path::VERIFY, bob.token()).await.status, 200);
}

#[tokio::test]
async fn nobody_blocks_themselves_unless_they_insist() {
    let app = proxied().await;
    let admin = app.admin("ada").await;
    for (network, told) in [
        ("127.0.0.1", "your own address"),
        ("127.0.0.0/8", "your own address"),
        ("0.0.0.0/0", "your own address"),
        ("::1", "this machine"),
        ("2000::/3", "a large part"),
        ("128.0.0.0/2", "a large part"),
    ] {
        let refused = block(&app, &admin, json!({ "network": network, "seconds": 60 })).await;
        assert_eq!(
            (refused.status.as_u16(), &*refused.problem().kind),
            (409, kind::HAZARDOUS_BLOCK)
        );
        let problem = refused.problem();
        assert!(problem.detail.to_lowercase().contains(told), "{network}: {problem:?}");
        assert_eq!(problem.errors[0].field, "force");
    }
    assert!(listed(&app, &admin).await.is_empty());
    let forced = json!({ "network": "127.0.0.1", "seconds": 60, "force": true });
    assert_eq!(block(&app, &admin, forced).await.status, 201);
    assert_eq!(app.get_with_token(path::ME, admin.token()).await.status, 403);
    let id = app.state.accounts.store.restricted().await.unwrap().blocks[0].id;
    let path = path::ADMIN_BLOCK.replace("{id}", &id.to_string());
    assert_eq!(from(&app, THERE, "DELETE", &path, admin.token()).await.status, 204);
    assert_eq!(from(&app, THERE, "DELETE", &path, admin.token()).await.status, 404);
    assert_eq!(app.get_with_token(path::ME, admin.token()).await.status, 200);
}

#[tokio::test]
async fn what_makes_no_sense_is_not_blocked_and_each_field_is_named() {
    let app = proxied().await;
    let admin = app.admin("ada").await;
    let long = "x".repeat(201);
    for (body, field) in [
        (json!({ "network": "example.org", "seconds": 60 }), "network"),
        (json!({ "network": THERE }), "seconds"),
        (json!({ "network": THERE, "seconds": -1 }), "seconds"),
        (json!({ "network": THERE, "seconds": 0 }), "seconds"),
        (json!({ "network": THERE, "seconds": 366 * 86_400 + 1 }), "seconds"),
        (json!({ "network": THERE, "seconds": 60, "reason": long }), "reason"),
        (json!({ "network": THERE, "seconds": 60, "reason": "two\nlines" }), "reason"),
        (json!({ "network": THERE, "seconds": 60, "reason": 7 }), "reason"),
        (json!({ "network": THERE, "seconds": 60, "force": "yes" }), "force"),
    ] {
        let refused = block(&app, &admin, body.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.wrong_fields()),
            (422, vec![field.to_owned()]),
            "{body}"
        );
    }
    assert!(listed(&app, &admin).await.is_empty());
    app.clock.advance(Duration::from_secs(301));
    let stale = block(&app, &admin, json!({ "network": THERE, "seconds": 60 })).await;
    assert_eq!((stale.status.as_u16(), &*stale.problem().kind), (401, kind::NOT_FRESH));
    SignedIn::from(&app.login("ada", PASSWORD).await);
}
