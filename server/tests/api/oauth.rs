//! What OAuth clients ask (RFC 6749, 7009, 7662), and what programs find by the issuer (RFC 8414).

use std::time::Duration;

use data_encoding::BASE64;
use hallpass::store::OauthGrant;
use hallpass_contract::{kind, path};
use serde_json::{Value, json};

use crate::app::{PASSWORD, Response, SignedIn, TestApp};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A client, and how it authenticates.
struct Oauth {
    name: &'static str,
    secret: String,
}

impl Oauth {
    async fn new(app: &TestApp, name: &'static str, may: &[OauthGrant]) -> Self {
        let new = app.state.accounts.add_oauth_client(name.to_owned(), may.to_vec()).await;
        Self { name, secret: new.unwrap().secret.expose().to_owned() }
    }

    async fn that_may_all(app: &TestApp) -> Self {
        Self::new(app, "gateway", &[OauthGrant::Introspect, OauthGrant::Revoke]).await
    }

    async fn ask(&self, app: &TestApp, path: &str, body: &str) -> Response {
        post(app, path, Some(&basic(self.name, &self.secret)), body).await
    }

    async fn introspect(&self, app: &TestApp, token: &str) -> Value {
        let answer = self.ask(app, path::INTROSPECT, &format!("token={token}")).await;
        assert_eq!(answer.status, 200);
        answer.json()
    }

    async fn revoke(&self, app: &TestApp, token: &str) {
        let answer = self.ask(app, path::REVOKE, &format!("token={token}")).await;
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b""[..]));
    }
}

fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{name}:{secret}").as_bytes()))
}

async fn post(app: &TestApp, path: &str, authorization: Option<&str>, body: &str) -> Response {
    let authorization = authorization.map(|value| ("authorization", value));
    let headers: Vec<_> = [FORM].into_iter().chain(authorization).collect();
    app.send_body("POST", path, &headers, body.to_owned()).await
}

/// The refresh token, as the cookie has it.
fn refresh_token(signed_in: &SignedIn) -> &str {
    signed_in.cookie.split_once('=').unwrap().1
}

fn assert_error(answer: &Response, status: u16, error: &str) {
    assert_eq!(answer.status, status);
    assert_eq!(answer.header("content-type"), "application/json");
    let body: Value = answer.json();
    assert_eq!(body["error"], error, "{body}");
    let challenge = if status == 401 { r#"Basic realm="hallpass""# } else { "" };
    assert_eq!(answer.header("www-authenticate"), challenge);
}

#[tokio::test]
async fn an_active_access_token_is_told_in_full_with_name_and_roles_of_now() {
    let app = TestApp::start().await;
    let (client, ada) = (Oauth::that_may_all(&app).await, app.signed_in("ada").await);
    app.promote(&ada).await;
    let told = client.introspect(&app, ada.token()).await;
    let now = app.clock.now().as_second();
    let sid = app.sid(ada.token()).await;
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(ada.token()).unwrap().claims;
    assert_eq!(
        told,
        json!({
            "active": true, "token_type": "Bearer", "iss": "http://127.0.0.1:8080",
            "sub": ada.user.id, "aud": "hallpass", "exp": now + 900, "iat": now, "nbf": now,
            "jti": claims["jti"], "client_id": "hallpass", "sid": sid, "username": "ada",
            "roles": ["admin"], "auth_time": now, "amr": ["pwd"],
        })
    );
}

#[tokio::test]
async fn of_a_token_that_nobody_may_use_nothing_is_told() {
    let app = TestApp::start().await;
    let (client, ada) = (Oauth::that_may_all(&app).await, app.signed_in("ada").await);
    let foreign = TestApp::start().await.signed_in("ada").await;
    let tampered = format!("{}x", ada.token());
    let inactive = json!({ "active": false });
    for token in ["nonsense", "a.b.c", foreign.token(), refresh_token(&foreign), &tampered] {
        assert_eq!(client.introspect(&app, token).await, inactive, "{token}");
    }
    assert_eq!(client.introspect(&app, ada.token()).await["active"], true);
    app.with_token("POST", path::LOGOUT, ada.token()).await;
    for token in [ada.token(), refresh_token(&ada)] {
        assert_eq!(client.introspect(&app, token).await, inactive, "signed out");
    }
    let ada = SignedIn::from(&app.login("ada", PASSWORD).await);
    app.clock.advance(Duration::from_secs(900));
    assert_eq!(client.introspect(&app, ada.token()).await, inactive, "expired");
}

#[tokio::test]
async fn a_token_for_setting_up_a_second_factor_is_not_active() {
    let app = TestApp::with_args(&["--require-second-factor", "all"]).await;
    let client = Oauth::that_may_all(&app).await;
    app.register("ada", PASSWORD).await;
    let login: Value = app.login("ada", PASSWORD).await.json();
    assert_eq!(login["setup_required"], true);
    let told = client.introspect(&app, login["access_token"].as_str().unwrap()).await;
    assert_eq!(told, json!({ "active": false }));
}

#[tokio::test]
async fn a_refresh_token_is_active_while_it_is_the_current_one_and_stays_as_it_is() {
    let app = TestApp::start().await;
    let (client, ada) = (Oauth::that_may_all(&app).await, app.signed_in("ada").await);
    for _ in 0..2 {
        let told = client.introspect(&app, refresh_token(&ada)).await;
        assert_eq!(told, json!({ "active": true }));
    }
    let next = SignedIn::from(&app.refresh(&ada.cookie).await);
    assert_eq!(client.introspect(&app, refresh_token(&ada)).await, json!({ "active": false }));
    assert_eq!(client.introspect(&app, refresh_token(&next)).await, json!({ "active": true }));
    // It was neither rotated nor taken for a copy.
    assert_eq!(app.refresh(&next.cookie).await.status, 200);
    app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(client.introspect(&app, refresh_token(&next)).await, json!({ "active": false }));
}

#[tokio::test]
async fn a_revocation_ends_the_session_of_either_token_and_leaves_others() {
    let app = TestApp::start().await;
    let (client, other) = (Oauth::that_may_all(&app).await, app.signed_in("ada").await);
    for by_access_token in [true, false] {
        let ada = SignedIn::from(&app.login("ada", PASSWORD).await);
        let token = if by_access_token { ada.token() } else { refresh_token(&ada) };
        // Whoever got no answer asks again.
        for _ in 0..2 {
            client.revoke(&app, token).await;
            assert_eq!(app.get_with_token(path::VERIFY, ada.token()).await.status, 401);
        }
        assert_eq!(app.refresh(&ada.cookie).await.status, 401);
        assert_eq!(app.get_with_token(path::VERIFY, other.token()).await.status, 200);
    }
    for unknown in ["nonsense", "a.b.c", &"A".repeat(70)] {
        client.revoke(&app, unknown).await;
    }
    let hinted = format!("token={}&token_type_hint=refresh_token", other.token());
    assert_eq!(client.ask(&app, path::REVOKE, &hinted).await.status, 200);
    assert_eq!(app.get_with_token(path::VERIFY, other.token()).await.status, 401);
}

#[tokio::test]
async fn a_client_may_what_it_was_made_for_and_nothing_else() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let reader = Oauth::new(&app, "reader", &[OauthGrant::Introspect]).await;
    let body = format!("token={}", ada.token());
    assert_error(&reader.ask(&app, path::REVOKE, &body).await, 400, "unauthorized_client");
    assert_eq!(app.get_with_token(path::VERIFY, ada.token()).await.status, 200);
    let ender = Oauth::new(&app, "ender", &[OauthGrant::Revoke]).await;
    assert_error(&ender.ask(&app, path::INTROSPECT, &body).await, 400, "unauthorized_client");
    assert_eq!(ender.ask(&app, path::REVOKE, &body).await.status, 200);
}

#[tokio::test]
async fn a_client_authenticates_by_header_or_by_form_and_in_no_other_way() {
    let app = TestApp::start().await;
    let (client, ada) = (Oauth::that_may_all(&app).await, app.signed_in("ada").await);
    let (token, secret) = (ada.token(), &client.secret);
    let right = basic("gateway", secret);
    let in_form = format!("token={token}&client_id=gateway&client_secret={secret}");
    for (authorization, body) in [
        (Some(right.as_str()), format!("token={token}")),
        (Some(&right), format!("token={token}&client_id=gateway")),
        (None, in_form.clone()),
    ] {
        let answer = post(&app, path::INTROSPECT, authorization, &body).await;
        assert_eq!(
            (answer.status, &answer.json::<Value>()["active"]),
            (200.try_into().unwrap(), &json!(true))
        );
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let (wrong, unknown) = (basic("gateway", "wrong"), basic("nobody", secret));
    let bearer = format!("Bearer {token}");
    for (authorization, body) in [
        (None, format!("token={token}")),
        (None, format!("token={token}&client_id=gateway")),
        (None, format!("token={token}&client_id=gateway&client_secret=wrong")),
        (Some(wrong.as_str()), format!("token={token}")),
        (Some(&unknown), format!("token={token}")),
        (Some(&bearer), in_form.clone()),
        (Some(&right), format!("token={token}&client_id=other")),
    ] {
        let answer = post(&app, path::INTROSPECT, authorization, &body).await;
        assert_error(&answer, 401, "invalid_client");
    }
    assert_error(
        &post(&app, path::INTROSPECT, Some(&right), &in_form).await,
        400,
        "invalid_request",
    );
}

#[tokio::test]
async fn a_request_without_one_token_in_a_form_is_refused() {
    let app = TestApp::start().await;
    let client = Oauth::that_may_all(&app).await;
    for path in [path::INTROSPECT, path::REVOKE] {
        for body in ["token", "token=", "x=1", "token=a&token=b"] {
            assert_error(&client.ask(&app, path, body).await, 400, "invalid_request");
        }
        let authorization = basic(client.name, &client.secret);
        let json =
            [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let answer = app.send_body("POST", path, &json, "{}").await;
        assert_eq!((answer.status.as_u16(), answer.problem().kind), (415, kind::BLANK.to_owned()));
        let large = format!("token={}", "a".repeat(40_000));
        assert_eq!(client.ask(&app, path, &large).await.problem().status, 413);
        assert_eq!(app.send("GET", path, &[]).await.header("allow"), "POST");
    }
}

#[tokio::test]
async fn wrong_secrets_are_throttled_by_address_and_a_right_one_is_not() {
    let args = ["--login-throttle", "on", "--trusted-proxy", "127.0.0.1"];
    let app = TestApp::with_args(&args).await;
    let client = Oauth::that_may_all(&app).await;
    let wrong = basic("gateway", "wrong");
    let from = async |address: &str, authorization: &str| {
        let headers = [FORM, ("authorization", authorization), ("x-forwarded-for", address)];
        app.send_body("POST", path::INTROSPECT, &headers, "token=x").await
    };
    for _ in 0..60 {
        assert_error(&from("192.0.2.1", &wrong).await, 401, "invalid_client");
    }
    let refused = from("192.0.2.1", &wrong).await;
    assert_eq!((refused.problem().status, refused.header("retry-after")), (429, "1"));
    assert_eq!(from("192.0.2.2", &wrong).await.status, 401);
    assert_eq!(from("192.0.2.1", &basic("gateway", &client.secret)).await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(from("192.0.2.1", &wrong).await.status, 401);
}

#[tokio::test]
async fn a_client_that_is_deleted_gets_no_answer_any_more() {
    let app = TestApp::start().await;
    let client = Oauth::that_may_all(&app).await;
    client.introspect(&app, "x").await;
    app.state.accounts.delete_oauth_client("gateway".to_owned()).await.unwrap();
    assert_error(&client.ask(&app, path::INTROSPECT, "token=x").await, 401, "invalid_client");
    let again = Oauth::that_may_all(&app).await;
    assert_ne!(again.secret, client.secret);
    assert_error(&client.ask(&app, path::INTROSPECT, "token=x").await, 401, "invalid_client");
}

#[tokio::test]
async fn a_blocked_network_gets_nothing_from_the_oauth_endpoints() {
    let app = TestApp::with_args(&["--trusted-proxy", "127.0.0.1"]).await;
    let (client, admin) = (Oauth::that_may_all(&app).await, app.admin("ada").await);
    let block = json!({ "network": "192.0.2.0/24", "seconds": 600 });
    app.json_with_token("POST", path::ADMIN_BLOCKS, admin.token(), &block).await;
    let authorization = basic(client.name, &client.secret);
    for (address, status) in [("192.0.2.1", 403), ("192.0.3.1", 200)] {
        let headers = [FORM, ("authorization", &authorization), ("x-forwarded-for", address)];
        let answer = app.send_body("POST", path::INTROSPECT, &headers, "token=x").await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn the_metadata_name_the_endpoints_by_the_public_url_or_by_how_they_were_asked() {
    let app = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    let answer = app.send("GET", path::METADATA, &[]).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("cache-control"), "public, max-age=60");
    let metadata: Value = answer.json();
    for (name, value) in [
        ("issuer", json!("https://login.example")),
        ("jwks_uri", json!("https://login.example/.well-known/jwks.json")),
        ("introspection_endpoint", json!("https://login.example/oauth/introspect")),
        ("revocation_endpoint", json!("https://login.example/oauth/revoke")),
        ("response_types_supported", json!([])),
    ] {
        assert_eq!(metadata[name], value);
    }

    let app = TestApp::start().await;
    let answer = app.send("GET", path::METADATA, &[]).await;
    assert_eq!(answer.header("cache-control"), "no-store", "another one may have another name");
    let metadata: Value = answer.json();
    let jwks_uri = metadata["jwks_uri"].as_str().unwrap();
    let path = jwks_uri.strip_prefix(&format!("http://{}", app.address)).unwrap();
    assert_eq!(app.send("GET", path, &[]).await.status, 200);
    let strange = app.send("GET", path::METADATA, &[("host", "a/b")]).await;
    assert_eq!(strange.problem().status, 400);
}

#[tokio::test]
async fn the_metadata_of_an_issuer_with_a_path_are_also_where_that_path_leads() {
    let args = ["--issuer", "https://login.example/tenant/1"];
    let app = TestApp::with_args(&args).await;
    for path in [path::METADATA.to_owned(), format!("{}/tenant/1", path::METADATA)] {
        let metadata: Value = app.send("GET", &path, &[]).await.json();
        assert_eq!(metadata["issuer"], "https://login.example/tenant/1");
        assert_eq!(app.send("POST", &path, &[]).await.header("allow"), "GET, HEAD");
    }
    for path in ["/tenant", "/tenant/1/", "/tenant/2"] {
        let path = format!("{}{path}", path::METADATA);
        assert_eq!(app.send("GET", &path, &[]).await.status, 404, "{path}");
    }
    // OpenID Connect is something else: libraries look there first, and go on.
    assert_eq!(app.send("GET", "/.well-known/openid-configuration", &[]).await.status, 404);
}

#[tokio::test]
async fn password_managers_are_led_to_the_account_page() {
    let app = TestApp::start().await;
    let answer = app.send("GET", path::CHANGE_PASSWORD, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/account"));
    assert_eq!(app.send("GET", answer.header("location"), &[]).await.status, 200);
    let nonsense =
        "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    assert_eq!(app.send("GET", nonsense, &[]).await.status, 404);
}
