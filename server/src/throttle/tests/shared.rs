//! Several servers on one database.

use async_trait::async_trait;

use super::*;
use crate::store::{FailureQuota, Failures, Store as _, StoreError, fresh_store};

/// Longer than any write takes, on a busy machine too.
const LONG: Duration = Duration::from_secs(60);

/// A server that counts with others.
struct Node(Bench);

impl Node {
    fn new(shared: Arc<dyn SharedFailures>, clock: &Clock) -> Self {
        let settings = ThrottleSettings { shared: Some(shared), ..alone() };
        let refusals = Metrics::default().throttled.clone();
        let clock = clock.clone();
        Self(Bench { throttle: Throttle::new(settings, clock.clone(), refusals), clock })
    }

    async fn begin(&self, address: IpAddr, known: bool) -> Result<Attempt<'_>, RetryAfter> {
        self.0.throttle.attempt(address, "ada", ready(Ok(known))).await
    }

    async fn fail(&self, address: IpAddr) -> Result<(), RetryAfter> {
        self.begin(address, false).await.map(Attempt::failed)
    }

    /// Waits until all failures are written. One that is being written may count twice.
    async fn settle(&self) {
        let limits = self.0.throttle.limits.as_ref().unwrap();
        let wait = async {
            while !limits.streaks.lock().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, wait).await.expect("a failure is never written");
    }
}

/// Two servers on one database, if there is one for tests.
async fn two() -> Option<[Node; 2]> {
    let store = fresh_store().await?;
    let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
    let node = || Node::new(store.shared_failures().unwrap(), &clock);
    Some([node(), node()])
}

#[tokio::test]
async fn failures_at_an_address_count_at_every_server() {
    let Some([one, other]) = two().await else { return };
    for n in 0..20 {
        // The addresses' own buckets are each server's.
        let node = if n % 2 == 0 { &one } else { &other };
        node.fail(HOME).await.unwrap();
        node.settle().await;
    }
    for node in [&one, &other] {
        assert_eq!(node.fail(HOME).await.unwrap_err(), wait(30));
        node.begin(CAFE, false).await.unwrap().withdraw();
    }
    one.0.pass(30);
    other.fail(HOME).await.unwrap();
    other.settle().await;
    assert_eq!(one.fail(HOME).await.unwrap_err(), wait(30));
}

#[tokio::test]
async fn failures_in_a_row_count_at_every_server_until_a_success_at_one_of_them() {
    let Some([one, other]) = two().await else { return };
    for n in 0..100 {
        let node = if n < 60 { &one } else { &other };
        node.fail(elsewhere(n)).await.unwrap();
        node.settle().await;
    }
    assert_eq!(one.fail(CAFE).await.unwrap_err(), wait(3_600));
    assert_eq!(other.fail(CAFE).await.unwrap_err(), wait(3_600));
    other.begin(HOME, true).await.unwrap().succeeded();
    let wait = async {
        while one.fail(CAFE).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, wait).await.expect("the success clears nothing");
}

#[tokio::test]
async fn attempts_that_are_under_way_count_at_their_own_server() {
    let Some([one, other]) = two().await else { return };
    let mut under_way = Vec::new();
    for n in 0..100 {
        under_way.push(one.begin(elsewhere(n), false).await.unwrap());
    }
    assert_eq!(one.fail(CAFE).await.unwrap_err(), wait(3_600));
    other.begin(CAFE, false).await.unwrap().withdraw();
    under_way.into_iter().for_each(Attempt::failed);
    one.settle().await;
    assert_eq!(other.fail(CAFE).await.unwrap_err(), wait(3_600));
    other.0.throttle.forgive("ada").await;
    one.fail(CAFE).await.unwrap();
}

/// A database that does not answer.
#[derive(Debug)]
struct Dead;

#[async_trait]
impl SharedFailures for Dead {
    async fn of(&self, _: &str, _: &str) -> Result<Failures, StoreError> {
        Err(StoreError::Unavailable(anyhow::anyhow!("on purpose")))
    }

    async fn add(&self, _: &str, _: &str, _: FailureQuota, _: Timestamp) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(anyhow::anyhow!("on purpose")))
    }

    async fn clear(&self, _: &str, _: Option<&str>) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(anyhow::anyhow!("on purpose")))
    }
}

#[tokio::test]
async fn without_the_database_a_server_counts_alone() {
    let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
    let node = Node::new(Arc::new(Dead), &clock);
    for n in 0..100 {
        node.fail(elsewhere(n)).await.unwrap();
    }
    tokio::task::yield_now().await;
    assert_eq!(node.fail(CAFE).await.unwrap_err(), wait(3_600));
    node.begin(HOME, true).await.unwrap().succeeded();
    node.fail(CAFE).await.unwrap();
}

#[test]
fn each_of_several_servers_admits_its_part_of_an_address() {
    let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
    let settings = ThrottleSettings { nodes: NonZeroU32::new(3).unwrap(), ..alone() };
    let refusals = Metrics::default().throttled.clone();
    let throttle = Throttle::new(settings, clock.clone(), refusals);
    let bench = Bench { throttle, clock };
    for n in 0..7 {
        bench.succeed(HOME, &format!("user-{n}")).unwrap();
    }
    assert_eq!(bench.succeed(HOME, "one-more").unwrap_err(), wait(9));
    for _ in 0..10 {
        bench.throttle.registration(CAFE).unwrap();
    }
    assert_eq!(bench.throttle.registration(CAFE).unwrap_err(), wait(6));
    bench.fail_100_times("accounts are not divided");
}
