//! What the fake server answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hallpass_contract::{Login, Problem, REFRESH_COOKIE, User, UserBody, Verified, kind, path};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, COOKIE, HeaderName, RETRY_AFTER, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::factors;
use super::tokens::Refused;
use super::{Fault, State};

pub(super) type Answer = Response<Full<Bytes>>;

const A_WHILE: Duration = Duration::from_millis(2);

/// A public key of `openssl genpkey -algorithm ed25519`.
const PUBLIC_KEY: &str = "bkocvWxijgVE1ycP9-TiTmzZ9ZYz-gdYW5m1UBZLvs8";

pub(super) async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
    is_down: Arc<AtomicBool>,
) -> Result<Answer, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    // As the script of a cluster does it.
    match parts.uri.path() {
        "/node/down" => is_down.store(true, Ordering::Relaxed),
        "/node/up" => is_down.store(false, Ordering::Relaxed),
        _ => {}
    }
    if is_down.load(Ordering::Relaxed) {
        return Ok(come_back(StatusCode::SERVICE_UNAVAILABLE));
    }
    if takes_a_while(&state, parts.uri.path(), &body) {
        tokio::time::sleep(A_WHILE).await;
    }
    match (state.fault, parts.uri.path()) {
        (Fault::HoldsVerify, path::VERIFY) => tokio::time::sleep(Duration::from_secs(2)).await,
        (Fault::SlowRefresh, path::REFRESH) => tokio::time::sleep(Duration::from_millis(200)).await,
        _ => {}
    }
    Ok(match (parts.method.as_str(), parts.uri.path()) {
        ("POST", path::REGISTER | "/register") => register(&state, &body),
        ("POST", path::LOGIN) if state.fault == Fault::OneAtATime => {
            in_turn(&state, || login(&state, &body)).await
        }
        ("POST", path::LOGIN) => login(&state, &body),
        ("POST", path::SECOND_FACTOR) => factors::second_step(&state, &body),
        ("POST", path::TOTP) => factors::begin(&state, &parts),
        ("POST", path::TOTP_CONFIRM) => factors::confirm(&state, &parts, &body),
        ("POST", "/login") => flask_login(&state, &body),
        ("GET", path::VERIFY) => verify(&state, &parts),
        ("GET", "/protected") => flask_protected(&state, &parts),
        ("POST", path::REFRESH) => refresh(&state, &parts),
        ("POST", path::LOGOUT) => sign_out(&state, &parts),
        ("GET", path::JWKS) => {
            let key = json!({"kty": "OKP", "crv": "Ed25519", "x": PUBLIC_KEY});
            json(StatusCode::OK, &json!({"keys": [key]}))
        }
        _ => problem(StatusCode::NOT_FOUND, kind::BLANK),
    })
}

fn takes_a_while(state: &State, path: &str, body: &[u8]) -> bool {
    match (state.fault, path) {
        (Fault::Hashes, path::LOGIN | path::SECOND_FACTOR) | (Fault::SlowVerify, path::VERIFY) => {
            true
        }
        (Fault::HashesForKnown, path::LOGIN) => is_somebody(state, body),
        _ => false,
    }
}

fn register(state: &State, body: &[u8]) -> Answer {
    if state.fault == Fault::RegistrationClosed {
        return problem(StatusCode::FORBIDDEN, kind::BLANK);
    }
    let number = state.registrations.fetch_add(1, Ordering::Relaxed);
    if state.fault == Fault::BusyAtFirst && number == 0 {
        return come_back(StatusCode::SERVICE_UNAVAILABLE);
    }
    let (username, password) = credentials(body);
    let mut users = state.users.lock().unwrap();
    let user = User {
        id: format!("id-{username}"),
        username: username.clone(),
        roles: vec![],
        created_at: "2026-01-01T00:00:00Z".into(),
    };
    let taken = users.insert(username, (password, user.clone()));
    assert!(taken.is_none(), "a name was registered twice");
    json(StatusCode::CREATED, &UserBody { user })
}

fn credentials(body: &[u8]) -> (String, String) {
    let body: Value = serde_json::from_slice(body).unwrap();
    let field = |name: &str| body[name].as_str().unwrap().to_owned();
    (field("username"), field("password"))
}

fn login(state: &State, body: &[u8]) -> Answer {
    if let Some(refusal) = too_many_logins(state) {
        return refusal;
    }
    match known(state, body) {
        Some(user) if needs_code(state, &user) => factors::required(state, &user.username),
        Some(user) => session(state, user, None),
        None if state.fault == Fault::SaysUnknown && !is_somebody(state, body) => {
            problem(StatusCode::UNAUTHORIZED, kind::BLANK)
        }
        None => problem(StatusCode::UNAUTHORIZED, kind::INVALID_CREDENTIALS),
    }
}

fn needs_code(state: &State, user: &User) -> bool {
    state.fault != Fault::PasswordAlone && state.factors.lock().unwrap().are_needed(&user.username)
}

fn is_somebody(state: &State, body: &[u8]) -> bool {
    state.users.lock().unwrap().contains_key(&credentials(body).0)
}

/// What is done when its turn comes.
async fn in_turn(state: &State, work: impl FnOnce() -> Answer) -> Answer {
    if state.waiting.load(Ordering::Relaxed) >= 10 {
        return come_back(StatusCode::SERVICE_UNAVAILABLE);
    }
    state.waiting.fetch_add(1, Ordering::Relaxed);
    let turn = state.counter.lock().await;
    state.waiting.fetch_sub(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(turn);
    work()
}

fn too_many_logins(state: &State) -> Option<Answer> {
    let tenth = state.logins.fetch_add(1, Ordering::Relaxed) >= 10;
    match state.fault {
        Fault::Overload if tenth => Some(come_back(StatusCode::SERVICE_UNAVAILABLE)),
        Fault::Throttled if tenth => Some(come_back(StatusCode::TOO_MANY_REQUESTS)),
        _ => None,
    }
}

fn known(state: &State, body: &[u8]) -> Option<User> {
    let (username, password) = credentials(body);
    let users = state.users.lock().unwrap();
    let (right, user) = users.get(&username)?;
    (*right == password || state.fault == Fault::AnyPassword).then(|| user.clone())
}

pub(super) fn session(state: &State, user: User, session: Option<usize>) -> Answer {
    let life = life(state);
    let (access_token, refresh) = state.tokens.lock().unwrap().make(&user.username, life, session);
    let mut answer = json(
        StatusCode::OK,
        &Login {
            access_token: access_token.into(),
            token_type: "Bearer".into(),
            expires_in: life.as_secs(),
            user,
            setup_required: false,
        },
    );
    let cookie = format!("{REFRESH_COOKIE}={refresh}; HttpOnly; Secure; SameSite=Strict; Path=/");
    answer.headers_mut().insert(SET_COOKIE, cookie.parse().unwrap());
    answer
}

fn life(state: &State) -> Duration {
    match state.fault {
        Fault::ShortTokens | Fault::NoRefresh | Fault::TrustsExpired => Duration::from_secs(2),
        Fault::SlowRefresh => Duration::from_secs(4),
        _ => Duration::from_secs(900),
    }
}

fn refresh(state: &State, parts: &Parts) -> Answer {
    let header = |name: HeaderName| parts.headers.get(name)?.to_str().ok();
    if header(HeaderName::from_static("sec-fetch-site")) != Some("same-origin") {
        return problem(StatusCode::FORBIDDEN, kind::CROSS_SITE);
    }
    let cookie = header(COOKIE).and_then(|c| c.strip_prefix(REFRESH_COOKIE)?.strip_prefix('='));
    let redeemed = cookie.and_then(|token| state.tokens.lock().unwrap().redeem(token));
    let fifth = state.refreshes.fetch_add(1, Ordering::Relaxed) % 5 == 4;
    if state.fault == Fault::CutsRefreshes && fifth {
        return come_back(StatusCode::SERVICE_UNAVAILABLE);
    }
    let user = |name: &str| Some(state.users.lock().unwrap().get(name)?.1.clone());
    match redeemed.and_then(|(name, of)| Some((user(&name)?, of))) {
        Some((user, of)) if state.fault != Fault::NoRefresh => session(state, user, Some(of)),
        _ => problem(StatusCode::UNAUTHORIZED, kind::SESSION_ENDED),
    }
}

fn sign_out(state: &State, parts: &Parts) -> Answer {
    let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).unwrap_or_default();
    match state.tokens.lock().unwrap().sign_out(token) {
        true => Response::builder().status(StatusCode::NO_CONTENT).body(Full::default()).unwrap(),
        false => problem(StatusCode::UNAUTHORIZED, kind::UNAUTHENTICATED),
    }
}

pub(super) fn holder(state: &State, parts: &Parts) -> Result<String, Refused> {
    let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).ok_or(Refused::Invalid)?;
    state.tokens.lock().unwrap().holder(token, state.fault)
}

fn verify(state: &State, parts: &Parts) -> Answer {
    let tenth = state.verifications.fetch_add(1, Ordering::Relaxed) % 10 == 9;
    if state.fault == Fault::InternalError && tenth {
        return problem(StatusCode::INTERNAL_SERVER_ERROR, kind::BLANK);
    }
    let Ok(username) = holder(state, parts) else {
        return problem(StatusCode::UNAUTHORIZED, kind::UNAUTHENTICATED);
    };
    let wrong = state.fault == Fault::WrongSub && tenth;
    let verified = Verified {
        sub: if wrong { "id-of-someone-else".into() } else { format!("id-{username}") },
        username,
        roles: vec![],
        sid: "a-session".into(),
        exp: 2_000_000_000,
    };
    json(StatusCode::OK, &verified)
}

fn flask_login(state: &State, body: &[u8]) -> Answer {
    let Some(user) = known(state, body) else {
        return json(StatusCode::UNAUTHORIZED, &json!({"message": "Invalid credentials"}));
    };
    let (token, _) = state.tokens.lock().unwrap().make(&user.username, life(state), None);
    json(StatusCode::OK, &json!({"access_token": token}))
}

fn flask_protected(state: &State, parts: &Parts) -> Answer {
    let msg = |status, msg: &str| json(status, &json!({"msg": msg}));
    match holder(state, parts) {
        Ok(username) => json(StatusCode::OK, &json!({"logged_in_as": username})),
        Err(Refused::Expired) => msg(StatusCode::UNAUTHORIZED, "Token has expired"),
        Err(Refused::Invalid) => {
            msg(StatusCode::UNPROCESSABLE_ENTITY, "Signature verification failed")
        }
    }
}

pub(super) fn json(status: StatusCode, body: &impl serde::Serialize) -> Answer {
    let body = Full::new(Bytes::from(serde_json::to_vec(body).unwrap()));
    Response::builder().status(status).body(body).unwrap()
}

pub(super) fn problem(status: StatusCode, kind: &str) -> Answer {
    let problem = Problem {
        kind: kind.into(),
        title: "a problem".into(),
        status: status.as_u16(),
        detail: "told to".into(),
        errors: vec![],
        challenge: None,
        methods: vec![],
        options: None,
    };
    json(status, &problem)
}

fn come_back(status: StatusCode) -> Answer {
    let mut answer = problem(status, kind::BLANK);
    answer.headers_mut().insert(RETRY_AFTER, "1".parse().unwrap());
    answer
}
