//! `axum-jwt USERS`: what most people would write in Rust for `GET /api/verify`: axum, and
//! jsonwebtoken with HS256.
//!
//! It does Hallpass's work and sends Hallpass's bytes: takes the bearer token, checks its
//! signature, `exp`, `nbf`, `iss` and `aud`, asks whether its session is revoked and who its user
//! is, and answers with the same headers and JSON. In its favour: users are in memory, nothing is
//! logged, and no connection ever times out.
//!
//! The file has a line of JSON for each user, as `/api/verify` answers. The secret comes from
//! `HALLPASS_HS256_SECRET`, as Hallpass's does.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use hallpass_contract::{LISTENING_ON, Verified, path};
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, REFERRER_POLICY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderName, StatusCode};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use tokio::net::TcpListener;
use uuid::Uuid;

/// Hallpass's defaults.
const ISSUER: &str = "http://127.0.0.1:8080";
const AUDIENCE: &str = "hallpass";

/// What is needed of a token's claims; `Validation` looks at the others.
#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    sid: Uuid,
    exp: u64,
}

struct User {
    username: String,
    roles: Vec<String>,
}

struct Service {
    key: DecodingKey,
    validation: Validation,
    users: RwLock<HashMap<Uuid, User>>,
    revoked: RwLock<HashSet<Uuid>>,
    requests: AtomicU64,
}

// As many workers as cores: one, where it is measured.
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::env::args_os().nth(1).context("usage: axum-jwt USERS")?;
    let secret = std::env::var("HALLPASS_HS256_SECRET").context("HALLPASS_HS256_SECRET")?;
    let lines = std::fs::read_to_string(file).context("can't read the users")?;
    let service = Arc::new(Service::new(&secret, &lines)?);
    let routes = Router::new().route(path::VERIFY, get(verify)).with_state(service);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{LISTENING_ON}http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, routes).await?;
    Ok(())
}

impl Service {
    fn new(secret: &str, users: &str) -> anyhow::Result<Self> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        let users = users.lines().map(|line| {
            let Verified { sub, username, roles, .. } = serde_json::from_str(line)?;
            Ok((sub.parse()?, User { username, roles }))
        });
        Ok(Self {
            key: DecodingKey::from_secret(secret.as_bytes()),
            validation,
            users: RwLock::new(users.collect::<anyhow::Result<_>>()?),
            // Somebody else's sessions, so that there is something to look through.
            revoked: RwLock::new((0..1000).map(Uuid::from_u128).collect()),
            requests: AtomicU64::new(1),
        })
    }
}

impl FromRequestParts<Arc<Service>> for Claims {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Response> {
        let value = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = value.and_then(|value| value.split_once(' ')).ok_or_else(refusal)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(refusal());
        }
        let token = decode::<Self>(token, &service.key, &service.validation);
        token.map(|token| token.claims).map_err(|_| refusal())
    }
}

async fn verify(State(service): State<Arc<Service>>, claims: Claims) -> Response {
    let revoked = service.revoked.read().unwrap_or_else(PoisonError::into_inner);
    if revoked.contains(&claims.sid) {
        return refusal();
    }
    let users = service.users.read().unwrap_or_else(PoisonError::into_inner);
    let Some(user) = users.get(&claims.sub) else { return refusal() };
    let request = service.requests.fetch_add(1, Ordering::Relaxed);
    let sub = claims.sub.to_string();
    let headers = [
        (HeaderName::from_static("x-auth-subject"), sub.clone()),
        (HeaderName::from_static("x-auth-username"), user.username.clone()),
        (HeaderName::from_static("x-auth-roles"), user.roles.join(",")),
        (HeaderName::from_static("x-request-id"), format!("{:08x}-{request:08x}", 0)),
    ];
    let fixed = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let (username, roles) = (user.username.clone(), user.roles.clone());
    let sid = claims.sid.to_string();
    let body = Json(Verified { sub, username, roles, sid, exp: claims.exp });
    (headers, fixed, body).into_response()
}

fn refusal() -> Response {
    let headers = [(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
    (StatusCode::UNAUTHORIZED, headers).into_response()
}
