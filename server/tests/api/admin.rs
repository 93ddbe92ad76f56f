//! What admins can do, and nobody else.

use std::time::Duration;

use hallpass::serve::Limits;
use hallpass::state::State;
use hallpass_contract::{AdminUserBody, ResetLink, RotatedKey, UserPage, Verified, kind, path};
use serde_json::{Value, json};

use crate::app::{PASSWORD, Response, SignedIn, TestApp, unshared};

const NEW_PASSWORD: &str = "tulip anvil copper midnight";
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn of(path: &str, user: &str) -> String {
    path.replace("{id}", user)
}

async fn patch(app: &TestApp, admin: &SignedIn, user: &str, body: Value) -> Response {
    app.json_with_token("PATCH", &of(path::ADMIN_USER, user), admin.token(), &body).await
}

async fn status(app: &TestApp, signed_in: &SignedIn) -> u16 {
    app.get_with_token(path::VERIFY, signed_in.token()).await.status.as_u16()
}

#[tokio::test]
async fn without_the_role_every_admin_route_is_a_403() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    for (method, path) in [
        ("GET", path::ADMIN_USERS),
        ("PATCH", path::ADMIN_USER),
        ("DELETE", path::ADMIN_USER_SESSIONS),
        ("GET", path::ADMIN_USER_SESSIONS),
        ("DELETE", path::ADMIN_USER_SESSION),
        ("POST", path::ADMIN_USER_UNLOCK),
        ("DELETE", path::ADMIN_SESSIONS),
        ("POST", path::ADMIN_USER_RESET),
        ("DELETE", path::ADMIN_USER_RESET),
        ("GET", path::ADMIN_RESETS),
        ("POST", path::ROTATE_KEYS),
        ("DELETE", path::ADMIN_KEY),
        ("POST", path::ADMIN_REGISTRATION),
        ("GET", path::ADMIN_BLOCKS),
        ("POST", path::ADMIN_BLOCKS),
        ("DELETE", path::ADMIN_BLOCK),
    ] {
        let path = of(path, &ada.user.id);
        let refused = app.json_with_token(method, &path, ada.token(), &json!({})).await;
        assert_eq!(refused.status, 403, "{method} {path}");
        assert_eq!(refused.problem().kind, kind::MISSING_ROLE);
        assert!(refused.header("www-authenticate").contains(r#"error="insufficient_scope""#));
        assert_eq!(app.send(method, &path, &[]).await.status, 401, "{method} {path}");
    }
}

#[tokio::test]
async fn users_are_listed_page_by_page_in_the_order_of_their_registration() {
    let app = TestApp::start().await;
    let admin = app.admin("user0").await;
    for n in 1..5 {
        app.clock.advance(Duration::from_secs(1));
        app.register(&format!("user{n}"), PASSWORD).await;
    }
    let mut names = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let path = format!("{}{query}", path::ADMIN_USERS);
        let page: UserPage = app.get_with_token(&path, admin.token()).await.json();
        assert!(page.users.len() <= 2);
        names.extend(page.users.into_iter().map(|user| user.username));
        let Some(next) = page.next else { break };
        query = format!("?limit=2&after={next}");
    }
    assert_eq!(names, ["user0", "user1", "user2", "user3", "user4"]);

    let all: UserPage = app.get_with_token(path::ADMIN_USERS, admin.token()).await.json();
    assert_eq!((all.users.len(), all.next), (5, None));
    assert_eq!(all.users[0].roles, ["admin"]);
    assert!(!all.users[0].disabled);
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_a_422() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    for (query, field) in
        [("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("after=x", "after")]
    {
        let path = format!("{}?{query}", path::ADMIN_USERS);
        let refused = app.get_with_token(&path, admin.token()).await;
        assert_eq!(refused.status, 422, "{query}");
        assert_eq!(refused.wrong_fields(), [field]);
    }
}

#[tokio::test]
async fn a_change_of_roles_counts_from_the_next_request_on() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    let roles = json!({"roles": ["user", "billing:read", "user"]});
    let response = patch(&app, &admin, &bob.user.id, roles).await;
    assert_eq!(response.status, 200);
    let AdminUserBody { user } = response.json();
    assert_eq!((user.username.as_str(), user.disabled), ("bob", false));
    assert_eq!(user.roles, ["user", "billing:read"]);
    let verified = app.get_with_token(path::VERIFY, bob.token()).await;
    assert_eq!(verified.header("x-auth-roles"), "user,billing:read");
    assert_eq!(verified.json::<Verified>().roles, user.roles);

    patch(&app, &admin, &bob.user.id, json!({"roles": ["admin"]})).await;
    assert_eq!(app.get_with_token(path::ADMIN_USERS, bob.token()).await.status, 200);
    patch(&app, &admin, &bob.user.id, json!({"roles": []})).await;
    assert_eq!(app.get_with_token(path::ADMIN_USERS, bob.token()).await.status, 403);
}

#[tokio::test]
async fn roles_and_flags_of_another_form_are_refused() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let too_many: Vec<String> = (0..33).map(|n| format!("role{n}")).collect();
    for (body, field) in [
        (json!({"roles": ["Admin"]}), "roles"),
        (json!({"roles": [""]}), "roles"),
        (json!({"roles": "admin"}), "roles"),
        (json!({"roles": [7]}), "roles"),
        (json!({"roles": too_many}), "roles"),
        (json!({"disabled": "yes"}), "disabled"),
    ] {
        let refused = patch(&app, &admin, &admin.user.id, body.clone()).await;
        assert_eq!(refused.status, 422, "{body}");
        assert_eq!(refused.wrong_fields(), [field], "{body}");
    }
    let unchanged: AdminUserBody = patch(&app, &admin, &admin.user.id, json!({})).await.json();
    assert_eq!(unchanged.user.roles, ["admin"]);
}

#[tokio::test]
async fn a_misspelt_member_of_a_patch_is_named_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    for (body, fields) in [
        (json!({"role": ["editor"]}), &["role"][..]),
        (json!({"disabled": true, "Roles": ["editor"]}), &["Roles"]),
        (json!({"disable": true, "username": "rob"}), &["disable", "username"]),
        (json!({"disabled": 1, "x": null}), &["disabled", "x"]),
    ] {
        let refused = patch(&app, &admin, &bob.user.id, body.clone()).await;
        assert_eq!(refused.status, 422, "{body}");
        assert_eq!(refused.wrong_fields(), fields, "{body}");
        assert!(refused.problem().detail.contains(fields[fields.len() - 1]), "{body}");
    }
    let many: serde_json::Map<_, _> = (0..1000).map(|n| (n.to_string(), json!(1))).collect();
    let refused = patch(&app, &admin, &bob.user.id, many.into()).await;
    assert_eq!((refused.status.as_u16(), refused.wrong_fields().len()), (422, 10));
    let long = json!({"x".repeat(10_000): 1});
    assert!(patch(&app, &admin, &bob.user.id, long).await.body.len() < 1000);
    assert_eq!(status(&app, &bob).await, 200);
}

#[tokio::test]
async fn nobody_can_remove_the_last_admin() {
    let app = TestApp::start().await;
    let ada = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    for body in [json!({"roles": ["user"]}), json!({"disabled": true})] {
        let refused = patch(&app, &ada, &ada.user.id, body).await;
        assert_eq!(refused.status, 409);
        assert_eq!(refused.problem().kind, kind::LAST_ADMIN);
    }
    assert_eq!(app.with_token("DELETE", path::ME, ada.token()).await.status, 409);
    assert_eq!(status(&app, &ada).await, 200);

    let disabled_admin = json!({"roles": ["admin"], "disabled": true});
    patch(&app, &ada, &bob.user.id, disabled_admin).await;
    let refused = patch(&app, &ada, &ada.user.id, json!({"roles": []})).await;
    assert_eq!(refused.status, 409, "a disabled admin can't stand in");
    patch(&app, &ada, &bob.user.id, json!({"disabled": false})).await;
    assert_eq!(app.with_token("DELETE", path::ME, ada.token()).await.status, 204);
}

#[tokio::test]
async fn a_disabled_users_sessions_end_at_once_and_stay_ended() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    let disabled: AdminUserBody =
        patch(&app, &admin, &bob.user.id, json!({"disabled": true})).await.json();
    assert!(disabled.user.disabled);
    assert_eq!(status(&app, &bob).await, 401);
    assert_eq!(app.refresh(&bob.cookie).await.status, 401);
    assert_eq!(app.login("bob", PASSWORD).await.status, 401);

    patch(&app, &admin, &bob.user.id, json!({"disabled": false})).await;
    assert_eq!(status(&app, &bob).await, 401, "signing in again is up to him");
    assert_eq!(app.login("bob", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_admin_can_end_somebodys_sessions() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let bob = [app.signed_in("bob").await, SignedIn::from(&app.login("bob", PASSWORD).await)];
    let path = of(path::ADMIN_USER_SESSIONS, &bob[0].user.id);
    assert_eq!(app.with_token("DELETE", &path, admin.token()).await.status, 204);
    for session in &bob {
        assert_eq!(status(&app, session).await, 401);
        assert_eq!(app.refresh(&session.cookie).await.status, 401);
    }
    assert_eq!(status(&app, &admin).await, 200);
    assert_eq!(app.login("bob", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn nobodys_id_is_a_404() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    for id in [NOBODY, "nonsense", &admin.user.id.to_uppercase()] {
        for (method, path) in [
            ("PATCH", path::ADMIN_USER),
            ("DELETE", path::ADMIN_USER_SESSIONS),
            ("POST", path::ADMIN_USER_RESET),
            ("DELETE", path::ADMIN_USER_RESET),
        ] {
            let response =
                app.json_with_token(method, &of(path, id), admin.token(), &json!({})).await;
            assert_eq!(response.status, 404, "{method} {id}");
        }
    }
}

async fn reset_link(app: &TestApp, admin: &SignedIn, user: &str) -> ResetLink {
    let response = app.with_token("POST", &of(path::ADMIN_USER_RESET, user), admin.token()).await;
    assert_eq!(response.status, 200);
    response.json()
}

async fn take_up(app: &TestApp, link: &ResetLink, password: &str) -> Response {
    let (_, token) = link.url.split_once('#').unwrap();
    let body = json!({"token": token, "new_password": password});
    app.post_json(path::PASSWORD_RESET, &body).await
}

#[tokio::test]
async fn a_reset_link_sets_a_new_password_once_and_ends_all_sessions() {
    let app = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    let admin = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    let link = reset_link(&app, &admin, &bob.user.id).await;
    assert!(link.url.starts_with("https://login.example/reset-password#"), "{}", link.url);
    assert_eq!(link.expires_at, "2027-01-15T08:30:00Z");

    let weak = take_up(&app, &link, "bobbobbobbobbob").await;
    assert_eq!((weak.status.as_u16(), weak.wrong_fields()), (422, vec!["new_password".to_owned()]));
    assert_eq!(take_up(&app, &link, NEW_PASSWORD).await.status, 204, "the weak one cost nothing");
    assert_eq!(status(&app, &bob).await, 401);
    assert_eq!(app.refresh(&bob.cookie).await.status, 401);
    assert_eq!(app.login("bob", PASSWORD).await.status, 401);
    assert_eq!(app.login("bob", NEW_PASSWORD).await.status, 200);

    let again = take_up(&app, &link, "another four word phrase").await;
    assert_eq!((again.status.as_u16(), again.wrong_fields()), (422, vec!["token".to_owned()]));
    assert_eq!(app.login("bob", NEW_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_reset_link_lasts_thirty_minutes_and_the_newest_one_counts() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    let older = reset_link(&app, &admin, &bob.user.id).await;
    let newer = reset_link(&app, &admin, &bob.user.id).await;
    let here = format!("http://localhost:{}/", app.address.port());
    assert!(newer.url.starts_with(&here), "{}", newer.url);
    assert_eq!(take_up(&app, &older, NEW_PASSWORD).await.status, 422);
    app.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(take_up(&app, &newer, NEW_PASSWORD).await.status, 422);

    let admin = SignedIn::from(&app.login("ada", PASSWORD).await);
    let last = reset_link(&app, &admin, &bob.user.id).await;
    app.clock.advance(Duration::from_secs(30 * 60 - 1));
    assert_eq!(take_up(&app, &last, NEW_PASSWORD).await.status, 204);
}

#[tokio::test]
async fn a_reset_link_never_leads_where_the_host_header_says() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let path = of(path::ADMIN_USER_RESET, &admin.user.id);
    let bearer = format!("Bearer {}", admin.token());
    let headers = [("authorization", bearer.as_str()), ("host", "evil.example")];
    let response = app.send("POST", &path, &headers).await;
    assert_eq!(response.status, 200);
    let link: ResetLink = response.json();
    let here = format!("http://localhost:{}/", app.address.port());
    assert!(link.url.starts_with(&here), "{}", link.url);
}

#[tokio::test]
async fn without_a_public_url_a_server_that_others_can_reach_makes_no_reset_link() {
    let elsewhere = |state: &mut State| unshared(&mut state.site).link_address = None;
    let app = TestApp::with(&[], Limits::default(), elsewhere).await;
    let admin = app.admin("ada").await;
    let response =
        app.with_token("POST", &of(path::ADMIN_USER_RESET, &admin.user.id), admin.token()).await;
    assert_eq!(response.status, 409);
    let detail = response.problem().detail;
    assert!(detail.contains("--public-url") && detail.contains("HALLPASS_PUBLIC_URL"), "{detail}");
}

#[tokio::test]
async fn of_many_who_take_up_a_reset_link_at_once_one_succeeds() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let bob = app.signed_in("bob").await;
    let link = reset_link(&app, &admin, &bob.user.id).await;
    let all = futures_util::future::join_all((0..10).map(|_| take_up(&app, &link, NEW_PASSWORD)));
    let statuses: Vec<_> = all.await.iter().map(|response| response.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 9, "{statuses:?}");
}

async fn kids(app: &TestApp) -> Vec<String> {
    let jwks: Value = app.send("GET", path::JWKS, &[]).await.json();
    let keys = jwks["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_rotation_of_the_keys_is_noticed_by_no_valid_token() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    let before = kids(&app).await;
    app.clock.advance(Duration::from_secs(100));
    let rotated: RotatedKey = app.with_token("POST", path::ROTATE_KEYS, admin.token()).await.json();
    assert_eq!(before[1], rotated.kid, "it was published before, as the next one");
    let after = kids(&app).await;
    assert_eq!(after, [rotated.kid.clone(), after[1].clone(), before[0].clone()]);
    assert!(!before.contains(&after[1]));
    assert_eq!(status(&app, &admin).await, 200);
    let header = jsonwebtoken::decode_header(app.signed_in("bob").await.token()).unwrap();
    assert_eq!(header.kid, Some(rotated.kid.clone()));
    let refreshed = SignedIn::from(&app.refresh(&admin.cookie).await);
    assert_eq!(status(&app, &refreshed).await, 200);

    // The last token of the old key lives 900 s, and the leeway is 60 s at most.
    app.clock.advance(Duration::from_secs(959));
    assert_eq!(kids(&app).await, after);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(kids(&app).await, after[..2]);
}

#[tokio::test]
async fn the_tokens_of_a_revoked_key_are_refused_at_once_and_nobody_is_signed_out() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin("ada").await, app.signed_in("bob").await);
    let before = kids(&app).await;
    let revoke = of(path::ADMIN_KEY, &before[0]);
    let revoked: RotatedKey = app.with_token("DELETE", &revoke, admin.token()).await.json();
    assert_eq!(revoked.kid, before[1]);
    assert_eq!((status(&app, &admin).await, status(&app, &bob).await), (401, 401));
    let published = kids(&app).await;
    assert_eq!((published.len(), &published[0]), (2, &before[1]));
    let [admin, bob] = [&admin, &bob].map(|signed_in| &signed_in.cookie);
    let admin = SignedIn::from(&app.refresh(admin).await);
    let bob = SignedIn::from(&app.refresh(bob).await);
    assert_eq!((status(&app, &admin).await, status(&app, &bob).await), (200, 200));
    let again = app.with_token("DELETE", &revoke, admin.token()).await;
    assert_eq!(again.status, 404);
    let sid = app.sid(bob.token()).await;
    let header = jsonwebtoken::decode_header(bob.token()).unwrap();
    assert_eq!((header.kid, sid.is_empty()), (Some(before[1].clone()), false));
}

#[tokio::test]
async fn the_jwks_can_be_cached_and_holds_no_private_member() {
    for alg in ["EdDSA", "ES256", "RS256", "HS256"] {
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "a secret of 32 bytes, no more...").unwrap();
        let file = secret.path().to_str().unwrap();
        let app = TestApp::with_args(&["--alg", alg, "--hs256-secret-file", file]).await;
        let ada = app.signed_in("ada").await;
        assert_eq!(status(&app, &ada).await, 200, "{alg}");
        let response = app.send("GET", path::JWKS, &[]).await;
        assert_eq!(response.header("cache-control"), "public, max-age=60");
        let jwks: Value = response.json();
        let keys = jwks["keys"].as_array().unwrap();
        assert_eq!(keys.len(), if alg == "HS256" { 0 } else { 2 });
        for key in keys {
            assert_eq!((key["alg"].as_str(), key["use"].as_str()), (Some(alg), Some("sig")));
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert!(key.get(private).is_none(), "{key}");
            }
        }
        let etag = response.header("etag");
        let cached = app.send("GET", path::JWKS, &[("if-none-match", etag)]).await;
        assert_eq!((cached.status.as_u16(), cached.body.len()), (304, 0));
    }
}

#[tokio::test]
async fn under_hs256_the_keys_are_the_operators_to_rotate() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "a secret of 32 bytes, no more...").unwrap();
    let file = secret.path().to_str().unwrap();
    let app = TestApp::with_args(&["--alg", "HS256", "--hs256-secret-file", file]).await;
    let admin = app.admin("ada").await;
    let refused = app.with_token("POST", path::ROTATE_KEYS, admin.token()).await;
    assert_eq!(refused.status, 409);
    assert!(refused.problem().detail.contains("secret"));
}

#[tokio::test]
async fn whoever_loses_their_role_while_their_request_arrives_changes_nothing() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let app = TestApp::start().await;
    let boss = app.admin("boss").await;
    let mallory = app.admin("mallory").await;
    let body = json!({"roles": ["admin"], "disabled": false}).to_string();
    let head = format!(
        "PATCH {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        of(path::ADMIN_USER, &mallory.user.id),
        mallory.token(),
        body.len()
    );
    let mut held = tokio::net::TcpStream::connect(app.address).await.unwrap();
    held.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body, so the head has been let through.
    let mut interim = [0; 12];
    held.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100");

    let demotion = json!({"roles": ["user"]});
    assert_eq!(patch(&app, &boss, &mallory.user.id, demotion).await.status, 200);
    held.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    held.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 403"), "{answer}");
    assert_eq!(app.get_with_token(path::ADMIN_USERS, mallory.token()).await.status, 403);
}

#[tokio::test]
async fn a_reset_link_ends_with_the_role_of_whoever_made_it() {
    let app = TestApp::start().await;
    let boss = app.admin("boss").await;
    let mallory = app.admin("mallory").await;
    let link = reset_link(&app, &mallory, &boss.user.id).await;
    patch(&app, &boss, &mallory.user.id, json!({"roles": ["user"]})).await;
    assert_eq!(take_up(&app, &link, NEW_PASSWORD).await.status, 422);
    assert_eq!(app.login("boss", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn of_two_admins_who_demote_each_other_the_loser_is_told_that_the_role_is_gone() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.admin("ada").await, app.admin("bob").await);
    app.admin("boss").await;
    let demotion = || json!({"roles": ["user"]});
    for round in 0..20 {
        let (by_ada, by_bob) = futures_util::future::join(
            patch(&app, &ada, &bob.user.id, demotion()),
            patch(&app, &bob, &ada.user.id, demotion()),
        )
        .await;
        let statuses = [by_ada.status.as_u16(), by_bob.status.as_u16()];
        let loser = if statuses[0] == 200 { by_bob } else { by_ada };
        assert!(statuses == [200, 403] || statuses == [403, 200], "round {round}: {statuses:?}");
        assert_eq!(loser.problem().kind, kind::MISSING_ROLE);
        for admin in [&ada, &bob] {
            assert_eq!(status(&app, admin).await, 200, "nobody's session has ended");
            app.promote(admin).await;
        }
    }
}
