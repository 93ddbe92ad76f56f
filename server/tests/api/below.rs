//! A server below a path of a host that it shares with others.

use flate2::read::GzDecoder;
use hallpass_contract::{GUARD_COOKIE, page, path};
use http::StatusCode;
use serde_json::{Value, json};
use std::io::Read as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{PASSWORD, Response, SignedIn, TestApp};

const ORIGIN: &str = "https://example.org";
const PUBLIC: &str = "https://example.org/auth";

async fn app() -> TestApp {
    TestApp::with_args(&["--public-url", PUBLIC]).await
}

/// A path of the API as browsers ask for it.
fn below(path: &str) -> String {
    ["/auth", path].concat()
}

async fn signed_in(app: &TestApp, name: &str) -> SignedIn {
    let credentials = json!({ "username": name, "password": PASSWORD });
    assert_eq!(app.post_json(&below(path::REGISTER), &credentials).await.status, 201);
    SignedIn::from(&app.post_json(&below(path::LOGIN), &credentials).await)
}

/// The parts of a cookie that an answer sets.
fn parts(response: &Response) -> Vec<&str> {
    response.header("set-cookie").split("; ").collect()
}

#[tokio::test]
async fn the_cookie_is_for_that_path_alone() {
    let app = app().await;
    let ada = signed_in(&app, "ada").await;
    assert!(ada.cookie.starts_with("__Secure-hallpass-refresh="), "{}", ada.cookie);
    let refreshed = app.with_cookie(&below(path::REFRESH), &ada.cookie, &[]).await;
    assert_eq!(refreshed.status, 200);
    let set = parts(&refreshed);
    assert!(set[0].starts_with("__Secure-hallpass-refresh="), "{set:?}");
    for attribute in ["Path=/auth", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(set.contains(&attribute), "{set:?}");
    }
    assert!(!set.iter().any(|part| part.starts_with("Domain")), "{set:?}");
    let ada = SignedIn::from(&refreshed);
    let ended = app.with_cookie(&below(path::LOGOUT), &ada.cookie, &[]).await;
    assert_eq!(ended.status, 204);
    let cleared = parts(&ended);
    assert_eq!(cleared[0], "__Secure-hallpass-refresh=");
    assert!(cleared.contains(&"Path=/auth") && cleared.contains(&"Max-Age=0"), "{cleared:?}");
    assert_eq!(app.with_cookie(&below(path::REFRESH), &ada.cookie, &[]).await.status, 401);
}

/// Of a server that had the whole host before.
#[tokio::test]
async fn a_cookie_of_the_whole_host_is_none() {
    let app = app().await;
    let ada = signed_in(&app, "ada").await;
    let old = ada.cookie.replace("__Secure-", "__Host-");
    let refused = app.with_cookie(&below(path::REFRESH), &old, &[]).await;
    assert_eq!(refused.problem().status, 401);
    assert_eq!(refused.header("set-cookie"), "", "it may be a neighbour's");
    let both = format!("{old}; {}", ada.cookie);
    assert_eq!(app.with_cookie(&below(path::REFRESH), &both, &[]).await.status, 200);
}

#[tokio::test]
async fn requests_are_compared_with_the_origin_and_not_with_the_address() {
    let app = app().await;
    let ada = signed_in(&app, "ada").await;
    let by_host = format!("http://{}", app.address);
    for (origin, status) in [(PUBLIC, 403), (by_host.as_str(), 403), (ORIGIN, 200)] {
        let headers = [("cookie", ada.cookie.as_str()), ("origin", origin)];
        let answer = app.send("POST", &below(path::REFRESH), &headers).await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

#[tokio::test]
async fn pages_and_endpoints_are_below_the_path_alone() {
    let app = app().await;
    for page in page::ALL.map(below).into_iter().chain(["/auth".into(), "/auth?x=1".into()]) {
        let answer = app.send("GET", &page, &[]).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-cache"));
        let root = app.send("GET", "/auth/", &[]).await;
        let policy = root.header("content-security-policy");
        assert_eq!(answer.header("content-security-policy"), policy, "{page}");
        assert!(policy.contains("base-uri 'none'"), "{policy}");
    }
    let asset = "/assets/app-0123456789abcdef.js";
    for (path, status) in
        [(path::CONFIG, 200), (path::JWKS, 200), (path::METADATA, 200), (asset, 200)]
    {
        assert_eq!(app.send("GET", &below(path), &[]).await.status, status, "{path}");
    }
    let elsewhere = [page::LOGIN, page::HOME, path::CONFIG, path::JWKS, path::VERIFY, asset];
    let beside = ["/authx", "/authx/login", "/Auth/login", "//auth/login", "/x/auth/login"];
    for path in elsewhere.into_iter().chain(beside) {
        for method in ["GET", "POST", "DELETE"] {
            let answer = app.send(method, path, &[]).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert!(answer.problem().detail.contains("below /auth"), "{method} {path}");
        }
    }
    for path in
        ["/auth/auth/login", "/auth//login", "/auth/login/", "/auth/authx", "/auth/index.html"]
    {
        assert_eq!(app.send("GET", path, &[]).await.status, 404, "{path}");
    }
}

/// The status that a request for exactly this path gets; clients tidy up what they ask for.
async fn raw(app: &TestApp, target: &str) -> String {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn no_other_spelling_leads_to_an_endpoint() {
    let app = app().await;
    for target in ["/auth/api/config", "/auth/api/config?x", "http://x/auth/api/config"] {
        assert_eq!(raw(&app, target).await, "200", "{target}");
    }
    for target in [
        "/auth/../api/config",
        "/auth/./api/config",
        "/x/../auth/api/config",
        "/auth/../auth/api/config",
        "/%61uth/api/config",
        "/auth%2fapi/config",
        "/auth/%2e%2e/api/config",
        "/auth/auth/api/config",
        "/auth;x/api/config",
        "/auth\\api/config",
        "//auth/api/config",
        "http://x/api/config",
    ] {
        assert!(["404", "400"].contains(&raw(&app, target).await.as_str()), "{target}");
    }
}

#[tokio::test]
async fn what_has_its_place_at_the_top_of_a_host_is_there_too() {
    let app = app().await;
    for path in [path::HEALTHZ, path::READYZ] {
        assert_eq!(app.send("GET", path, &[]).await.status, 200);
        assert_eq!(app.send("GET", &below(path), &[]).await.status, 200);
        assert_eq!(app.send("POST", path, &[]).await.header("allow"), "GET, HEAD");
    }
    let metadata = app.send("GET", "/.well-known/oauth-authorization-server/auth", &[]).await;
    let metadata: Value = metadata.json();
    for (name, value) in [
        ("issuer", PUBLIC),
        ("jwks_uri", "https://example.org/auth/.well-known/jwks.json"),
        ("introspection_endpoint", "https://example.org/auth/oauth/introspect"),
        ("revocation_endpoint", "https://example.org/auth/oauth/revoke"),
        ("service_documentation", "https://example.org/auth/docs"),
    ] {
        assert_eq!(metadata[name], value);
    }
    // That would be an issuer without a path.
    assert_eq!(app.send("GET", path::METADATA, &[]).await.status, 404);
    let change = app.send("GET", path::CHANGE_PASSWORD, &[]).await;
    assert_eq!((change.status.as_u16(), change.header("location")), (303, "/auth/account"));
}

#[tokio::test]
async fn an_issuer_of_its_own_says_where_the_metadata_are() {
    let at = |issuer| ["--public-url", PUBLIC, "--issuer", issuer];
    for (issuer, is_there, is_not) in [
        ("https://example.org", path::METADATA, "/.well-known/oauth-authorization-server/auth"),
        (
            "https://example.org/id",
            "/.well-known/oauth-authorization-server/id",
            "/.well-known/oauth-authorization-server/auth",
        ),
    ] {
        let app = TestApp::with_args(&at(issuer)).await;
        let metadata: Value = app.send("GET", is_there, &[]).await.json();
        assert_eq!(metadata["issuer"], issuer);
        let jwks = "https://example.org/auth/.well-known/jwks.json";
        assert_eq!(metadata["jwks_uri"], jwks, "{issuer}");
        assert_eq!(app.send("GET", is_not, &[]).await.status, 404, "{issuer}");
    }
}

#[tokio::test]
async fn links_begin_with_the_address() {
    let app = app().await;
    let (boss, bob) = (signed_in(&app, "boss").await, signed_in(&app, "bob").await);
    app.promote(&boss).await;
    let offer = below(&path::ADMIN_USER_RESET.replace("{id}", &bob.user.id));
    let link: Value = app.with_token("POST", &offer, boss.token()).await.json();
    let url = link["url"].as_str().unwrap();
    assert!(url.starts_with("https://example.org/auth/reset-password#"), "{url}");
}

#[tokio::test]
async fn the_documents_name_the_address_and_the_cookie() {
    let app = app().await;
    let document: Value = app.send("GET", &below(path::OPENAPI), &[]).await.json();
    assert_eq!(document["servers"][0]["url"], PUBLIC);
    let schemes = &document["components"]["securitySchemes"];
    assert!(schemes.to_string().contains("\"__Secure-hallpass-refresh\""), "{schemes}");
    assert!(!schemes.to_string().contains("__Host-hallpass-refresh"), "{schemes}");
    let html = app.send("GET", &below(path::DOCS), &[]).await;
    let html = String::from_utf8(html.body.to_vec()).unwrap();
    let links = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let away: Vec<_> = links.filter(|link| !link.starts_with('#')).collect();
    assert_eq!(away, ["/auth/docs/style.css", "/auth/", "/auth/api/openapi.json"]);
    for link in away {
        assert_eq!(app.send("GET", link, &[]).await.status, 200, "{link}");
    }
    assert!(html.contains("<code>url=https://example.org/auth</code>"));
    assert!(html.contains("Cookie: __Secure-hallpass-refresh=$cookie"));
}

#[tokio::test]
async fn the_page_is_compressed_anew_and_has_tags_of_its_own() {
    let (app, root) = (app().await, TestApp::start().await);
    for encoding in ["gzip", "identity"] {
        let header = [("accept-encoding", encoding)];
        let page = app.send("GET", "/auth/login", &header).await;
        let other = root.send("GET", "/login", &header).await;
        assert_eq!(page.header("vary"), "accept-encoding");
        assert!(!page.header("etag").is_empty());
        let text = match encoding {
            "gzip" => {
                assert_eq!(page.header("content-encoding"), "gzip");
                assert_ne!(page.header("etag"), other.header("etag"));
                let mut text = String::new();
                GzDecoder::new(&page.body[..]).read_to_string(&mut text).unwrap();
                text
            }
            _ => String::from_utf8(page.body.to_vec()).unwrap(),
        };
        assert_eq!(text, "<!doctype html>", "{encoding}");
        let known = [header[0], ("if-none-match", page.header("etag"))];
        assert_eq!(app.send("GET", "/auth/login", &known).await.status, 304);
    }
}

#[tokio::test]
async fn a_guarded_site_sends_to_the_address_and_back() {
    let guarded = ["--public-url", PUBLIC, "--guard-origin", ORIGIN];
    let app = TestApp::with_args(&guarded).await;
    let ada = signed_in(&app, "ada").await;
    let of_page = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "example.org"),
        ("x-forwarded-uri", "/wiki/page?a=b"),
        ("x-forwarded-method", "GET"),
    ];
    let sent = app.send("GET", &below(path::GUARD_REDIRECT), &of_page).await;
    assert_eq!(sent.status, 303);
    let location = url::Url::parse(sent.header("location")).unwrap();
    assert_eq!(
        (location.origin().ascii_serialization().as_str(), location.path()),
        (ORIGIN, "/auth/login")
    );
    let next = location.query_pairs().next().unwrap().1.into_owned();
    assert!(
        next.starts_with("/auth/api/guard-code?to=https%3A%2F%2Fexample.org%2Fwiki%2Fpage"),
        "{next}"
    );
    let asked = parts(&sent)[0].to_owned();
    assert!(asked.starts_with("__Host-hallpass-guard-asked="), "{asked}");

    let own = [("cookie", ada.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let back = app.send("GET", &next, &own).await;
    let back = url::Url::parse(back.header("location")).unwrap();
    let target = format!("{}?{}", back.path(), back.query().unwrap());
    assert!(target.starts_with("/wiki/page?a=b&hallpass_code="), "{target}");
    // Appended to the path, as Envoy does.
    let appended = below(&[path::GUARD_REDIRECT, &target].concat());
    let envoy = [("host", "example.org"), ("x-forwarded-proto", "https"), ("cookie", &asked)];
    let opened = app.send("GET", &appended, &envoy).await;
    assert_eq!(
        (opened.status.as_u16(), opened.header("location")),
        (303, "https://example.org/wiki/page?a=b")
    );
    assert!(opened.header("set-cookie").starts_with(&format!("{GUARD_COOKIE}=")), "{opened:?}");
    assert_eq!(app.send("GET", path::GUARD_REDIRECT, &of_page).await.status, 404, "no way round");
}

#[tokio::test]
async fn a_proxy_verifies_below_the_path() {
    let app = app().await;
    let ada = signed_in(&app, "ada").await;
    // The first is looked up, the second is answered from the cache.
    for _ in 0..2 {
        let verified = app.get_with_token(&below(path::VERIFY), ada.token()).await;
        assert_eq!((verified.status.as_u16(), verified.header("x-auth-username")), (200, "ada"));
    }
    assert_eq!(app.get_with_token(path::VERIFY, ada.token()).await.status, 404);
    assert_eq!(app.get_with_token("/authx/api/verify", ada.token()).await.status, 404);
}
