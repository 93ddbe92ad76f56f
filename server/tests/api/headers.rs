//! Headers that answers have whatever they are about, and what requests are called.

use hallpass_contract::path;

use crate::app::{PASSWORD, Response, TestApp};

const TRANSPORT_SECURITY: &str = "strict-transport-security";

/// Answers of all kinds: of the table, made at once, of a page, refused, of a missing path.
async fn answers(app: &TestApp) -> Vec<Response> {
    let ada = app.signed_in("ada").await;
    vec![
        app.get_with_token(path::VERIFY, ada.token()).await,
        app.get_with_token(path::VERIFY, ada.token()).await,
        app.send("GET", "/", &[]).await,
        app.login("ada", "wrong").await,
        app.send("GET", "/api/no-such-path", &[]).await,
        app.send("DELETE", path::LOGIN, &[]).await,
        app.send("GET", path::JWKS, &[]).await,
    ]
}

#[tokio::test]
async fn with_an_https_public_url_browsers_are_told_to_stay_with_https() {
    let https = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    for answer in answers(&https).await {
        assert_eq!(answer.header(TRANSPORT_SECURITY), "max-age=31536000", "{}", answer.status);
    }
    for args in [&[][..], &["--public-url", "http://login.example"]] {
        let http = TestApp::with_args(args).await;
        for answer in answers(&http).await {
            assert!(!answer.headers.contains_key(TRANSPORT_SECURITY), "{args:?}");
        }
    }
}

#[tokio::test]
async fn pages_of_all_origins_may_read_the_keys_and_nothing_else() {
    let app = TestApp::start().await;
    const ALLOW: &str = "access-control-allow-origin";
    let origin = ("origin", "https://other.example");
    let keys = app.send("GET", path::JWKS, &[origin]).await;
    let tag = [origin, ("if-none-match", keys.header("etag"))];
    let unchanged = app.send("GET", path::JWKS, &tag).await;
    assert_eq!((keys.status.as_u16(), unchanged.status.as_u16()), (200, 304));
    assert_eq!((keys.header(ALLOW), unchanged.header(ALLOW)), ("*", "*"));
    for path in [path::CONFIG, path::OPENAPI, path::VERIFY, path::HEALTHZ, "/"] {
        let answer = app.send("GET", path, &[origin]).await;
        assert!(!answer.headers.contains_key(ALLOW), "{path}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_names_the_request() {
    let app = TestApp::with_args(&["--trusted-proxy", "127.0.0.1"]).await;
    let token = app.signed_in("ada").await.login.access_token;
    let bearer = format!("Bearer {}", token.expose());
    let named = async |id: &str| {
        let headers = [("authorization", bearer.as_str()), ("x-request-id", id)];
        let response = app.send("GET", path::VERIFY, &headers).await;
        assert_eq!(response.headers.get_all("x-request-id").iter().count(), 1);
        response.header("x-request-id").to_owned()
    };
    // The table answers first, then what it left behind does.
    for id in ["0af7651916cd43dd8448eb211c80319c", "a.B_1-2", &"x".repeat(128)] {
        assert_eq!(named(id).await, id);
    }
    for id in ["", "a b", "<script>", &"x".repeat(129)] {
        let answered = named(id).await;
        assert!(answered != id && answered.len() == 17, "{id}: {answered}");
    }
}

#[tokio::test]
async fn nobody_else_names_the_request() {
    for args in [&[][..], &["--trusted-proxy", "192.0.2.1"]] {
        let app = TestApp::with_args(args).await;
        app.register("ada", PASSWORD).await;
        let response = app.send("GET", path::HEALTHZ, &[("x-request-id", "mine")]).await;
        assert_ne!(response.header("x-request-id"), "mine");
    }
}
