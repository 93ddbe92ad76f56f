//! What clients are told when the server can't do its work.

use std::sync::{Arc, Mutex, mpsc};

use anyhow::anyhow;
use async_trait::async_trait;
use futures_util::future::join_all;
use hallpass::serve::Limits;
use hallpass::store::{CreateUserError, Store, StoreError, User, UserId};
use hallpass_contract::{Secret, kind, path};

use crate::app::{PASSWORD, Response, TestApp};

/// What no client may read.
const CAUSE: &str = "sector 7 of the disk";

/// A store that fails, or panics, at whatever it is asked.
#[derive(Debug)]
enum Broken {
    Failing,
    Panicking,
}

impl Broken {
    fn fail<T>(&self) -> Result<T, StoreError> {
        match self {
            Self::Failing => Err(StoreError(anyhow!(CAUSE))),
            Self::Panicking => panic!("{CAUSE}"),
        }
    }
}

#[async_trait]
impl Store for Broken {
    async fn create_user(&self, _: User) -> Result<(), CreateUserError> {
        Ok(self.fail()?)
    }
    async fn user_by_id(&self, _: UserId) -> Result<Option<User>, StoreError> {
        self.fail()
    }
    async fn user_by_name(&self, _: &str) -> Result<Option<User>, StoreError> {
        self.fail()
    }
    async fn replace_password_hash(
        &self,
        _: UserId,
        _: Secret,
        _: Secret,
    ) -> Result<(), StoreError> {
        self.fail()
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.fail()
    }
}

async fn app_on(store: Broken) -> TestApp {
    TestApp::with(&[], Limits::default(), |state| state.store = Arc::new(store)).await
}

fn assert_tells_nothing(response: &Response, status: u16) {
    assert_eq!(response.status, status);
    let problem = response.problem();
    assert!(!format!("{problem:?}").contains("sector"), "{problem:?}");
    assert!(!response.header("x-request-id").is_empty());
}

#[tokio::test]
async fn a_failing_store_is_a_500_that_does_not_say_why_and_makes_the_server_not_ready() {
    let app = app_on(Broken::Failing).await;
    assert_tells_nothing(&app.register("ada", PASSWORD).await, 500);
    assert_tells_nothing(&app.login("ada", PASSWORD).await, 500);
    assert_tells_nothing(&app.send("GET", path::READYZ, &[]).await, 503);
    assert_eq!(app.send("GET", path::HEALTHZ, &[]).await.status, 200);
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_next_request_is_answered() {
    let app = app_on(Broken::Panicking).await;
    assert_tells_nothing(&app.login("ada", PASSWORD).await, 500);
    assert_eq!(app.send("GET", path::HEALTHZ, &[]).await.status, 200);
}

#[tokio::test]
async fn a_full_hashing_queue_is_a_503_with_retry_after_and_leaves_the_rest_alone() {
    let app = TestApp::start().await;
    let token = app.signed_in("ada").await.access_token;
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    // More than the queue and the threads hold; each waits until the gate is opened.
    let jobs = (0..5000).map(|_| {
        let gate = Arc::clone(&gate);
        app.state.pool.run(move || gate.lock().unwrap().recv().is_ok())
    });
    let mut jobs = std::pin::pin!(join_all(jobs));
    assert!(futures_util::poll!(jobs.as_mut()).is_pending());

    let refused = app.login("ada", PASSWORD).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.problem().kind, kind::OVERLOADED);
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=5).contains(&seconds), "{seconds}");
    assert_eq!(app.get_with_token(path::VERIFY, token.expose()).await.status, 200);

    drop(open);
    jobs.await;
    assert_eq!(app.login("ada", PASSWORD).await.status, 200);
}
