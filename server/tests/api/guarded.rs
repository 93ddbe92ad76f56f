use std::time::Duration;

use hallpass_contract::{Protected, UserBody, Verified, kind, path};

use crate::app::TestApp;

const GUARDED: [&str; 3] = [path::VERIFY, path::PROTECTED, path::ME];

#[tokio::test]
async fn a_token_opens_the_guarded_paths() {
    let app = TestApp::start().await;
    let login = app.signed_in("Ada").await;
    let token = login.access_token.expose();

    let verified: Verified = app.get_with_token(path::VERIFY, token).await.json();
    assert_eq!((&verified.sub, verified.username.as_str()), (&login.user.id, "Ada"));
    assert_eq!(verified.exp, 1_800_000_900);
    let UserBody { user } = app.get_with_token(path::ME, token).await.json();
    assert_eq!(user, login.user);
    let protected: Protected = app.get_with_token(path::PROTECTED, token).await.json();
    assert_eq!(protected.user, login.user);
    assert!(protected.message.contains("Ada"));
}

#[tokio::test]
async fn verify_tells_a_proxy_who_it_is_in_headers() {
    let app = TestApp::start().await;
    let login = app.signed_in("Zoë").await;
    let response = app.get_with_token(path::VERIFY, login.access_token.expose()).await;
    assert_eq!(response.header("x-auth-subject"), login.user.id);
    assert_eq!(response.header("x-auth-username"), "Zo%C3%AB");
    assert_eq!(response.headers.get("x-auth-roles").unwrap(), "user");
}

#[tokio::test]
async fn a_name_of_printable_ascii_stands_in_its_header_as_it_is() {
    let app = TestApp::start().await;
    for (name, header) in [
        ("ada.love+lace@example.com", "ada.love+lace@example.com"),
        ("a_b-c~d!e", "a_b-c~d!e"),
        ("100%ada", "100%25ada"),
        ("Zoë", "Zo%C3%AB"),
        ("花子です", "%E8%8A%B1%E5%AD%90%E3%81%A7%E3%81%99"),
    ] {
        let token = app.signed_in(name).await.login.access_token;
        // The second answer is made of what the first one left behind.
        for _ in 0..2 {
            let response = app.get_with_token(path::VERIFY, token.expose()).await;
            assert_eq!(response.header("x-auth-username"), header, "{name}");
        }
    }
}

#[tokio::test]
async fn without_a_token_there_is_a_challenge_and_no_error_code() {
    let app = TestApp::start().await;
    for path in GUARDED {
        for headers in [&[][..], &[("authorization", "Basic YWRhOmFkYQ==")]] {
            let response = app.send("GET", path, headers).await;
            assert_eq!(response.status, 401, "{path}");
            assert_eq!(response.problem().kind, kind::UNAUTHENTICATED);
            assert_eq!(response.header("www-authenticate"), r#"Bearer realm="hallpass""#);
        }
    }
}

#[tokio::test]
async fn a_bad_token_is_a_401_that_says_invalid_token() {
    let app = TestApp::start().await;
    let other = TestApp::start().await;
    let foreign = other.signed_in("ada").await.login.access_token;
    let token = app.signed_in("ada").await.login.access_token;
    let (good, foreign) = (token.expose(), format!("Bearer {}", foreign.expose()));
    let (double, unsigned) =
        (format!("Bearer {good}"), format!("Bearer {}.", good.rsplit_once('.').unwrap().0));
    for headers in [
        &[("authorization", "Bearer")][..],
        &[("authorization", "Bearer a.b.c")],
        &[("authorization", foreign.as_str())],
        &[("authorization", unsigned.as_str())],
        &[("authorization", double.as_str()), ("authorization", double.as_str())],
        &[("authorization", double.as_str()), ("authorization", "Basic YWRhOmFkYQ==")],
    ] {
        let response = app.send("GET", path::VERIFY, headers).await;
        assert_eq!(response.status, 401, "{headers:?}");
        response.problem();
        let challenge = response.header("www-authenticate");
        assert!(challenge.contains(r#"error="invalid_token""#), "{challenge}");
    }
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let app = TestApp::with_args(&["--access-ttl", "2m"]).await;
    let token = app.signed_in("ada").await.login.access_token;
    app.clock.advance(Duration::from_secs(119));
    assert_eq!(app.get_with_token(path::VERIFY, token.expose()).await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    let response = app.get_with_token(path::VERIFY, token.expose()).await;
    assert_eq!(response.status, 401);
    assert!(response.header("www-authenticate").contains("expired"));
}

#[tokio::test]
async fn the_issuer_and_the_audience_are_settings() {
    let args = ["--issuer", "https://login.example", "--audience", "shop"];
    let app = TestApp::with_args(&args).await;
    let token = app.signed_in("ada").await.login.access_token;
    let payload = token.expose().split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&"https://login.example".into(), &"shop".into()));
    assert_eq!(app.get_with_token(path::VERIFY, token.expose()).await.status, 200);
}

#[tokio::test]
async fn a_token_counts_in_the_authorization_header_alone() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let query = format!("{}?access_token={}", path::VERIFY, ada.token());
    assert_eq!(
        app.send("GET", &query, &[]).await.status,
        401,
        "in the query (RFC 6750 section 2.3)"
    );
    let cookie = format!("access_token={}", ada.token());
    assert_eq!(app.send("GET", path::VERIFY, &[("cookie", &cookie)]).await.status, 401);
    for scheme in ["bearer", "BEARER", "Bearer"] {
        let value = format!("{scheme} {}", ada.token());
        let response = app.send("GET", path::VERIFY, &[("authorization", &value)]).await;
        assert_eq!(response.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn an_oversized_token_is_a_401() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    for padding in [1_000, 9_000, 20_000] {
        let oversized = format!("{}{}", ada.token(), "A".repeat(padding));
        assert_eq!(app.get_with_token(path::VERIFY, &oversized).await.status, 401, "{padding}");
    }
}
