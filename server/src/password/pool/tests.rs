use std::future::Future;
use std::pin::pin;

use crossbeam_channel::Receiver;
use futures_util::FutureExt as _;

use super::*;
use crate::password::vectors::{DECOMPOSED, DJANGO, OF_DECOMPOSED, OF_PASSWORD, PASSWORD, SHA512};

fn iterations(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn pool(n: u32) -> Pool {
    Pool::start(iterations(n)).unwrap()
}

/// A pool of one iteration where nobody works off the queue, which is handed to the test.
fn idle_pool(capacity: usize) -> (Pool, Receiver<Job>) {
    let (queue, jobs) = crossbeam_channel::bounded(capacity);
    let pool = Pool {
        queue,
        iterations: iterations(1),
        dearest: Arc::new(AtomicU32::new(1)),
        decoy: decoy(iterations(1)).unwrap(),
        per_hash: Duration::from_secs(3),
        threads: 1,
    };
    (pool, jobs)
}

async fn hashed(pool: &Pool, text: &str) -> StoredHash {
    let password = Password::prepare(&text.into()).unwrap();
    StoredHash::parse(pool.hash(password).await.unwrap().to_phc().expose()).unwrap()
}

#[tokio::test]
async fn only_the_right_password_matches() {
    let pool = pool(10);
    let stored = hashed(&pool, "right").await;
    let verdict = pool.verify(&"right".into(), Some(&stored)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, outdated: false });
    for (given, stored) in
        [("wrong", Some(&stored)), ("right", None), ("", Some(&stored)), ("tab\t", None)]
    {
        assert!(!pool.verify(&given.into(), stored).await.unwrap().matches);
    }
}

#[tokio::test]
async fn equal_passwords_get_different_salts() {
    let pool = pool(1);
    let (first, second) = (hashed(&pool, "the same").await, hashed(&pool, "the same").await);
    assert_ne!(first.salt, second.salt);
    assert_ne!(first.key, second.key);
}

#[tokio::test]
async fn a_cheaper_hash_matches_and_is_called_outdated() {
    let stored = hashed(&pool(1), "old").await;
    let verdict = pool(5).verify(&"old".into(), Some(&stored)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, outdated: true });
}

#[tokio::test]
async fn foreign_hashes_match_and_are_called_outdated() {
    let pool = pool(10);
    for text in OF_PASSWORD {
        let stored = StoredHash::parse(text).unwrap();
        let verdict = pool.verify(&PASSWORD.into(), Some(&stored)).await.unwrap();
        assert_eq!(verdict, Verdict { matches: true, outdated: true }, "{text}");
        let wrong = pool.verify(&"wrong".into(), Some(&stored)).await.unwrap();
        assert_eq!(wrong, Verdict { matches: false, outdated: true }, "{text}");
    }
}

#[tokio::test]
async fn only_for_our_own_hashes_the_password_is_prepared() {
    let (pool, composed) = (pool(10), "caf\u{e9} au lait with oat milk");
    for text in OF_DECOMPOSED {
        let stored = StoredHash::parse(text).unwrap();
        assert!(pool.verify(&DECOMPOSED.into(), Some(&stored)).await.unwrap().matches);
        assert!(!pool.verify(&composed.into(), Some(&stored)).await.unwrap().matches);
    }
    let stored = hashed(&pool, composed).await;
    assert!(pool.verify(&DECOMPOSED.into(), Some(&stored)).await.unwrap().matches);
}

#[tokio::test]
async fn a_password_that_can_not_be_prepared_is_wrong_even_where_its_bytes_were_hashed() {
    let pool = pool(1);
    let key = derive(b"a\ttab", &[7; 16], pool.iterations).to_vec();
    let mut stored = StoredHash { key, salt: vec![7; 16], ..pool.decoy.clone() };
    assert!(!pool.verify(&"a\ttab".into(), Some(&stored)).await.unwrap().matches);
    stored.is_foreign = true;
    assert!(pool.verify(&"a\ttab".into(), Some(&stored)).await.unwrap().matches);
}

/// What was queued by the time that `asked` waits for it.
fn queued(asked: impl Future<Output: std::fmt::Debug>, jobs: &Receiver<Job>) -> Derivation {
    assert!(pin!(asked).now_or_never().is_none());
    match jobs.try_recv().unwrap() {
        Job::Derive(derivation) => derivation,
        Job::Run(_) => panic!("not a derivation"),
    }
}

#[tokio::test]
async fn all_derivations_are_padded_to_the_dearest() {
    let (pool, jobs) = idle_pool(1);
    let (any, django) = ("any".into(), StoredHash::parse(DJANGO).unwrap());
    let padding = |stored| queued(pool.verify(&any, stored), &jobs).padding.map(NonZeroU32::get);
    assert_eq!(padding(None), None);
    assert_eq!(padding(Some(&django)), None);
    assert_eq!(padding(None), Some(999));
    pool.dearest.store(5000, Ordering::Relaxed);
    assert_eq!(padding(Some(&django)), Some(4000));
    // Neither is less work than the other: what can't be a password is derived as well.
    let unusable = queued(pool.verify(&"a\ttab".into(), None), &jobs);
    assert_eq!(unusable.padding, NonZeroU32::new(4999));
}

#[tokio::test]
async fn a_dear_foreign_hash_raises_the_cost_of_all_once() {
    let pool = pool(10);
    let stored = StoredHash::parse(SHA512).unwrap();
    let mut costs = Vec::new();
    for _ in 0..2 {
        pool.verify(&"any".into(), Some(&stored)).await.unwrap();
        costs.push(pool.dearest.load(Ordering::Relaxed));
    }
    assert!(costs[0] > 10);
    assert_eq!(costs[0], costs[1]);
}

#[tokio::test]
async fn whoever_hangs_up_before_a_foreign_hash_is_verified_costs_nothing() {
    let (pool, jobs) = idle_pool(1);
    let stored = StoredHash::parse(SHA512).unwrap();
    assert!(pool.verify(&PASSWORD.into(), Some(&stored)).now_or_never().is_none());
    jobs.recv().unwrap().run();
    assert_eq!(pool.dearest.load(Ordering::Relaxed), 1);
}

async fn second_is_refused(pool: &Pool) -> PoolError {
    let any = "any".into();
    let queued = pool.verify(&any, None);
    let refused = async { pool.verify(&any, None).await.unwrap_err() };
    tokio::select! {
        biased;
        _ = queued => panic!("nobody works here"),
        refused = refused => refused,
    }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let (pool, _jobs) = idle_pool(1);
    let retry_after = Duration::from_secs(3);
    assert_eq!(second_is_refused(&pool).await, PoolError::Overloaded { retry_after });
}

#[tokio::test]
async fn a_queue_of_dear_hashes_is_full_sooner() {
    let (pool, _jobs) = idle_pool(8);
    pool.dearest.store(4, Ordering::Relaxed);
    let retry_after = Duration::from_secs(12);
    assert_eq!(second_is_refused(&pool).await, PoolError::Overloaded { retry_after });
}

#[tokio::test]
async fn a_panic_costs_one_request_and_no_thread() {
    let pool = pool(1);
    for _ in 0..2 * pool.threads {
        let outcome = pool.run(|| panic!("as a test wants it")).await;
        assert_eq!(outcome, Err::<(), _>(PoolError::Panicked));
    }
    assert_eq!(pool.run(|| "done").await, Ok("done"));
}
