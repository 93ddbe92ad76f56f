//! What clients see of the hashing threads when they are busy.

use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use hallpass::proof::password::{
    JobKind, JobTimes, KindStats, Lanes, Password, Pool, PoolError, PoolObserver, Settings,
};
use hallpass::serve::Limits;
use hallpass_contract::{kind, path};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::app::{PASSWORD, TestApp, unshared};

/// Notes in which order jobs are done.
#[derive(Debug, Default)]
struct Order(Mutex<Vec<JobKind>>);

impl PoolObserver for Order {
    fn done(&self, kind: JobKind, _: JobTimes) {
        self.0.lock().unwrap().push(kind);
    }
}

/// With one hashing thread, of two lanes.
async fn app(observer: Arc<dyn PoolObserver>) -> TestApp {
    TestApp::with(&[], Limits::default(), |state| {
        let iterations = 10.try_into().unwrap();
        let settings =
            Settings { threads: 1, lanes: Lanes::always(2), observer, ..Settings::new(iterations) };
        unshared(&mut state.accounts).prover.pool = Pool::start(settings).unwrap();
    })
    .await
}

/// Has a hashing thread work, but hash nothing.
pub(crate) async fn job(
    app: &TestApp,
    kind: JobKind,
    work: impl FnOnce() + Send + 'static,
) -> Result<(), PoolError> {
    let refused = || {
        work();
        Err::<(Password, ()), ()>(())
    };
    app.state.accounts.prover.pool.hash_checked(kind, refused).await.map(drop)
}

/// Keeps the one thread busy until what this returns is dropped.
pub(crate) fn busy(app: &TestApp) -> mpsc::Sender<()> {
    let (open, gate) = mpsc::channel::<()>();
    let (started, starts) = mpsc::channel();
    let mut job = pin!(job(app, JobKind::Login, move || {
        started.send(()).unwrap();
        let _ = gate.recv();
    }));
    assert!(job.as_mut().now_or_never().is_none());
    starts.recv().unwrap();
    open
}

fn waiting(app: &TestApp) -> [usize; 2] {
    let stats = app.state.accounts.prover.pool.stats();
    JobKind::ALL.map(|kind| stats.of(kind).waiting)
}

/// The server is at work meanwhile; a test that waits in vain hangs.
async fn until_waiting(app: &TestApp, logins: usize, registrations: usize) {
    while waiting(app) != [logins, registrations] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_full_hashing_queue_is_a_503_with_retry_after_and_leaves_the_rest_alone() {
    let app = app(Arc::new(Order::default())).await;
    let ada = app.signed_in("ada").await;
    let open = busy(&app);
    // More than the queue holds; each waits until the gate is opened.
    let mut jobs = pin!(join_all((0..5000).map(|_| job(&app, JobKind::Login, || ()))));
    assert!(futures_util::poll!(jobs.as_mut()).is_pending());

    for refused in [
        app.login("ada", PASSWORD).await,
        app.login("nobody", PASSWORD).await,
        app.json_with_token(
            "POST",
            path::REAUTHENTICATE,
            ada.token(),
            &serde_json::json!({"password": PASSWORD}),
        )
        .await,
    ] {
        assert_eq!(refused.status, 503);
        assert_eq!(refused.problem().kind, kind::OVERLOADED);
        let seconds: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=5).contains(&seconds), "{seconds}");
    }
    assert_eq!(app.get_with_token(path::VERIFY, ada.token()).await.status, 200);

    drop(open);
    let done = jobs.await.into_iter().filter(Result::is_ok).count();
    assert!(done < 5000, "{done}");
    assert_eq!(app.login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_registration_is_not_kept_waiting_by_a_flood_of_logins() {
    let order = Arc::new(Order::default());
    let app = app(Arc::clone(&order) as Arc<dyn PoolObserver>).await;
    let open = busy(&app);
    let logins = join_all((0..20).map(|_| app.login("nobody", PASSWORD)));
    let registration = async {
        until_waiting(&app, 20, 0).await;
        let registration = app.register("ada", PASSWORD);
        let then = async {
            until_waiting(&app, 20, 1).await;
            drop(open);
        };
        futures_util::future::join(registration, then).await.0
    };
    let (logins, registered) = futures_util::future::join(logins, registration).await;
    assert_eq!(registered.status, 201);
    assert!(logins.iter().all(|login| login.status == 401));
    let order = order.0.lock().unwrap().clone();
    let place = order.iter().position(|&kind| kind == JobKind::Registration).unwrap();
    assert!(place <= 2, "{order:?}");
}

#[tokio::test]
async fn the_login_of_a_client_that_has_gone_is_called_off() {
    let app = app(Arc::new(Order::default())).await;
    let open = busy(&app);
    let mut client = TcpStream::connect(app.address).await.unwrap();
    let body = r#"{"username": "nobody", "password": "correct horse battery staple"}"#;
    let head = "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    client.write_all(request.as_bytes()).await.unwrap();
    until_waiting(&app, 1, 0).await;
    let stays = async {
        until_waiting(&app, 2, 0).await;
        drop(client);
        until_waiting(&app, 1, 0).await;
        drop(open);
    };
    let (response, ()) = futures_util::future::join(app.login("nobody", PASSWORD), stays).await;
    assert_eq!(response.status, 401);
    // The one that kept the thread busy, and the one that stayed.
    let expected = KindStats { done: 2, abandoned: 1, ..KindStats::default() };
    assert_eq!(*app.state.accounts.prover.pool.stats().of(JobKind::Login), expected);
}
