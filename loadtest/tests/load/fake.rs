//! A server that speaks the contract as far as the load test uses it, and can be told to be wrong.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hallpass_contract::{Credentials, Login, Problem, User, UserBody, Verified, kind, path};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

type Answer = Response<Full<Bytes>>;

/// What the fake server does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    None,
    /// Every tenth verification names another user.
    WrongSub,
    /// Every tenth verification is a 500.
    InternalError,
    /// Logins after the first ten are refused as too many.
    Overload,
    /// Nobody can register.
    RegistrationClosed,
    /// The first registration has to come back a second later.
    BusyAtFirst,
    /// Access tokens live for two seconds.
    ShortTokens,
}

struct State {
    fault: Fault,
    /// Password and user by name.
    users: Mutex<HashMap<String, (String, User)>>,
    registrations: AtomicU64,
    logins: AtomicU64,
    verifications: AtomicU64,
}

/// A running fake server; it runs as long as the test process.
pub(crate) struct Fake {
    pub(crate) url: String,
    state: Arc<State>,
}

impl Fake {
    pub(crate) fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let state = Arc::new(State {
            fault,
            users: Mutex::default(),
            registrations: AtomicU64::new(0),
            logins: AtomicU64::new(0),
            verifications: AtomicU64::new(0),
        });
        let served = Arc::clone(&state);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(accept(listener, served));
        });
        Self { url: format!("http://{address}"), state }
    }

    /// Waits until the load has begun and come this far.
    pub(crate) fn wait_for_verifications(&self, count: u64) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.state.verifications.load(Ordering::Relaxed) < count {
            assert!(Instant::now() < deadline, "the load did not begin");
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn registered(&self) -> usize {
        self.state.users.lock().unwrap().len()
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&state)));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Answer, hyper::Error> {
    let bearer = request.headers().get(AUTHORIZATION).map(|v| v.to_str().unwrap().to_owned());
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(match (parts.method.as_str(), parts.uri.path()) {
        ("POST", path::REGISTER) => register(&state, &body),
        ("POST", path::LOGIN) => login(&state, &body),
        ("GET", path::VERIFY) => verify(&state, bearer.as_deref()),
        _ => problem(StatusCode::NOT_FOUND, kind::BLANK),
    })
}

fn register(state: &State, body: &[u8]) -> Answer {
    if state.fault == Fault::RegistrationClosed {
        return problem(StatusCode::FORBIDDEN, kind::BLANK);
    }
    let number = state.registrations.fetch_add(1, Ordering::Relaxed);
    if state.fault == Fault::BusyAtFirst && number == 0 {
        return overloaded();
    }
    let Credentials { username, password } = serde_json::from_slice(body).unwrap();
    let mut users = state.users.lock().unwrap();
    let user = User {
        id: format!("id-{username}"),
        username: username.clone(),
        roles: vec![],
        created_at: "2026-01-01T00:00:00Z".into(),
    };
    let taken = users.insert(username, (password.expose().to_owned(), user.clone()));
    assert!(taken.is_none(), "a name was registered twice");
    json(StatusCode::CREATED, &UserBody { user })
}

fn login(state: &State, body: &[u8]) -> Answer {
    let number = state.logins.fetch_add(1, Ordering::Relaxed);
    if state.fault == Fault::Overload && number >= 10 {
        return overloaded();
    }
    let Credentials { username, password } = serde_json::from_slice(body).unwrap();
    match state.users.lock().unwrap().get(&username) {
        Some((right, user)) if right == password.expose() => json(
            StatusCode::OK,
            &Login {
                access_token: username.into(),
                token_type: "Bearer".into(),
                expires_in: if state.fault == Fault::ShortTokens { 2 } else { 900 },
                user: user.clone(),
            },
        ),
        _ => problem(StatusCode::UNAUTHORIZED, kind::INVALID_CREDENTIALS),
    }
}

fn verify(state: &State, bearer: Option<&str>) -> Answer {
    let tenth = state.verifications.fetch_add(1, Ordering::Relaxed) % 10 == 9;
    if state.fault == Fault::InternalError && tenth {
        return problem(StatusCode::INTERNAL_SERVER_ERROR, kind::BLANK);
    }
    let name = bearer.and_then(|bearer| bearer.strip_prefix("Bearer "));
    let users = state.users.lock().unwrap();
    let Some((_, user)) = name.and_then(|name| users.get(name)) else {
        return problem(StatusCode::UNAUTHORIZED, kind::UNAUTHENTICATED);
    };
    let wrong = state.fault == Fault::WrongSub && tenth;
    let verified = Verified {
        sub: if wrong { "id-of-someone-else".into() } else { user.id.clone() },
        username: user.username.clone(),
        roles: vec![],
        sid: "a-session".into(),
        exp: 2_000_000_000,
    };
    json(StatusCode::OK, &verified)
}

fn json(status: StatusCode, body: &impl serde::Serialize) -> Answer {
    let body = Full::new(Bytes::from(serde_json::to_vec(body).unwrap()));
    Response::builder().status(status).body(body).unwrap()
}

fn problem(status: StatusCode, kind: &str) -> Answer {
    let problem = Problem {
        kind: kind.into(),
        title: "a problem".into(),
        status: status.as_u16(),
        detail: "told to".into(),
        errors: vec![],
    };
    json(status, &problem)
}

fn overloaded() -> Answer {
    let mut answer = problem(StatusCode::SERVICE_UNAVAILABLE, kind::OVERLOADED);
    answer.headers_mut().insert(RETRY_AFTER, "1".parse().unwrap());
    answer
}
