//! Pages of guarded sites, as proxies ask about them.

use std::time::Duration;

use hallpass_contract::{GUARD_COOKIE, path};
use url::Url;

use crate::app::{PASSWORD, Response, SignedIn, TestApp};

const LOGIN: &str = "https://login.example";
const WIKI: &str = "https://wiki.example";
const SHOP: &str = "https://shop.example:8443";

async fn app() -> TestApp {
    let guarded = [WIKI, SHOP].join(",");
    TestApp::with_args(&["--public-url", LOGIN, "--guard-origin", &guarded]).await
}

/// What a proxy asks of a page of a site.
async fn ask(
    app: &TestApp,
    path: &str,
    (site, uri): (&str, &str),
    headers: &[(&str, &str)],
) -> Response {
    let (scheme, host) = site.split_once("://").unwrap();
    let mut forwarded =
        vec![("x-forwarded-proto", scheme), ("x-forwarded-host", host), ("x-forwarded-uri", uri)];
    if !headers.iter().any(|(name, _)| *name == "x-forwarded-method") {
        forwarded.push(("x-forwarded-method", "GET"));
    }
    app.send("GET", path, &[&forwarded, headers].concat()).await
}

/// The cookie of this answer, as a `Cookie` header has it.
fn cookie(response: &Response) -> String {
    response.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// Where the sign-in page goes on to, by an answer that sends there.
fn next(response: &Response) -> String {
    assert_eq!(response.status, 303, "{response:?}");
    let location = Url::parse(response.header("location")).unwrap();
    assert_eq!(
        (location.origin().ascii_serialization().as_str(), location.path()),
        (LOGIN, "/login")
    );
    let (name, next) = location.query_pairs().next().unwrap();
    assert_eq!(name, "next");
    next.into_owned()
}

/// Sends a browser without a guard cookie to a page. Returns the cookie of the site by which it is
/// known again, and where the sign-in page goes on to.
async fn sent_away(app: &TestApp, page: (&str, &str)) -> (String, String) {
    let sent = ask(app, path::GUARD_REDIRECT, page, &[]).await;
    (cookie(&sent), next(&sent))
}

/// Goes on from the sign-in page. Returns the path with the code on the site.
async fn gone_on(app: &TestApp, next: &str, refresh_cookie: &str) -> String {
    let own = [("cookie", refresh_cookie), ("sec-fetch-site", "same-origin")];
    let back = app.send("GET", next, &own).await;
    assert_eq!(back.status, 303, "{back:?}");
    let url = Url::parse(back.header("location")).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// The guard cookie of a browser that is signed in, for a site.
async fn guard_cookie(app: &TestApp, site: &str, login: &SignedIn) -> String {
    let (asked, next) = sent_away(app, (site, "/")).await;
    let uri = gone_on(app, &next, &login.cookie).await;
    let opened = ask(app, path::GUARD_REDIRECT, (site, &uri), &[("cookie", &asked)]).await;
    assert_eq!(opened.status, 303);
    cookie(&opened)
}

async fn status(app: &TestApp, site: &str, cookie: &str) -> u16 {
    ask(app, path::GUARD, (site, "/"), &[("cookie", cookie)]).await.status.as_u16()
}

#[tokio::test]
async fn a_browser_is_sent_to_sign_in_and_comes_back_to_the_page() {
    let app = app().await;
    let ada = app.signed_in("Zoë").await;
    let page = (WIKI, "/a%20b?c=d&e");
    let (asked, next) = sent_away(&app, page).await;
    let uri = gone_on(&app, &next, &ada.cookie).await;
    assert!(uri.starts_with("/a%20b?c=d&e&hallpass_code="), "{uri}");
    let opened = ask(&app, path::GUARD_REDIRECT, (WIKI, &uri), &[("cookie", &asked)]).await;
    assert_eq!(
        (opened.status.as_u16(), opened.header("location")),
        (303, "https://wiki.example/a%20b?c=d&e")
    );
    let cookies: Vec<_> =
        opened.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
    assert!(cookies[0].starts_with(&format!("{GUARD_COOKIE}=")), "{cookies:?}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=900"] {
        assert!(cookies[0].contains(attribute), "{cookies:?}");
    }
    assert!(cookies[1].contains("Max-Age=0"), "{cookies:?}");
    let cookie = cookie(&opened);
    for path in [path::GUARD, path::GUARD_REDIRECT] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let forwarded = [("x-forwarded-method", method), ("cookie", &cookie)];
            let answer = ask(&app, path, page, &forwarded).await;
            assert_eq!(answer.status, 200, "{path} {method}");
            assert_eq!(answer.header("x-auth-subject"), ada.user.id);
            assert_eq!(answer.header("x-auth-username"), "Zo%C3%AB");
            assert_eq!(answer.header("x-auth-roles"), "user");
        }
    }
}

#[tokio::test]
async fn a_proxy_may_append_the_page_to_the_path() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let cookie = guard_cookie(&app, WIKI, &login).await;
    let headers = [("host", "wiki.example"), ("cookie", cookie.as_str())];
    for path in ["/api/guard/a/b?c", "/api/guard-redirect/a/b?c", "/api/guard-redirect/"] {
        assert_eq!(app.send("GET", path, &headers).await.status, 200, "{path}");
    }
    let sent = app.send("GET", "/api/guard-redirect/a/b?c", &headers[..1]).await;
    assert!(next(&sent).starts_with("/api/guard-code?to=https%3A%2F%2Fwiki.example%2Fa%2Fb%3Fc&"));
    for path in ["/api/guards", "/api/guardx/a", "/api/guard-redirects"] {
        assert_eq!(app.send("GET", path, &headers).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn without_a_cookie_a_page_is_401_or_a_redirect_and_all_else_401() {
    let app = app().await;
    let refused = ask(&app, path::GUARD, (WIKI, "/"), &[]).await;
    assert_eq!(refused.status, 401);
    refused.problem();
    for headers in [
        &[("sec-fetch-mode", "cors")][..],
        &[("sec-fetch-mode", "no-cors")],
        &[("sec-fetch-mode", "websocket")],
        &[("x-forwarded-method", "POST")],
    ] {
        let refused = ask(&app, path::GUARD_REDIRECT, (WIKI, "/"), headers).await;
        assert_eq!(refused.status, 401, "{headers:?}");
    }
    let navigation = [("sec-fetch-mode", "navigate")];
    next(&ask(&app, path::GUARD_REDIRECT, (WIKI, "/"), &navigation).await);
}

#[tokio::test]
async fn the_guard_cookie_opens_its_own_site_and_no_other_route() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let cookie = guard_cookie(&app, WIKI, &login).await;
    assert_eq!(status(&app, WIKI, &cookie).await, 200);
    assert_eq!(status(&app, SHOP, &cookie).await, 401);
    assert_eq!(status(&app, "http://wiki.example", &cookie).await, 401);
    let token = cookie.split_once('=').unwrap().1;
    for path in [path::VERIFY, path::PROTECTED, path::ME, path::SESSIONS] {
        // Asked twice, since the second answer may come from memory.
        for _ in 0..2 {
            assert_eq!(app.get_with_token(path, token).await.status, 401, "{path}");
            assert_eq!(app.send("GET", path, &[("cookie", &cookie)]).await.status, 401, "{path}");
        }
    }
    for path in [path::REFRESH, path::LOGOUT] {
        assert_eq!(app.with_cookie(path, &cookie, &[]).await.status, 401, "{path}");
        assert_eq!(app.with_token("POST", path, token).await.status, 401, "{path}");
    }
    assert_eq!(status(&app, WIKI, &cookie).await, 200);
    // And an access token opens no page.
    let access = format!("{GUARD_COOKIE}={}", login.token());
    assert_eq!(status(&app, WIKI, &access).await, 401);
}

#[tokio::test]
async fn the_guard_closes_when_the_session_ends() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let (wiki, shop) =
        (guard_cookie(&app, WIKI, &login).await, guard_cookie(&app, SHOP, &login).await);
    assert_eq!((status(&app, WIKI, &wiki).await, status(&app, SHOP, &shop).await), (200, 200));
    assert_eq!(app.with_cookie(path::LOGOUT, &login.cookie, &[]).await.status, 204);
    assert_eq!((status(&app, WIKI, &wiki).await, status(&app, SHOP, &shop).await), (401, 401));
}

#[tokio::test]
async fn the_guard_shows_roles_as_they_are_now_and_closes_to_disabled_users() {
    let app = app().await;
    let (warden, bob) = (app.admin("warden").await, app.signed_in("bob").await);
    let cookie = guard_cookie(&app, WIKI, &bob).await;
    let edit = async |body: serde_json::Value| {
        let path = path::ADMIN_USER.replace("{id}", &bob.user.id);
        assert_eq!(app.json_with_token("PATCH", &path, warden.token(), &body).await.status, 200);
    };
    edit(serde_json::json!({ "roles": [] })).await;
    let answer = ask(&app, path::GUARD, (WIKI, "/"), &[("cookie", &cookie)]).await;
    // An empty header takes the place of one that the client has invented.
    assert_eq!(
        (answer.status.as_u16(), answer.headers.get("x-auth-roles").unwrap().len()),
        (200, 0)
    );
    edit(serde_json::json!({ "disabled": true })).await;
    assert_eq!(status(&app, WIKI, &cookie).await, 401);
}

#[tokio::test]
async fn the_cookie_is_renewed_while_it_is_used_and_expires_otherwise() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let first = guard_cookie(&app, WIKI, &login).await;
    let look = async |held: &str| ask(&app, path::GUARD, (WIKI, "/"), &[("cookie", held)]).await;
    assert!(!look(&first).await.headers.contains_key("set-cookie"));
    app.clock.advance(Duration::from_secs(451));
    let renewed = look(&first).await;
    assert_eq!(renewed.status, 200);
    let second = cookie(&renewed);
    assert_ne!(first, second);
    app.clock.advance(Duration::from_secs(449));
    assert_eq!((status(&app, WIKI, &first).await, status(&app, WIKI, &second).await), (401, 200));
    app.clock.advance(Duration::from_secs(451));
    assert_eq!(status(&app, WIKI, &second).await, 401);
}

#[tokio::test]
async fn the_cookie_lives_no_longer_than_the_session() {
    let app = app_with_short_sessions().await;
    let login = app.signed_in("ada").await;
    let mut held = guard_cookie(&app, WIKI, &login).await;
    // Used all the time, and never refreshed.
    for _ in 0..11 {
        app.clock.advance(Duration::from_secs(300));
        let answer = ask(&app, path::GUARD, (WIKI, "/"), &[("cookie", &held)]).await;
        assert_eq!(answer.status, 200);
        if answer.headers.contains_key("set-cookie") {
            held = cookie(&answer);
        }
    }
    app.clock.advance(Duration::from_secs(300));
    assert_eq!(status(&app, WIKI, &held).await, 401);
}

async fn app_with_short_sessions() -> TestApp {
    let args = ["--public-url", LOGIN, "--guard-origin", WIKI, "--refresh-ttl", "1h"];
    TestApp::with_args(&args).await
}

#[tokio::test]
async fn a_code_is_good_once_for_30_seconds_in_one_browser_on_one_site() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let open = async |site: &str, uri: &str, asked: &str| {
        ask(&app, path::GUARD_REDIRECT, (site, uri), &[("cookie", asked)]).await
    };
    let is_open = |answer: &Response| answer.header("location") == "https://wiki.example/";

    let (asked, next_path) = sent_away(&app, (WIKI, "/")).await;
    let (other, _) = sent_away(&app, (WIKI, "/")).await;
    let uri = gone_on(&app, &next_path, &login.cookie).await;
    // Twice.
    assert!(is_open(&open(WIKI, &uri, &asked).await));
    next(&open(WIKI, &uri, &asked).await);
    // Somebody else's browser, and another site. After that the code is used up.
    for (site, by) in [(WIKI, &other), (SHOP, &asked)] {
        let uri = gone_on(&app, &next_path, &login.cookie).await;
        next(&open(site, &uri, by).await);
        next(&open(WIKI, &uri, &asked).await);
    }
    assert_eq!(next(&open(WIKI, "/", &other).await), next_of(&other));

    let uri = gone_on(&app, &next_path, &login.cookie).await;
    app.clock.advance(Duration::from_secs(30));
    next(&open(WIKI, &uri, &asked).await);
    let uri = gone_on(&app, &next_path, &login.cookie).await;
    app.clock.advance(Duration::from_secs(29));
    assert!(is_open(&open(WIKI, &uri, &asked).await));
    // A code that was changed, and one of another kind.
    let uri = gone_on(&app, &next_path, &login.cookie).await;
    next(&open(WIKI, &uri[..uri.len() - 1], &asked).await);
    next(&open(WIKI, "/?hallpass_code=AAAA", &asked).await);
    // A browser without cookies would go round in a circle.
    assert_eq!(ask(&app, path::GUARD_REDIRECT, (WIKI, &uri), &[]).await.status, 400);
}

/// Where a browser with this cookie is sent that wants to see the first page of the wiki.
fn next_of(asked: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let secret = asked.split_once('=').unwrap().1;
    let named = Sha256::digest(format!("{WIKI} {secret}"));
    let name = data_encoding::BASE64URL_NOPAD.encode(&named);
    format!("/api/guard-code?to=https%3A%2F%2Fwiki.example%2F&asked_by={name}")
}

#[tokio::test]
async fn a_code_in_the_address_is_taken_out_and_never_shown_to_the_site() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let held = guard_cookie(&app, WIKI, &login).await;
    let uri = "/p?a&hallpass_code=xyz";
    let cookie = [("cookie", held.as_str())];
    assert_eq!(ask(&app, path::GUARD, (WIKI, uri), &cookie).await.status, 401);
    let answer = ask(&app, path::GUARD_REDIRECT, (WIKI, uri), &cookie).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "https://wiki.example/p?a")
    );
}

#[tokio::test]
async fn whoever_signs_in_after_somebody_else_gets_a_cookie_of_their_own() {
    let app = app().await;
    let (ada, bob) = (app.signed_in("ada").await, app.signed_in("bob").await);
    let held = guard_cookie(&app, WIKI, &ada).await;
    let (asked, next_path) = sent_away(&app, (WIKI, "/")).await;
    let uri = gone_on(&app, &next_path, &bob.cookie).await;
    let both = format!("{held}; {asked}");
    let opened = ask(&app, path::GUARD_REDIRECT, (WIKI, &uri), &[("cookie", &both)]).await;
    let held = cookie(&opened);
    let answer = ask(&app, path::GUARD, (WIKI, "/"), &[("cookie", &held)]).await;
    assert_eq!(answer.header("x-auth-subject"), bob.user.id);
}

#[tokio::test]
async fn the_way_back_leads_to_guarded_sites_alone() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let own = [("cookie", login.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    for to in [
        "https://evil.example/",
        "https://wiki.example.evil/",
        "https://wiki.example@evil.example/",
        "https://wiki.example",
        "//evil.example/",
        "/",
        "javascript:alert(1)",
        "",
    ] {
        let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let answer = app.send("GET", &format!("/api/guard-code?to={to}&asked_by=x"), &own).await;
        assert_eq!(answer.status, 403, "{to}");
    }
    for query in ["", "?to=https://wiki.example/", "?asked_by=x"] {
        let answer = app.send("GET", &format!("/api/guard-code{query}"), &own).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    let split = "?to=https://wiki.example/%0d%0aset-cookie:x&asked_by=x";
    assert_eq!(app.send("GET", &format!("/api/guard-code{split}"), &own).await.status, 400);
}

#[tokio::test]
async fn whoever_is_not_signed_in_goes_to_the_sign_in_page_first() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let (_, path) = sent_away(&app, (WIKI, "/p")).await;
    // No cookie; another site's page; a token that was replaced long ago; a session that has ended.
    assert_eq!(next(&app.send("GET", &path, &[]).await), path);
    let foreign = [("cookie", login.cookie.as_str()), ("sec-fetch-site", "same-site")];
    assert_eq!(next(&app.send("GET", &path, &foreign).await), path);
    let second = SignedIn::from(&app.refresh(&login.cookie).await);
    let third = SignedIn::from(&app.refresh(&second.cookie).await);
    app.clock.advance(Duration::from_secs(60));
    let own = |cookie| [("cookie", cookie), ("sec-fetch-site", "same-origin")];
    gone_on(&app, &path, &third.cookie).await;
    // The token is not exchanged by that. An old browser does not say where the page load is from.
    let old = [("cookie", third.cookie.as_str())];
    assert!(app.send("GET", &path, &old).await.header("location").starts_with(WIKI));
    let fourth = SignedIn::from(&app.refresh(&third.cookie).await);
    // One that was exchanged long ago is a thief's.
    assert_eq!(next(&app.send("GET", &path, &own(&login.cookie)).await), path);
    assert_eq!(next(&app.send("GET", &path, &own(&fourth.cookie)).await), path);
    assert_eq!(app.refresh(&fourth.cookie).await.status, 401);
}

#[tokio::test]
async fn after_signing_out_no_code_can_be_had() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let (_, path) = sent_away(&app, (WIKI, "/p")).await;
    assert_eq!(app.with_cookie(path::LOGOUT, &login.cookie, &[]).await.status, 204);
    let own = [("cookie", login.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(next(&app.send("GET", &path, &own).await), path);
}

#[tokio::test]
async fn another_site_can_not_change_anything_with_somebodys_cookie() {
    let app = app().await;
    let login = app.signed_in("ada").await;
    let held = guard_cookie(&app, WIKI, &login).await;
    for (headers, expected) in [
        (&[][..], 401),
        (&[("origin", "https://evil.example")], 401),
        (&[("sec-fetch-site", "same-site")], 401),
        (&[("sec-fetch-site", "same-origin")], 200),
        (&[("origin", WIKI)], 200),
        (&[("origin", SHOP)], 200),
    ] {
        let all = [&[("cookie", held.as_str()), ("x-forwarded-method", "POST")], headers].concat();
        for path in [path::GUARD, path::GUARD_REDIRECT] {
            assert_eq!(ask(&app, path, (WIKI, "/"), &all).await.status, expected, "{headers:?}");
        }
        // A proxy that asks with the method of the request.
        let host = [&[("host", "wiki.example"), ("cookie", &held)], headers].concat();
        assert_eq!(app.send("POST", "/api/guard/", &host).await.status, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn a_page_whose_address_is_too_long_becomes_the_first_page_of_its_site() {
    let app = app().await;
    let sent =
        ask(&app, path::GUARD_REDIRECT, (WIKI, &format!("/{}", "a".repeat(2500))), &[]).await;
    assert_eq!(next(&sent), next_of(&cookie(&sent)));
}

#[tokio::test]
async fn nothing_is_guarded_unless_an_operator_says_so() {
    let app = TestApp::start().await;
    let back = "/api/guard-code?to=https://wiki.example/&asked_by=x";
    for path in [path::GUARD, path::GUARD_REDIRECT, "/api/guard/x", back] {
        let answer = app.send("GET", path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.problem().detail.contains("--guard-origin"));
    }
    // A site that is not named.
    let app = self::app().await;
    let refused = ask(&app, path::GUARD, ("https://other.example", "/"), &[]).await;
    assert_eq!(refused.status, 401);
    assert!(refused.problem().detail.contains("--guard-origin"));
    let refused = ask(&app, path::GUARD_REDIRECT, ("https://other.example", "/"), &[]).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn whoever_must_have_a_second_factor_by_now_sees_no_page() {
    let args = ["--public-url", LOGIN, "--guard-origin", WIKI, "--require-second-factor", "admins"];
    let app = TestApp::with_args(&args).await;
    let login = app.signed_in("ada").await;
    let held = guard_cookie(&app, WIKI, &login).await;
    assert_eq!(status(&app, WIKI, &held).await, 200);
    app.promote(&login).await;
    assert_eq!(status(&app, WIKI, &held).await, 401);
    assert_eq!(app.login("ada", PASSWORD).await.status, 200);
}
