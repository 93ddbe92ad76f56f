use std::time::Duration;

use anyhow::anyhow;
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn at(seconds: u64) -> Moment {
    Moment { now: NOW, tokens_expired_at: NOW + Duration::from_secs(seconds) }
}

fn session(n: u8) -> SessionId {
    SessionId::from_bytes([n; 16])
}

/// What is committed, one after the other, each time the gate lets one pass. A commit with session
/// 0 fails. Each has its place in the list as number.
struct Database {
    commits: Mutex<Vec<Ending>>,
    gate: Semaphore,
}

fn sign_outs() -> (Arc<Database>, Arc<SignOuts>) {
    let database = Arc::new(Database { commits: Mutex::default(), gate: Semaphore::new(0) });
    let shared = Arc::clone(&database);
    let commit = move |ending: Ending| -> BoxFuture<'static, Committed> {
        let database = Arc::clone(&shared);
        Box::pin(async move {
            database.gate.acquire().await.unwrap().forget();
            let fails = ending.contains_key(&session(0));
            let mut commits = database.commits.lock().unwrap();
            commits.push(ending);
            if fails {
                return Err(StoreError::Unavailable(anyhow!("on purpose")));
            }
            let number = i64::try_from(commits.len()).unwrap();
            Ok(Some(Numbered { number, longest_lease: Duration::ZERO }))
        })
    };
    (database, SignOuts::new(Box::new(commit)))
}

/// The numbers under which these sessions ended; none for one that failed.
async fn ended(sign_outs: &Arc<SignOuts>, sessions: &[u8]) -> Vec<Option<i64>> {
    let all = sessions.iter().map(|n| sign_outs.end(session(*n), at(900)));
    let number = |committed: Committed| committed.ok().flatten().map(|it| it.number);
    join_all(all).await.into_iter().map(number).collect()
}

#[tokio::test]
async fn those_who_wait_are_committed_together() {
    let (database, sign_outs) = sign_outs();
    let first = tokio::spawn({
        let sign_outs = Arc::clone(&sign_outs);
        async move { ended(&sign_outs, &[1]).await }
    });
    while sign_outs.lock().waiting.is_empty() && !sign_outs.lock().is_worked_on {
        tokio::task::yield_now().await;
    }
    while !sign_outs.lock().waiting.is_empty() {
        tokio::task::yield_now().await;
    }
    let rest = ended(&sign_outs, &[2, 3, 4]);
    let (rest, ()) = tokio::join!(rest, async { database.gate.add_permits(9) });
    assert_eq!(first.await.unwrap(), [Some(1)]);
    assert_eq!(rest, [Some(2); 3]);
    let sizes = database.commits.lock().unwrap().iter().map(Ending::len).collect::<Vec<_>>();
    assert_eq!(sizes, [1, 3]);
}

#[tokio::test]
async fn where_one_fails_each_is_tried_alone() {
    let (database, sign_outs) = sign_outs();
    database.gate.add_permits(9);
    let mut numbers = ended(&sign_outs, &[1, 0, 2]).await;
    assert_eq!(numbers.remove(1), None);
    assert!(numbers.iter().all(Option::is_some), "{numbers:?}");
    assert_eq!(database.commits.lock().unwrap().len(), 4);
    assert_eq!(ended(&sign_outs, &[0]).await, [None]);
    assert_eq!(database.commits.lock().unwrap().len(), 5, "alone it is tried once");
}

#[tokio::test]
async fn two_sign_outs_of_one_session_are_remembered_for_the_longer_time() {
    let (database, sign_outs) = sign_outs();
    database.gate.add_permits(9);
    let one = |seconds| sign_outs.end(session(1), at(seconds));
    let (first, second, third) = tokio::join!(one(900), one(1000), one(800));
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(*database.commits.lock().unwrap(), [Ending::from([(session(1), at(1000))])]);
}
