use hallpass::assets::Assets;
use hallpass::serve::Limits;
use hallpass::state::State;
use hallpass_contract::{PublicConfig, page, path};
use serde_json::json;

use crate::app::{TestApp, unshared};

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
                      style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'";

#[tokio::test]
async fn every_page_of_the_frontend_is_there_with_its_policy() {
    let app = TestApp::start().await;
    let queried = page::ALL.map(|path| format!("{path}?with=a.query"));
    for path in page::ALL.into_iter().chain(queried.iter().map(String::as_str)) {
        let response = app.send("GET", path, &[]).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.body, "<!doctype html>");
        assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(response.header("content-security-policy"), POLICY);
        assert_eq!(response.header("cache-control"), "no-cache");
    }
}

/// Each of these would let everybody in if a proxy asked there and it were a 200.
#[tokio::test]
async fn a_misspelt_path_is_a_404_whose_body_is_the_page() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let bearer = format!("Bearer {}", ada.token());
    for path in [
        "//api/verify",
        "/%61pi/verify",
        "/api%2fverify",
        "/API/verify",
        "/verify",
        "/apix",
        "/login/",
        "//login",
        "/LOGIN",
        "/login%2f",
        "/a/path/of/somebody?with=a.query",
        "/v1.2/x",
        "/docs/",
    ] {
        for headers in [&[][..], &[("authorization", bearer.as_str()), ("if-none-match", "*")]] {
            let response = app.send("GET", path, headers).await;
            assert_eq!(response.status, 404, "{path}");
            assert_eq!(response.body, "<!doctype html>", "{path}");
            assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
            assert_eq!(response.header("content-security-policy"), POLICY);
            assert_eq!(response.header("cache-control"), "no-store");
            assert_eq!(response.header("etag"), "");
        }
        let brotli = app.send("HEAD", path, &[("accept-encoding", "br")]).await;
        assert_eq!((brotli.status.as_u16(), brotli.header("content-encoding")), (404, "br"));
        for method in ["POST", "DELETE", "OPTIONS"] {
            let response = app.send(method, path, &[]).await;
            assert_eq!(response.status, 404, "{method} {path}");
            response.problem();
        }
    }
}

#[tokio::test]
async fn without_a_frontend_pages_say_how_to_get_it_and_unknown_paths_are_a_404() {
    let no_frontend = |state: &mut State| unshared(&mut state.site).assets = Assets::default();
    let app = TestApp::with(&[], Limits::default(), no_frontend).await;
    let login = app.send("GET", "/login", &[]).await;
    assert_eq!(login.status, 503);
    assert!(login.problem().detail.contains("scripts/serve"), "how to get the pages");
    let unknown = app.send("GET", "//api/verify", &[]).await;
    assert_eq!(unknown.status, 404);
    unknown.problem();
}

#[tokio::test]
async fn what_looks_like_a_file_or_a_probe_and_is_none_is_a_404() {
    let app = TestApp::start().await;
    for path in [
        "/favicon.ico",
        "/assets/app-0000000000000000.js",
        "/.well-known/security.txt",
        "/oauth/anything",
        "/readyz/",
        "/healthz/anything",
        "/metrics",
        "/index.html",
        "/index.html.br",
        "/%2e%2e/etc/passwd.txt",
    ] {
        assert_eq!(app.send("GET", path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn hashed_files_are_cached_for_ever_and_typed() {
    let app = TestApp::start().await;
    for (path, media_type) in [
        ("/assets/app-0123456789abcdef.js", "text/javascript; charset=utf-8"),
        ("/assets/app-0123456789abcdef_bg.wasm", "application/wasm"),
    ] {
        let response = app.send("GET", path, &[]).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(response.header("content-type"), media_type);
    }
}

#[tokio::test]
async fn the_smallest_accepted_encoding_is_sent() {
    let app = TestApp::start().await;
    for (accepted, encoding, body) in [
        ("gzip, deflate, br, zstd", "br", "index in brotli"),
        ("gzip", "gzip", "index in gzip"),
        ("*", "br", "index in brotli"),
        ("br;q=0, *", "gzip", "index in gzip"),
        ("BR;q=0.1, gzip", "br", "index in brotli"),
        ("gzip;q=0, br; q=0.0", "", "<!doctype html>"),
        ("identity", "", "<!doctype html>"),
        ("", "", "<!doctype html>"),
    ] {
        let response = app.send("GET", "/", &[("accept-encoding", accepted)]).await;
        assert_eq!(response.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(response.body, body, "{accepted}");
        assert_eq!(response.header("vary"), "accept-encoding");
    }
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let app = TestApp::start().await;
    let brotli = ("accept-encoding", "br");
    let etag = app.send("GET", "/", &[brotli]).await.header("etag").to_owned();
    assert!(etag.starts_with('"'));
    for known in [etag.clone(), format!("\"other\", W/{etag}"), "*".to_owned()] {
        let response = app.send("GET", "/", &[brotli, ("if-none-match", &known)]).await;
        assert_eq!(response.status, 304, "{known}");
        assert!(response.body.is_empty());
        assert_eq!(response.header("etag"), etag);
    }
    // Other bytes have another tag.
    assert_eq!(app.send("GET", "/", &[("if-none-match", &etag)]).await.status, 200);
}

/// Two origins and a path, none of them as browsers write them.
const INTERCEPTOR: [&str; 6] = [
    "--token-origin",
    "https://API.example.com:443/",
    "--token-origin",
    "http://localhost:3000",
    "--no-token-path",
    "https://API.example.com/\u{fc}ber/* /status",
];

#[tokio::test]
async fn the_frontend_may_connect_to_the_origins_that_get_the_token() {
    let app = TestApp::with_args(&INTERCEPTOR).await;
    let connect = "connect-src 'self' https://api.example.com http://localhost:3000;";
    let policy = POLICY.replace("connect-src 'self';", connect);
    for path in ["/", "/login", "/assets/app-0123456789abcdef.js"] {
        let response = app.send("GET", path, &[]).await;
        assert_eq!(response.header("content-security-policy"), policy, "{path}");
    }
    for path in [path::DOCS, path::DOCS_STYLE, path::OPENAPI] {
        let response = app.send("GET", path, &[]).await;
        assert_eq!(response.header("content-security-policy"), POLICY, "{path}");
    }
}

#[tokio::test]
async fn the_frontend_is_told_where_the_token_goes() {
    let default = TestApp::start().await.send("GET", path::CONFIG, &[]).await;
    let default: serde_json::Value = default.json();
    assert_eq!((&default["token_origins"], &default["no_token_paths"]), (&json!([]), &json!([])));

    let app = TestApp::with_args(&INTERCEPTOR).await;
    let config: PublicConfig = app.send("GET", path::CONFIG, &[]).await.json();
    assert_eq!(config.token_origins, ["https://api.example.com", "http://localhost:3000"]);
    assert_eq!(config.no_token_paths, ["https://api.example.com/%C3%BCber/*", "/status"]);
}

#[tokio::test]
async fn a_page_under_another_policy_is_another_page_for_caches() {
    let brotli = ("accept-encoding", "br");
    let (before, after) = (TestApp::start().await, TestApp::with_args(&INTERCEPTOR).await);
    let known = before.send("GET", "/", &[brotli]).await.header("etag").to_owned();
    for (app, status) in [(&before, 304), (&after, 200)] {
        let response = app.send("GET", "/", &[brotli, ("if-none-match", &known)]).await;
        assert_eq!(response.status, status);
    }
    let asset = "/assets/app-0123456789abcdef.js";
    let tags = (before.send("GET", asset, &[]).await, after.send("GET", asset, &[]).await);
    assert_eq!(tags.0.header("etag"), tags.1.header("etag"), "it needs no policy");
}

#[test]
fn settings_of_an_older_server_send_the_token_to_nobody_else() {
    let older = json!({ "password_min": 15, "registration": "open" });
    let config: PublicConfig = serde_json::from_value(older).unwrap();
    assert!(config.token_origins.is_empty() && config.no_token_paths.is_empty());
}
