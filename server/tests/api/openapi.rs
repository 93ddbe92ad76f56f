//! The OpenAPI document against the server that it is about.

use std::cell::RefCell;
use std::collections::BTreeSet;

use hallpass::routes::listed;
use hallpass::store::OauthGrant;
use hallpass_contract::{PasskeyBody, PasskeyOptions, TotpSetup, path};
use serde_json::{Value, json};
use totp_rs::Totp;

use crate::app::{PASSWORD, Response, SignedIn, TestApp};
use crate::device::Device;

const NEW_PASSWORD: &str = "tulip anvil copper midnight";

/// Methods with their paths.
type Operations = BTreeSet<(String, String)>;

/// The document, and which of its operations were seen to succeed.
struct Document {
    json: Value,
    seen: RefCell<Operations>,
}

impl Document {
    async fn of(app: &TestApp) -> Self {
        let json = app.send("GET", path::OPENAPI, &[]).await.json();
        Self { json, seen: RefCell::default() }
    }

    fn operations(&self) -> Operations {
        let paths = self.json["paths"].as_object().unwrap().iter();
        let methods = |(path, item): (&String, &Value)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        };
        paths.flat_map(methods).collect()
    }

    /// The answer is one that the document has, with its headers and its body.
    fn check(&self, method: &str, path: &str, response: &Response) {
        let status = response.status.as_str();
        let what = format!("{method} {path}: {status}");
        let operation = &self.json["paths"][path][method.to_lowercase()];
        let expected = operation["responses"].get(status);
        let expected = expected.unwrap_or_else(|| panic!("{what} is not in the document"));
        for (name, header) in expected["headers"].as_object().into_iter().flatten() {
            let due = header["required"] == true;
            assert!(!due || response.headers.contains_key(name), "{what} lacks {name}");
        }
        match expected["content"].as_object() {
            None => assert!(response.body.is_empty(), "{what} has a body"),
            Some(content) => {
                let media_type = response.header("content-type").split(';').next().unwrap();
                let content = content.get(media_type);
                let content = content.unwrap_or_else(|| panic!("{what} is {media_type}"));
                if media_type.ends_with("json") {
                    self.validate(&content["schema"], &response.json(), &what);
                }
            }
        }
        if response.status.is_success() || response.status.is_redirection() {
            self.seen.borrow_mut().insert((method.to_owned(), path.to_owned()));
        }
    }

    fn validate(&self, schema: &Value, body: &Value, what: &str) {
        let mut schema = schema.clone();
        schema["components"] = self.json["components"].clone();
        let validator = jsonschema::draft202012::options().should_validate_formats(true);
        let validator = validator.build(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(body).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{what}: {errors:?} in {body}");
    }
}

#[tokio::test]
async fn the_document_has_the_route_table_and_nothing_else() {
    let app = TestApp::start().await;
    // A path that answers every method is described as `GET`, and what is below it not at all.
    let described = listed().into_iter().filter(|it| !it.path.ends_with('*'));
    let routes: Operations =
        described.map(|it| (it.method.replace("ANY", "GET"), it.path.to_owned())).collect();
    assert_eq!(Document::of(&app).await.operations(), routes);
}

#[tokio::test]
async fn every_operation_answers_as_the_document_says() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    public(&app, &document).await;
    own(&app, &document).await;
    admin(&app, &document).await;
    incidents(&app, &document).await;
    oauth(&app, &document).await;
    factors(&app, &document).await;
    guard(&document).await;
    ends(&app, &document).await;
    assert_eq!(*document.seen.borrow(), document.operations());
}

async fn public(app: &TestApp, document: &Document) {
    for path in [
        path::CONFIG,
        path::JWKS,
        path::METADATA,
        path::CHANGE_PASSWORD,
        path::OPENAPI,
        path::DOCS,
        path::DOCS_STYLE,
        path::HEALTHZ,
        path::READYZ,
    ] {
        document.check("GET", path, &app.send("GET", path, &[]).await);
    }
    for password in [PASSWORD, PASSWORD, "short"] {
        document.check("POST", path::REGISTER, &app.register("ada", password).await);
    }
    for body in ["{", "[]", "{}"] {
        let json = [("content-type", "application/json")];
        let answer = app.send_body("POST", path::LOGIN, &json, body).await;
        document.check("POST", path::LOGIN, &answer);
    }
    document.check("POST", path::LOGIN, &app.send_body("POST", path::LOGIN, &[], "x").await);
    document.check("POST", path::LOGIN, &app.login("ada", "wrong").await);
    document.check("POST", path::LOGIN, &app.login("ada", PASSWORD).await);
}

async fn own(app: &TestApp, document: &Document) {
    let ada = SignedIn::from(&app.login("ada", PASSWORD).await);
    for path in [path::VERIFY, path::PROTECTED, path::ME, path::SESSIONS] {
        for token in [ada.token(), "no.such.token"] {
            document.check("GET", path, &app.get_with_token(path, token).await);
        }
    }
    document.check("POST", path::REFRESH, &app.refresh(&ada.cookie).await);
    let foreign = [("cookie", ada.cookie.as_str()), ("sec-fetch-site", "cross-site")];
    document.check("POST", path::REFRESH, &app.send("POST", path::REFRESH, &foreign).await);
    for (path, body) in [
        (path::REAUTHENTICATE, json!({ "password": PASSWORD })),
        (path::REAUTHENTICATE, json!({ "password": "wrong" })),
        (path::PASSWORD, json!({ "current_password": "wrong", "new_password": NEW_PASSWORD })),
        (path::PASSWORD, json!({ "current_password": PASSWORD, "new_password": PASSWORD })),
    ] {
        let answer = app.json_with_token("POST", path, ada.token(), &body).await;
        document.check("POST", path, &answer);
    }
}

/// Second factors of somebody, set up, used, and taken away by themselves and by an admin.
async fn factors(app: &TestApp, document: &Document) {
    let (admin, eve) = (app.admin("warden").await, app.signed_in("fay").await);
    let of_eve = async |method: &str, path: &'static str, body: Option<Value>| {
        let answer = match body {
            Some(body) => app.json_with_token(method, path, eve.token(), &body).await,
            None => app.with_token(method, path, eve.token()).await,
        };
        document.check(method, path, &answer);
        answer
    };
    of_eve("POST", path::RECOVERY_CODES, None).await;
    let setup = of_eve("POST", path::TOTP, None).await.json::<TotpSetup>();
    let totp = Totp::from_url(setup.uri.expose()).unwrap();
    let code = || totp.generate(app.clock.now().as_second().unsigned_abs()).to_string();
    for code in ["000000".to_owned(), code()] {
        of_eve("POST", path::TOTP_CONFIRM, Some(json!({ "code": code }))).await;
    }
    of_eve("GET", path::FACTORS, None).await;
    of_eve("POST", path::RECOVERY_CODES, None).await;
    of_eve("POST", path::REAUTHENTICATE, Some(json!({ "password": PASSWORD }))).await;
    app.clock.advance(std::time::Duration::from_secs(30));
    let asked = app.login("fay", PASSWORD).await;
    document.check("POST", path::LOGIN, &asked);
    let challenge = asked.problem().challenge.unwrap();
    for code in [json!(7), json!("000000"), json!(code()), json!(code())] {
        let answer = json!({ "challenge": challenge.expose(), "totp": code });
        let answer = app.post_json(path::SECOND_FACTOR, &answer).await;
        document.check("POST", path::SECOND_FACTOR, &answer);
    }
    of_eve("DELETE", path::TOTP, None).await;
    of_eve("DELETE", path::TOTP, None).await;
    passkeys(app, document, &eve).await;
    for id in [&eve.user.id, "nobody"] {
        let path = path::ADMIN_USER_FACTORS.replace("{id}", id);
        let answer = app.with_token("DELETE", &path, admin.token()).await;
        document.check("DELETE", path::ADMIN_USER_FACTORS, &answer);
    }
}

/// A passkey of somebody, from its making to its end.
async fn passkeys(app: &TestApp, document: &Document, eve: &SignedIn) {
    let call = async |method: &str, path: &'static str, id: &str, body: Value| {
        let at = path.replace("{id}", id);
        let answer = app.json_with_token(method, &at, eve.token(), &body).await;
        document.check(method, path, &answer);
        answer
    };
    let mut device = Device::new();
    let mut id = "nobody".to_owned();
    for is_right in [false, true] {
        let asked = call("POST", path::PASSKEY_OPTIONS, "", json!({})).await;
        let asked: PasskeyOptions = asked.json();
        let credential = device.make(&asked.options).await.unwrap();
        let credential = if is_right { credential } else { json!({}) };
        let new = json!({ "challenge": asked.challenge, "name": "Key", "credential": credential });
        let made = call("POST", path::PASSKEYS, "", new).await;
        if is_right {
            id = made.json::<PasskeyBody>().passkey.id;
        }
    }
    call("GET", path::FACTORS, "", json!({})).await;
    for (id, name) in [(id.as_str(), "Desk"), (&id, ""), ("nobody", "Desk")] {
        call("PATCH", path::PASSKEY, id, json!({ "name": name })).await;
    }
    for (path, field) in [(path::PASSKEY_LOGIN, "credential"), (path::REAUTHENTICATE, "passkey")] {
        let asked = call("POST", path::PASSKEY_LOGIN_OPTIONS, "", json!({ "username": "fay" }));
        let asked: PasskeyOptions = asked.await.json();
        let signed = device.sign(&asked.options).await.unwrap();
        for _ in 0..2 {
            call("POST", path, "", json!({ "challenge": asked.challenge, field: signed })).await;
        }
    }
    document.check("POST", path::LOGIN, &app.login("fay", PASSWORD).await);
    for id in [id.as_str(), "nobody"] {
        call("DELETE", path::PASSKEY, id, json!({})).await;
    }
}

async fn admin(app: &TestApp, document: &Document) {
    let admin = app.admin("boss").await;
    let bob = app.signed_in("bob").await;
    for (query, token) in [
        ("", admin.token()),
        ("?limit=1", admin.token()),
        ("?limit=0", admin.token()),
        ("", bob.token()),
    ] {
        let answer = app.get_with_token(&format!("{}{query}", path::ADMIN_USERS), token).await;
        document.check("GET", path::ADMIN_USERS, &answer);
    }
    let patch = json!({ "roles": ["user", "a:b"], "disabled": false });
    let last = json!({ "disabled": true });
    for (id, patch) in [(&bob.user.id, &patch), (&admin.user.id, &last), (&"7".to_owned(), &last)] {
        let path = path::ADMIN_USER.replace("{id}", id);
        let answer = app.json_with_token("PATCH", &path, admin.token(), patch).await;
        document.check("PATCH", path::ADMIN_USER, &answer);
    }
    let path = path::ADMIN_USER_RESET.replace("{id}", &bob.user.id);
    let link = app.with_token("POST", &path, admin.token()).await;
    document.check("POST", path::ADMIN_USER_RESET, &link);
    let resets = app.get_with_token(path::ADMIN_RESETS, admin.token()).await;
    assert!(String::from_utf8_lossy(&resets.body).contains("bob"));
    document.check("GET", path::ADMIN_RESETS, &resets);
    for _ in ["is there", "is gone"] {
        let answer = app.with_token("DELETE", &path, admin.token()).await;
        document.check("DELETE", path::ADMIN_USER_RESET, &answer);
    }
    let link = app.with_token("POST", &path, admin.token()).await;
    let link = link.json::<hallpass_contract::ResetLink>().url;
    let reset = json!({ "token": link.split_once('#').unwrap().1, "new_password": NEW_PASSWORD });
    for _ in ["works once", "is used up"] {
        let answer = app.post_json(path::PASSWORD_RESET, &reset).await;
        document.check("POST", path::PASSWORD_RESET, &answer);
    }
    for id in [&bob.user.id, "nobody"] {
        let path = path::ADMIN_USER_SESSIONS.replace("{id}", id);
        let answer = app.with_token("DELETE", &path, admin.token()).await;
        document.check("DELETE", path::ADMIN_USER_SESSIONS, &answer);
    }
    let rotated = app.with_token("POST", path::ROTATE_KEYS, admin.token()).await;
    document.check("POST", path::ROTATE_KEYS, &rotated);
    document.check("DELETE", path::ME, &app.with_token("DELETE", path::ME, admin.token()).await);
    app.clock.advance(std::time::Duration::from_secs(600));
    document.check("DELETE", path::ME, &app.with_token("DELETE", path::ME, admin.token()).await);
}

/// What admins do on a bad day. It ends with the sessions of everybody.
async fn incidents(app: &TestApp, document: &Document) {
    let admin = app.admin("chief").await;
    let carl = app.signed_in("carl").await;
    let session = app.sid(carl.token()).await;
    let check = async |method: &str, path: &str, id: &str| {
        let called = path.replace("{id}", id).replace("{session}", &session);
        document.check(method, path, &app.with_token(method, &called, admin.token()).await);
    };
    for (method, path) in [
        ("GET", path::ADMIN_USER_SESSIONS),
        ("POST", path::ADMIN_USER_UNLOCK),
        ("DELETE", path::ADMIN_USER_SESSION),
    ] {
        check(method, path, "nobody").await;
        check(method, path, &carl.user.id).await;
    }
    for registration in ["closed", "ajar", "open"] {
        let body = json!({ "registration": registration });
        let path = path::ADMIN_REGISTRATION;
        let answer = app.json_with_token("POST", path, admin.token(), &body).await;
        document.check("POST", path, &answer);
    }
    for network in ["192.0.2.0/24", "127.0.0.0/8", "nonsense"] {
        let body = json!({ "network": network, "seconds": 60 });
        let path = path::ADMIN_BLOCKS;
        let answer = app.json_with_token("POST", path, admin.token(), &body).await;
        document.check("POST", path, &answer);
    }
    let blocks = app.get_with_token(path::ADMIN_BLOCKS, admin.token()).await;
    document.check("GET", path::ADMIN_BLOCKS, &blocks);
    for query in ["", "?limit=0", "?event=login&limit=2", "?event=nonsense"] {
        let path = format!("{}{query}", path::ADMIN_AUDIT);
        let answer = app.get_with_token(&path, admin.token()).await;
        document.check("GET", path::ADMIN_AUDIT, &answer);
    }
    let block = blocks.json::<hallpass_contract::BlockList>().blocks[0].id.clone();
    check("DELETE", path::ADMIN_BLOCK, &block).await;
    check("DELETE", path::ADMIN_BLOCK, &block).await;
    let kid = jsonwebtoken::decode_header(admin.token()).unwrap().kid.unwrap();
    check("DELETE", path::ADMIN_KEY, "nonsense").await;
    check("DELETE", path::ADMIN_KEY, &kid).await;
    let admin = SignedIn::from(&app.login("chief", PASSWORD).await);
    for _ in ["all", "none are left"] {
        let answer = app.with_token("DELETE", path::ADMIN_SESSIONS, admin.token()).await;
        document.check("DELETE", path::ADMIN_SESSIONS, &answer);
    }
}

/// A page of a guarded site, from the first look to the last.
async fn guard(document: &Document) {
    let site = "http://localhost";
    let app = TestApp::with_args(&["--public-url", site, "--guard-origin", site]).await;
    document.check("GET", path::GUARD, &TestApp::start().await.send("GET", path::GUARD, &[]).await);
    let gus = app.signed_in("gus").await;
    let ask = async |path: &'static str, query: &str, headers: &[(&str, &str)]| {
        let answer = app.send("GET", &format!("{path}{query}"), headers).await;
        document.check("GET", path, &answer);
        answer
    };
    let (host, method) = (("x-forwarded-host", "localhost"), ("x-forwarded-method", "GET"));
    for path in [path::GUARD, path::GUARD_REDIRECT] {
        ask(path, "", &[]).await;
    }
    let sent = ask(path::GUARD_REDIRECT, "", &[host, method, ("x-forwarded-uri", "/")]).await;
    let asked_by = sent.header("location").rsplit_once("%3D").unwrap().1;
    let asked = sent.header("set-cookie").split(';').next().unwrap();
    let own = [("cookie", gus.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let query = |site| format!("?to={site}&asked_by={asked_by}");
    for site in ["http://elsewhere/", "http://localhost/"] {
        ask(path::GUARD_CODE, &query(site), &own).await;
    }
    ask(path::GUARD_CODE, "", &own).await;
    let sent = ask(path::GUARD_CODE, &query("http://localhost/"), &own).await;
    let page = sent.header("location").strip_prefix("http://localhost").unwrap();
    let page = ("x-forwarded-uri", page);
    let with = [host, method, page, ("cookie", asked)];
    let opened = ask(path::GUARD_REDIRECT, "", &with).await;
    ask(path::GUARD_REDIRECT, "", &with[..3]).await;
    let cookie = opened.header("set-cookie").split(';').next().unwrap();
    for path in [path::GUARD, path::GUARD_REDIRECT] {
        let page = ("x-forwarded-uri", "/");
        assert_eq!(ask(path, "", &[host, method, page, ("cookie", cookie)]).await.status, 200);
    }
}

/// What OAuth clients ask.
async fn oauth(app: &TestApp, document: &Document) {
    let ada = app.signed_in("olga").await;
    let may = vec![OauthGrant::Introspect, OauthGrant::Revoke];
    let new = app.state.accounts.add_oauth_client("billing".to_owned(), may).await.unwrap();
    let body = format!("client_id=billing&client_secret={}", new.secret.expose());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for path in [path::INTROSPECT, path::REVOKE] {
        for body in [
            format!("{body}&token={}", ada.token()),
            format!("{body}&token=nonsense"),
            body.clone(),
            "token=x".to_owned(),
            "a".repeat(40_000),
        ] {
            document.check("POST", path, &app.send_body("POST", path, &form, body).await);
        }
    }
}

/// What ends the caller's own session.
async fn ends(app: &TestApp, document: &Document) {
    let (one, two) =
        (app.signed_in("eve").await, SignedIn::from(&app.login("eve", PASSWORD).await));
    let verified: hallpass_contract::Verified =
        app.get_with_token(path::VERIFY, one.token()).await.json();
    let path = path::SESSION.replace("{id}", &verified.sid);
    for _ in ["is open", "has ended"] {
        let answer = app.with_token("DELETE", &path, two.token()).await;
        document.check("DELETE", path::SESSION, &answer);
    }
    for (method, path) in
        [("DELETE", path::SESSIONS), ("POST", path::LOGOUT), ("POST", path::LOGOUT)]
    {
        document.check(method, path, &app.with_token(method, path, two.token()).await);
    }
    let again = SignedIn::from(&app.login("eve", PASSWORD).await);
    document.check("DELETE", path::ME, &app.with_token("DELETE", path::ME, again.token()).await);
}

#[tokio::test]
async fn every_example_fits_its_schema() {
    for least in ["15", "256"] {
        let app = TestApp::with_args(&["--password-min", least]).await;
        let document = Document::of(&app).await;
        let mut examples = Vec::new();
        collect(&document.json, &mut examples);
        // Bodies, headers of answers, fields.
        assert!(examples.len() > 100, "{}", examples.len());
        for (schema, example) in examples {
            document.validate(schema, example, "an example");
        }
        let registration = &document.json["paths"][path::REGISTER]["post"]["requestBody"];
        let example = &registration["content"]["application/json"]["example"];
        assert_eq!(app.post_json(path::REGISTER, example).await.status, 201);
        assert_eq!(app.post_json(path::LOGIN, example).await.status, 200);
    }
}

/// The examples in a part of the document, each with its schema: those of a media type, a header or
/// a parameter stand beside it, those of a schema in it.
fn collect<'a>(part: &'a Value, examples: &mut Vec<(&'a Value, &'a Value)>) {
    if let Some(of_schema) = part["examples"].as_array() {
        examples.extend(of_schema.iter().map(|example| (part, example)));
    }
    if part["schema"].is_object() {
        examples.extend(part.get("example").map(|example| (&part["schema"], example)));
        let named = part["examples"].as_object().into_iter().flatten();
        examples.extend(named.map(|(_, example)| (&part["schema"], &example["value"])));
    }
    let parts = part.as_object().into_iter().flat_map(|fields| fields.values());
    parts.chain(part.as_array().into_iter().flatten()).for_each(|part| collect(part, examples));
}

#[tokio::test]
async fn each_operation_says_which_credentials_it_needs_or_that_it_needs_none() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    let security = |method: &str, path: &str| {
        document.json["paths"][path][method.to_lowercase()]["security"].clone()
    };
    for (method, path) in document.operations() {
        assert!(security(&method, &path).is_array(), "{method} {path}");
    }
    for (method, path) in [
        ("GET", path::CONFIG),
        ("GET", path::JWKS),
        ("POST", path::LOGIN),
        ("POST", path::REGISTER),
        ("POST", path::PASSWORD_RESET),
        ("GET", path::HEALTHZ),
    ] {
        assert_eq!(security(method, path), json!([]), "{method} {path}");
    }
    assert_eq!(security("GET", path::VERIFY), json!([{ "accessToken": [] }]));
}

#[tokio::test]
async fn the_document_says_what_the_operator_has_set() {
    let args = ["--password-min", "20", "--public-url", "https://login.example"];
    let document = Document::of(&TestApp::with_args(&args).await).await.json;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "https://login.example");
    let password = &document["components"]["schemas"]["Registration"]["properties"]["password"];
    assert_eq!(password["minLength"], 20);
}

#[tokio::test]
async fn the_document_has_a_tag_and_is_not_stored() {
    let app = TestApp::start().await;
    let first = app.send("GET", path::OPENAPI, &[]).await;
    let again = app.send("GET", path::OPENAPI, &[("if-none-match", first.header("etag"))]).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 304));
    for answer in [first, again] {
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn the_page_has_every_operation_and_keeps_to_the_policy() {
    let app = TestApp::start().await;
    let page = app.send("GET", path::DOCS, &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = app.send("GET", "/", &[]).await.header("content-security-policy").to_owned();
    assert!(!policy.is_empty());
    assert_eq!(page.header("content-security-policy"), policy);
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    // Nothing that the policy would stop.
    for inline in ["<script", "<style", "style=", " on", "http-equiv"] {
        let of_tag = html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap());
        assert!(!of_tag.map(|tag| format!("<{tag}")).any(|tag| tag.contains(inline)), "{inline}");
    }
    for (method, path) in Document::of(&app).await.operations() {
        assert!(html.contains(&format!("{method}</span> <code>{path}</code>")), "{method} {path}");
    }
    let ids: BTreeSet<&str> = html.split(" id=\"").skip(1).map(up_to_quote).collect();
    for target in html.split("href=\"#").skip(1).map(up_to_quote) {
        assert!(ids.contains(target), "nothing has the id {target}");
    }
    let style = app.send("GET", path::DOCS_STYLE, &[]).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
}

fn up_to_quote(text: &str) -> &str {
    text.split('"').next().unwrap()
}
