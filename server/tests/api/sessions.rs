//! Signing in that lasts, and signing out that counts.

use std::time::Duration;

use futures_util::future::join;
use hallpass_contract::{Login, SessionList, Verified, kind, path};

use crate::app::{PASSWORD, SignedIn, TestApp};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn status(app: &TestApp, signed_in: &SignedIn) -> u16 {
    app.get_with_token(path::VERIFY, signed_in.token()).await.status.as_u16()
}

async fn verified(app: &TestApp, token: &str) -> Verified {
    app.get_with_token(path::VERIFY, token).await.json()
}

#[tokio::test]
async fn a_refresh_rotates_the_cookie_and_renews_the_access_token() {
    let app = TestApp::start().await;
    let first = app.signed_in("ada").await;
    app.clock.advance(Duration::from_secs(1000));
    assert_eq!(status(&app, &first).await, 401, "the access token has expired");

    let response = app.refresh(&first.cookie).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("cache-control"), "no-store");
    let second = SignedIn::from(&response);
    assert_ne!(first.cookie, second.cookie);
    assert_eq!((second.login.token_type.as_str(), second.login.expires_in), ("Bearer", 900));
    assert_eq!(second.login.user, first.login.user);
    assert_eq!(status(&app, &second).await, 200);
}

#[tokio::test]
async fn the_cookie_is_out_of_scripts_reach() {
    let app = TestApp::start().await;
    app.signed_in("ada").await;
    let response = app.login("ada", PASSWORD).await;
    let cookie = response.header("set-cookie");
    assert!(cookie.starts_with("__Host-hallpass-refresh="), "{cookie}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute}: {cookie}");
    }
}

#[tokio::test]
async fn two_clients_that_refresh_one_cookie_at_once_both_stay_signed_in() {
    let app = TestApp::start().await;
    let mut current = app.signed_in("ada").await;
    for round in 0..200 {
        let (one, other) = join(app.refresh(&current.cookie), app.refresh(&current.cookie)).await;
        assert_eq!((one.status.as_u16(), other.status.as_u16()), (200, 200), "round {round}");
        let (one, other) = (SignedIn::from(&one), SignedIn::from(&other));
        assert_eq!(one.cookie, other.cookie, "both go on with the same successor");
        assert_eq!((status(&app, &one).await, status(&app, &other).await), (200, 200));
        current = one;
        app.clock.advance(Duration::from_millis(100));
    }
}

#[tokio::test]
async fn a_replayed_refresh_token_ends_the_session_and_its_access_tokens() {
    let app = TestApp::start().await;
    let stolen = app.signed_in("ada").await;
    let owner = SignedIn::from(&app.refresh(&stolen.cookie).await);
    let owner = SignedIn::from(&app.refresh(&owner.cookie).await);
    app.clock.advance(10 * SECOND);

    let replayed = app.refresh(&stolen.cookie).await;
    assert_eq!(replayed.status, 401);
    assert_eq!(replayed.problem().kind, kind::SESSION_ENDED);
    assert_eq!(app.refresh(&owner.cookie).await.status, 401);
    for signed_in in [&stolen, &owner] {
        assert_eq!(status(&app, signed_in).await, 401);
    }
}

#[tokio::test]
async fn whoever_lost_the_answer_to_a_refresh_gets_it_again_until_it_arrives() {
    let app = TestApp::start().await;
    let first = app.signed_in("ada").await;
    let lost = SignedIn::from(&app.refresh(&first.cookie).await);
    for wait in [SECOND, 10 * SECOND, HOUR, 20 * DAY] {
        app.clock.advance(wait);
        let response = app.refresh(&first.cookie).await;
        assert_eq!(response.status, 200, "after {wait:?} more");
        let again = SignedIn::from(&response);
        assert_eq!(again.cookie, lost.cookie, "the same successor");
        assert_eq!(status(&app, &again).await, 200);
    }
    let third = SignedIn::from(&app.refresh(&lost.cookie).await);
    assert_eq!(status(&app, &third).await, 200);
    app.clock.advance(10 * SECOND);
    assert_eq!(app.refresh(&first.cookie).await.status, 401, "it has arrived: this is a replay");
    assert_eq!(app.refresh(&third.cookie).await.status, 401, "so the session has ended");
}

#[tokio::test]
async fn an_answer_that_is_sent_again_does_not_make_the_session_last_longer() {
    let app = TestApp::with_args(&["--refresh-ttl", "2d"]).await;
    let first = app.signed_in("ada").await;
    app.refresh(&first.cookie).await;
    app.clock.advance(2 * DAY - 60 * SECOND);
    let again = app.refresh(&first.cookie).await;
    assert!(again.header("set-cookie").contains("Max-Age=60"), "{}", again.header("set-cookie"));
    assert_eq!(SignedIn::from(&again).login.expires_in, 60);
    app.clock.advance(60 * SECOND);
    assert_eq!(app.refresh(&first.cookie).await.status, 401);
}

#[tokio::test]
async fn a_sign_out_ends_an_access_token_that_was_sent_again_while_the_clock_was_ahead() {
    let app = TestApp::start().await;
    let first = app.signed_in("ada").await;
    app.refresh(&first.cookie).await;
    app.clock.advance(HOUR);
    let again = SignedIn::from(&app.refresh(&first.cookie).await);
    app.clock.set_back(HOUR);
    app.with_cookie(path::LOGOUT, &again.cookie, &[]).await;
    app.clock.advance(HOUR);
    app.state.sweep().await;
    assert_eq!(status(&app, &again).await, 401);
}

#[tokio::test]
async fn the_grace_lasts_ten_seconds_from_when_the_successor_is_presented() {
    let app = TestApp::start().await;
    let first = app.signed_in("ada").await;
    let second = SignedIn::from(&app.refresh(&first.cookie).await);
    app.clock.advance(HOUR);
    let third = SignedIn::from(&app.refresh(&second.cookie).await);
    app.clock.advance(Duration::from_millis(9_999));
    let overtaken = SignedIn::from(&app.refresh(&first.cookie).await);
    assert_eq!(overtaken.cookie, third.cookie, "all tabs go on with the current one");

    let fourth = SignedIn::from(&app.refresh(&third.cookie).await);
    assert_eq!(app.refresh(&first.cookie).await.status, 401, "its successor is two before");
    assert_eq!(app.refresh(&fourth.cookie).await.status, 401, "so the session has ended");
}

#[tokio::test]
async fn a_session_that_is_not_used_ends() {
    let app = TestApp::with_args(&["--refresh-ttl", "2d", "--session-max", "3d"]).await;
    let signed_in = app.signed_in("ada").await;
    app.clock.advance(2 * DAY - SECOND);
    let refreshed = SignedIn::from(&app.refresh(&signed_in.cookie).await);
    app.clock.advance(2 * DAY);
    assert_eq!(app.refresh(&refreshed.cookie).await.status, 401);
}

#[tokio::test]
async fn a_session_ends_for_good_however_often_it_is_refreshed_and_takes_its_tokens_along() {
    let app = TestApp::with_args(&["--refresh-ttl", "2d", "--session-max", "3d"]).await;
    let mut signed_in = app.signed_in("ada").await;
    for _ in 0..2 {
        app.clock.advance(DAY);
        signed_in = SignedIn::from(&app.refresh(&signed_in.cookie).await);
    }
    app.clock.advance(DAY - 60 * SECOND);
    let response = app.refresh(&signed_in.cookie).await;
    assert!(response.header("set-cookie").contains("Max-Age=60"));
    let last = SignedIn::from(&response);
    assert_eq!(last.login.expires_in, 60, "no access token outlives its session");
    app.clock.advance(60 * SECOND);
    assert_eq!(app.refresh(&last.cookie).await.status, 401);
    assert_eq!(status(&app, &last).await, 401);
}

#[tokio::test]
async fn logout_with_the_access_token_ends_its_session_at_once_and_no_other() {
    let app = TestApp::start().await;
    let here = app.signed_in("ada").await;
    let elsewhere = SignedIn::from(&app.login("ada", PASSWORD).await);
    let response = app.with_token("POST", path::LOGOUT, here.token()).await;
    assert_eq!(response.status, 204);
    assert!(response.body.is_empty());
    let cleared = response.header("set-cookie");
    assert!(cleared.starts_with("__Host-hallpass-refresh=;"), "{cleared}");
    assert!(cleared.contains("Max-Age=0") && cleared.contains("Secure"), "{cleared}");

    let refused = app.get_with_token(path::VERIFY, here.token()).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.problem().kind, kind::SESSION_ENDED);
    assert!(refused.header("www-authenticate").contains("invalid_token"));
    assert_eq!(app.refresh(&here.cookie).await.status, 401);
    assert_eq!(status(&app, &elsewhere).await, 200);
    assert_eq!(app.refresh(&elsewhere.cookie).await.status, 200);
}

#[tokio::test]
async fn logout_with_the_cookie_works_also_beside_an_expired_access_token() {
    let app = TestApp::start().await;
    let alone = app.signed_in("ada").await;
    assert_eq!(app.with_cookie(path::LOGOUT, &alone.cookie, &[]).await.status, 204);
    assert_eq!(status(&app, &alone).await, 401);

    let expired = SignedIn::from(&app.login("ada", PASSWORD).await);
    app.clock.advance(1000 * SECOND);
    let bearer = format!("Bearer {}", expired.token());
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(app.send("POST", path::LOGOUT, &headers).await.status, 401);
    assert_eq!(app.with_cookie(path::LOGOUT, &expired.cookie, &headers).await.status, 204);
    assert_eq!(app.refresh(&expired.cookie).await.status, 401);
}

#[tokio::test]
async fn logout_of_nobody_is_a_401() {
    let app = TestApp::start().await;
    let response = app.send("POST", path::LOGOUT, &[]).await;
    assert_eq!(response.status, 401);
    assert!(!response.header("www-authenticate").contains("error"));
    let made_up = "__Host-hallpass-refresh=AAAA";
    assert_eq!(app.with_cookie(path::LOGOUT, made_up, &[]).await.status, 401);
}

#[tokio::test]
async fn a_refresh_without_a_valid_cookie_is_a_401() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let changed = ada.cookie.replace(|c: char| c.is_ascii_digit(), "A");
    let bearer_as_cookie = format!("__Host-hallpass-refresh={}", ada.token());
    for cookie in ["__Host-hallpass-refresh=", &changed, &bearer_as_cookie] {
        let response = app.refresh(cookie).await;
        assert_eq!(response.status, 401, "{cookie}");
        assert_eq!(response.problem().kind, kind::SESSION_ENDED);
        assert!(response.problem().detail.contains("has ended"));
    }
    for cookie in ["", "theme=dark", "refresh=AAAA"] {
        let response = app.refresh(cookie).await;
        assert_eq!(response.status, 401, "{cookie}");
        assert_eq!(response.problem().kind, kind::SESSION_ENDED);
        assert!(response.problem().detail.starts_with("No refresh cookie came"), "{cookie}");
        assert!(!response.header("www-authenticate").contains("error"), "nothing came");
    }
    let (_, refresh_token) = ada.cookie.split_once('=').unwrap();
    assert_eq!(app.get_with_token(path::VERIFY, refresh_token).await.status, 401);
    assert_eq!(app.refresh(&ada.cookie).await.status, 200, "none of that did any harm");
}

#[tokio::test]
async fn another_site_can_neither_refresh_nor_log_out() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let own = format!("http://{}", app.address);
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", own.as_str())],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[],
    ] {
        for path in [path::REFRESH, path::LOGOUT] {
            let headers = [&[("cookie", ada.cookie.as_str())], headers].concat();
            let response = app.send("POST", path, &headers).await;
            assert_eq!(response.status, 403, "{headers:?}");
            assert_eq!(response.problem().kind, kind::CROSS_SITE);
        }
    }
    let headers = [("cookie", ada.cookie.as_str()), ("origin", own.as_str())];
    assert_eq!(app.send("POST", path::REFRESH, &headers).await.status, 200);
}

#[tokio::test]
async fn behind_a_proxy_the_public_url_is_the_origin() {
    let app = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    let ada = app.signed_in("ada").await;
    let by_host = format!("http://{}", app.address);
    for (origin, status) in [(by_host.as_str(), 403), ("https://login.example", 200)] {
        let headers = [("cookie", ada.cookie.as_str()), ("origin", origin)];
        assert_eq!(app.send("POST", path::REFRESH, &headers).await.status, status);
    }
}

async fn list(app: &TestApp, token: &str) -> SessionList {
    app.get_with_token(path::SESSIONS, token).await.json()
}

#[tokio::test]
async fn sessions_are_listed_with_their_browser_and_times() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    app.signed_in("bob").await;
    app.clock.advance(60 * SECOND);
    let phone = [("content-type", "application/json"), ("user-agent", "Phone/1.0")];
    let body = serde_json::json!({"username": "ada", "password": PASSWORD}).to_string();
    let phone = SignedIn::from(&app.send_body("POST", path::LOGIN, &phone, body).await);
    app.clock.advance(60 * SECOND);
    app.refresh(&ada.cookie).await;

    let sessions = list(&app, phone.token()).await.sessions;
    assert_eq!(sessions.len(), 2);
    let times = |n: usize| (sessions[n].created_at.as_str(), sessions[n].last_used_at.as_str());
    assert_eq!(times(0), ("2027-01-15T08:00:00Z", "2027-01-15T08:02:00Z"));
    assert_eq!(times(1), ("2027-01-15T08:01:00Z", "2027-01-15T08:01:00Z"));
    assert_eq!(sessions[1].user_agent, "Phone/1.0");
    assert_eq!((sessions[0].current, sessions[1].current), (false, true));
    assert_eq!(sessions[1].id, verified(&app, phone.token()).await.sid);
}

#[tokio::test]
async fn one_session_or_all_others_can_be_ended_from_another() {
    let app = TestApp::start().await;
    let here = app.signed_in("ada").await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(SignedIn::from(&app.login("ada", PASSWORD).await));
    }
    let bob = app.signed_in("bob").await;

    let sid = verified(&app, others[0].token()).await.sid;
    let one = path::SESSION.replace("{id}", &sid);
    assert_eq!(app.with_token("DELETE", &one, bob.token()).await.status, 404, "not his");
    assert_eq!(app.with_token("DELETE", &one, here.token()).await.status, 204);
    assert_eq!(app.with_token("DELETE", &one, here.token()).await.status, 404);
    assert_eq!(status(&app, &others[0]).await, 401);
    assert_eq!(status(&app, &others[1]).await, 200);

    assert_eq!(app.with_token("DELETE", path::SESSIONS, here.token()).await.status, 204);
    for other in &others {
        assert_eq!(status(&app, other).await, 401);
        assert_eq!(app.refresh(&other.cookie).await.status, 401);
    }
    assert_eq!((status(&app, &here).await, status(&app, &bob).await), (200, 200));
    assert_eq!(list(&app, here.token()).await.sessions.len(), 1);
    let own = path::SESSION.replace("{id}", &verified(&app, here.token()).await.sid);
    for nonsense in ["nonsense", "01890a5d-ac96-774b-bcce-b302099a8057"] {
        let path = path::SESSION.replace("{id}", nonsense);
        assert_eq!(app.with_token("DELETE", &path, here.token()).await.status, 404);
    }
    let response = app.with_token("DELETE", &own, here.token()).await;
    assert_eq!(response.status, 204);
    assert!(response.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(status(&app, &here).await, 401);
}

#[tokio::test]
async fn an_expired_session_is_swept() {
    let app = TestApp::with_args(&["--refresh-ttl", "1h"]).await;
    app.signed_in("ada").await;
    let ended: Login = app.login("ada", PASSWORD).await.json();
    let token = ended.access_token.expose();
    assert_eq!(app.with_token("POST", path::LOGOUT, token).await.status, 204);
    app.clock.advance(60 * 60 * SECOND);
    let kept = app.login("ada", PASSWORD).await;
    assert_eq!(app.state.accounts.store.sweep(app.clock.now()).await.unwrap(), 1);
    assert_eq!(app.state.accounts.store.sweep(app.clock.now()).await.unwrap(), 0);
    assert_eq!(status(&app, &SignedIn::from(&kept)).await, 200);
    assert_eq!(app.get_with_token(path::VERIFY, token).await.status, 401, "expired by now");
}

/// As a start does it, and the running server every ten minutes.
async fn sweep_while_the_clock_is_ahead(app: &TestApp, by: Duration) {
    app.clock.advance(by);
    app.state.sweep().await;
    app.clock.set_back(by);
}

#[tokio::test]
async fn a_session_that_was_signed_out_of_stays_ended_though_the_clock_was_ahead_meanwhile() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    assert_eq!(status(&app, &ada).await, 200);
    assert_eq!(app.with_token("POST", path::LOGOUT, ada.token()).await.status, 204);
    sweep_while_the_clock_is_ahead(&app, HOUR).await;
    let refused = app.get_with_token(path::VERIFY, ada.token()).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.problem().kind, kind::SESSION_ENDED);
    assert_eq!(app.refresh(&ada.cookie).await.status, 401);
}

#[tokio::test]
async fn a_session_that_was_swept_while_the_clock_was_ahead_has_ended_with_its_access_tokens() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    assert_eq!(status(&app, &ada).await, 200, "by now it is in the cache");
    sweep_while_the_clock_is_ahead(&app, 31 * DAY).await;
    assert_eq!(status(&app, &ada).await, 401);
    assert_eq!(app.refresh(&ada.cookie).await.status, 401);
}

/// It is valid once the clock gets there again, which is after the end of its session.
#[tokio::test]
async fn an_access_token_of_a_clock_that_was_ahead_does_not_outlive_its_session() {
    let app = TestApp::with_args(&["--refresh-ttl", "65m"]).await;
    app.clock.advance(HOUR);
    let ahead = app.signed_in("ada").await;
    app.clock.set_back(HOUR);
    SignedIn::from(&app.refresh(&ahead.cookie).await);
    app.clock.advance(HOUR);
    assert_eq!(status(&app, &ahead).await, 200, "the session lives for five minutes more");
    app.clock.advance(300 * SECOND);
    app.state.sweep().await;
    assert_eq!(status(&app, &ahead).await, 401);
}
