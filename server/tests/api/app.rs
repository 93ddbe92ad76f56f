//! The server under test.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use hallpass::assets::Assets;
use hallpass::clock::Clock;
use hallpass::config::{CertificateSource, Config};
use hallpass::keys::KeyRing;
use hallpass::metrics::Metrics;
use hallpass::middleware::Service;
use hallpass::routes::routes;
use hallpass::serve::{Limits, Listener, serve};
use hallpass::state::{App, State};
use hallpass::store::{RedbStore, UserEdit, UserId};
use hallpass::tls::{self, Certificate};
use hallpass_contract::{Credentials, Login, Problem, Verified, kind, path};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::audit;

/// A password that the policy accepts.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The server on a port of its own, with a store in memory, a clock that stands still and hashes
/// that cost nothing. It stops when this is dropped.
pub(crate) struct TestApp {
    pub address: SocketAddr,
    pub clock: Clock,
    pub state: App,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

/// A part of a server that nobody shares yet.
pub(crate) fn unshared<T>(part: &mut Arc<T>) -> &mut T {
    Arc::get_mut(part).unwrap()
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with_args(&[]).await
    }

    /// With further arguments of `hallpass serve`.
    pub(crate) async fn with_args(args: &[&str]) -> Self {
        Self::with(args, Limits::default(), |_| {}).await
    }

    /// With these limits of connections.
    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::with(&[], limits, |_| {}).await
    }

    /// With whatever a test wants otherwise than by default.
    pub(crate) async fn with(
        args: &[&str],
        limits: Limits,
        adjust: impl FnOnce(&mut State),
    ) -> Self {
        audit::listen();
        let mut args = [&["--pbkdf2-iterations", "10"], args].concat();
        if !args.contains(&"--login-throttle") {
            args.extend(["--login-throttle", "off"]);
        }
        let config = Config::without_environment(&args).unwrap();
        let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
        let metrics = Metrics::default();
        let store = Arc::new(RedbStore::in_memory_counted(metrics.store.clone()).unwrap());
        let settings = config.keys.settings(None, config.access_ttl).unwrap();
        let keys = Arc::new(KeyRing::in_memory_with(settings, clock.now()).unwrap());
        let time = clock.clone();
        let state = State::new(&config, metrics, store, keys, time, assets()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = match config.tls.source().unwrap() {
            Some(CertificateSource::Files(files)) => {
                Some(tls::acceptor(Arc::new(Certificate::read(files).unwrap())).unwrap())
            }
            _ => None,
        };
        let listener = Listener::from(listener).with_tls(acceptor);
        let mut state = state.listening_on(&[Some(address)]);
        adjust(&mut state);
        let (stop, stopped) = oneshot::channel();
        let state = Arc::new(state);
        let service = Service::new(routes(&state), Arc::clone(&state));
        let server = tokio::spawn(serve(vec![listener], service, limits, async {
            // Also when the test has panicked and dropped its end.
            let _ = stopped.await;
        }));
        // Other packages of the workspace may have switched on the client's own decoding.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .no_gzip()
            .no_brotli()
            .no_deflate();
        let client = client.no_zstd().build().unwrap();
        Self { address, clock, state, client, stop: Some(stop), server }
    }

    /// Signals the server to shut down; the handle is done when it has.
    pub(crate) fn shut_down(mut self) -> JoinHandle<()> {
        self.stop.take().unwrap().send(()).unwrap();
        self.server
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        self.send_body(method, path, headers, "").await
    }

    pub(crate) async fn send_body(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let url = format!("http://{}{path}", self.address);
        let method = method.parse().unwrap();
        let mut request = self.client.request(method, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Response { status, headers, body: response.bytes().await.unwrap() }
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Response {
        let headers = [("content-type", "application/json")];
        self.send_body("POST", path, &headers, body.to_string()).await
    }

    pub(crate) async fn get_with_token(&self, path: &str, token: &str) -> Response {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    pub(crate) async fn with_token(&self, method: &str, path: &str, token: &str) -> Response {
        self.send(method, path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    pub(crate) async fn json_with_token(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &Value,
    ) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send_body(method, path, &headers, body.to_string()).await
    }

    /// A `POST` of our own page, with the refresh cookie.
    pub(crate) async fn with_cookie(
        &self,
        path: &str,
        cookie: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let own = [("cookie", cookie), ("sec-fetch-site", "same-origin")];
        self.send("POST", path, &[&own, headers].concat()).await
    }

    pub(crate) async fn refresh(&self, cookie: &str) -> Response {
        self.with_cookie(path::REFRESH, cookie, &[]).await
    }

    pub(crate) async fn register(&self, username: &str, password: &str) -> Response {
        self.post_json(path::REGISTER, &credentials(username, password)).await
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Response {
        self.post_json(path::LOGIN, &credentials(username, password)).await
    }

    /// Registers and signs in.
    pub(crate) async fn signed_in(&self, username: &str) -> SignedIn {
        assert_eq!(self.register(username, PASSWORD).await.status, 201);
        SignedIn::from(&self.login(username, PASSWORD).await)
    }

    /// Registers, makes an admin and signs in.
    pub(crate) async fn admin(&self, username: &str) -> SignedIn {
        let signed_in = self.signed_in(username).await;
        self.promote(&signed_in).await;
        signed_in
    }

    /// The session of an access token.
    pub(crate) async fn sid(&self, token: &str) -> String {
        self.get_with_token(path::VERIFY, token).await.json::<Verified>().sid
    }

    /// Makes somebody an admin, as the command line does.
    pub(crate) async fn promote(&self, signed_in: &SignedIn) {
        let id = UserId::parse(&signed_in.login.user.id).unwrap();
        let edit = UserEdit { roles: Some(vec!["admin".to_owned()]), disabled: None };
        self.state
            .accounts
            .store
            .edit_user(id, edit, None, self.state.accounts.moment())
            .await
            .unwrap();
    }
}

/// What a login or a refresh handed out.
pub(crate) struct SignedIn {
    pub login: Login,
    /// As a `Cookie` header has it.
    pub cookie: String,
}

impl SignedIn {
    pub(crate) fn from(response: &Response) -> Self {
        let login = response.json();
        let (cookie, _) = response.header("set-cookie").split_once(';').expect("a cookie");
        Self { login, cookie: cookie.to_owned() }
    }

    pub(crate) fn token(&self) -> &str {
        self.login.access_token.expose()
    }
}

impl std::ops::Deref for SignedIn {
    type Target = Login;

    fn deref(&self) -> &Login {
        &self.login
    }
}

fn credentials(username: &str, password: &str) -> Value {
    json!(Credentials { username: username.to_owned(), password: password.into() })
}

impl Response {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        let body = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem document, after what must hold for each of them.
    pub(crate) fn problem(&self) -> Problem {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: Problem = self.json();
        assert_eq!(problem.status, self.status.as_u16());
        for text in [&problem.kind, &problem.title, &problem.detail] {
            assert!(!text.is_empty(), "{problem:?}");
        }
        let challenge = self.headers.contains_key("www-authenticate");
        let due = self.status == StatusCode::UNAUTHORIZED || problem.kind == kind::MISSING_ROLE;
        assert_eq!(challenge, due, "{problem:?}");
        problem
    }

    /// The fields that a problem document complains about.
    pub(crate) fn wrong_fields(&self) -> Vec<String> {
        self.problem().errors.into_iter().map(|error| error.field).collect()
    }
}

/// A frontend of three files; the real one is looked at in a browser.
fn assets() -> Assets {
    let files = [
        ("index.html", "<!doctype html>"),
        ("index.html.br", "index in brotli"),
        ("index.html.gz", "index in gzip"),
        ("assets/app-0123456789abcdef.js", "export {};"),
        ("assets/app-0123456789abcdef_bg.wasm", "\0asm"),
    ];
    Assets::new(files.map(|(path, body)| (path.to_owned(), Bytes::from_static(body.as_bytes()))))
}
