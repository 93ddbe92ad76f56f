//! A server that speaks the contract as far as the load test uses it, and the language of the
//! tutorial's Flask app beside it; and can be told to be wrong.

mod factors;
mod routes;
mod tokens;

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hallpass_contract::User;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use factors::Factors;
use tokens::Tokens;

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
    /// Logins are done one after the other, 20 ms each; while ten wait, others are told to come
    /// back a second later.
    OneAtATime,
    /// Logins after the first ten are throttled.
    Throttled,
    /// Nobody can register.
    RegistrationClosed,
    /// The first registration has to come back a second later.
    BusyAtFirst,
    /// Access tokens live for two seconds.
    ShortTokens,
    /// Access tokens live for two seconds, and no refresh token is accepted.
    NoRefresh,
    /// Any password opens an account.
    AnyPassword,
    /// Tokens live for two seconds, and are accepted after that.
    TrustsExpired,
    /// A token's claims are believed, whatever its signature.
    TrustsClaims,
    /// A token of this algorithm is believed.
    TrustsAlgorithm(&'static str),
    /// Nothing; logins take a while, as a password hash does.
    Hashes,
    /// Logins take a while where the name is somebody's.
    HashesForKnown,
    /// A refused login says that the name is nobody's.
    SaysUnknown,
    /// Verifications take a while.
    SlowVerify,
    /// Verifications take two seconds.
    HoldsVerify,
    /// Tokens live for four seconds, and a refresh takes a fifth of one.
    SlowRefresh,
    /// A token is accepted after its session was signed out.
    KeepsSignedOut,
    /// Every fifth refresh has no answer but a 503, and uses its token up.
    CutsRefreshes,
    /// A password signs in alone, even where there are one-time codes.
    PasswordAlone,
    /// Every third code is refused.
    RefusesCodes,
    /// The clock is a minute and a half ahead.
    ClockAhead,
}

struct State {
    fault: Fault,
    /// Password and user by name.
    users: Mutex<HashMap<String, (String, User)>>,
    tokens: Mutex<Tokens>,
    factors: Mutex<Factors>,
    registrations: AtomicU64,
    logins: AtomicU64,
    refreshes: AtomicU64,
    verifications: AtomicU64,
    second_steps: AtomicU64,
    two_step_logins: AtomicU64,
    /// Held by the login that is being done, if they are done one after the other.
    counter: tokio::sync::Mutex<()>,
    /// Logins that wait for it.
    waiting: AtomicU64,
}

/// A running fake server; it runs as long as the test process.
pub(crate) struct Fake {
    pub(crate) url: String,
    state: Arc<State>,
    requests: Arc<AtomicU64>,
}

impl Fake {
    pub(crate) fn start(fault: Fault) -> Self {
        let state = Arc::new(State {
            fault,
            users: Mutex::default(),
            tokens: Mutex::default(),
            factors: Mutex::default(),
            registrations: AtomicU64::new(0),
            logins: AtomicU64::new(0),
            refreshes: AtomicU64::new(0),
            verifications: AtomicU64::new(0),
            second_steps: AtomicU64::new(0),
            two_step_logins: AtomicU64::new(0),
            counter: tokio::sync::Mutex::default(),
            waiting: AtomicU64::new(0),
        });
        let (url, requests) = listen(&state);
        Self { url, state, requests }
    }

    /// Another node, with the same accounts and sessions.
    pub(crate) fn another_node(&self) -> Self {
        let (url, requests) = listen(&self.state);
        Self { url, state: Arc::clone(&self.state), requests }
    }

    /// How many requests this node has got.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
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

    /// How many logins ended with a one-time code that counted.
    pub(crate) fn two_step_logins(&self) -> u64 {
        self.state.two_step_logins.load(Ordering::Relaxed)
    }

    /// How many access tokens were ever made.
    pub(crate) fn tokens(&self) -> usize {
        self.state.tokens.lock().unwrap().made()
    }

    /// Removes some users, as an operator may.
    pub(crate) fn forget_users(&self, count: usize) {
        let mut users = self.state.users.lock().unwrap();
        let names: Vec<String> = users.keys().take(count).cloned().collect();
        names.iter().for_each(|name| drop(users.remove(name)));
    }
}

/// Serves on a free port: its URL, and a counter of its requests.
fn listen(state: &Arc<State>) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (served, requests) = (Arc::clone(state), Arc::<AtomicU64>::default());
    let counted = Arc::clone(&requests);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(accept(listener, served, counted));
    });
    (format!("http://{address}"), requests)
}

async fn accept(listener: TcpListener, state: Arc<State>, requests: Arc<AtomicU64>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let is_down = Arc::<AtomicBool>::default();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (state, requests) = (Arc::clone(&state), Arc::clone(&requests));
        let is_down = Arc::clone(&is_down);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                requests.fetch_add(1, Ordering::Relaxed);
                routes::answer(request, Arc::clone(&state), Arc::clone(&is_down))
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
