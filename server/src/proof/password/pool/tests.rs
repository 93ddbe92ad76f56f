mod sharing;

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;

use futures_util::FutureExt as _;
use hallpass_kdf::{Input, Lanes};

use super::courtesy::Spent;
use super::pace::Pace;
use super::*;
use crate::proof::password::vectors::{
    ARGON2, BCRYPT, DECOMPOSED, DJANGO, MODULAR, NAMED, OF_DECOMPOSED, OF_PASSWORD, PASSWORD,
    SHA512, SMALL_SCRYPT,
};

fn iterations(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn pool(n: u32) -> Pool {
    Pool::start(Settings::new(iterations(n))).unwrap()
}

/// A pool without workers. Hashes have one iteration, and each counts as 3 s.
fn idle_pool() -> Pool {
    let pace = Pace::measured(Duration::from_secs(3), 1, 1);
    let rates = Rates::of(Lanes::always(1), pace);
    Pool::without_workers(1, iterations(1), rates).unwrap()
}

/// A pool of ten iterations whose only worker is the returned one.
fn by_hand(lanes: usize) -> (Pool, Worker) {
    let pace = Pace::measured(Duration::from_millis(1), 1, 10);
    let rates = Rates::of(Lanes::always(lanes), pace);
    let pool = Pool::without_workers(1, iterations(10), rates).unwrap();
    let worker = Worker { queue: Arc::clone(&pool.queue), observer: Arc::new(Unobserved) };
    (pool, worker)
}

/// A clock that shows these readings one after the other: milliseconds, and how many of them were
/// on a core.
fn clock<const N: usize>(readings: [(u64, u64); N]) -> impl FnMut() -> Spent {
    let ms = Duration::from_millis;
    let mut readings = readings.into_iter();
    move || {
        let (time, worked) = readings.next().unwrap();
        Spent { time: ms(time), worked: ms(worked) }
    }
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
    for text in OF_PASSWORD.into_iter().chain(NAMED).chain(MODULAR) {
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
    let key = hallpass_kdf::derive(&[Input::new(b"a\ttab", &[7; 16], pool.iterations)])[0].to_vec();
    let mut stored = StoredHash { key, salt: vec![7; 16], ..pool.decoy.clone() };
    assert!(!pool.verify(&"a\ttab".into(), Some(&stored)).await.unwrap().matches);
    stored.is_foreign = true;
    assert!(pool.verify(&"a\ttab".into(), Some(&stored)).await.unwrap().matches);
}

/// The cost of the job that `asked` queues.
fn cost(pool: &Pool, asked: impl Future<Output: std::fmt::Debug>) -> Cost {
    let mut asked = pin!(asked);
    assert!(asked.as_mut().now_or_never().is_none());
    match pool.queue.take().unwrap().jobs.remove(0).work {
        Work::Derive(_, derivation) => derivation.cost,
        Work::Alone(_) => panic!("not a derivation"),
    }
}

#[tokio::test]
async fn all_verifications_are_padded_to_the_dearest() {
    let (pool, any, django) = (idle_pool(), "any".into(), StoredHash::parse(DJANGO).unwrap());
    let verified = |stored| cost(&pool, pool.verify(&any, stored));
    let (one, thousand) = (iterations(1), iterations(1000));
    assert_eq!(verified(None), Cost { iterations: one, padded_to: 1 });
    assert_eq!(verified(Some(&django)), Cost { iterations: thousand, padded_to: 1000 });
    assert_eq!(verified(None), Cost { iterations: one, padded_to: 1000 });
    pool.dearest.store(5000, Ordering::Relaxed);
    assert_eq!(verified(Some(&django)), Cost { iterations: thousand, padded_to: 5000 });
    // An unusable password is hashed as well, so neither case is less work.
    let unusable = cost(&pool, pool.verify(&"a\ttab".into(), None));
    assert_eq!(unusable, Cost { iterations: one, padded_to: 5000 });
}

#[tokio::test]
async fn a_dear_foreign_hash_raises_the_cost_of_all_once() {
    for text in [SHA512, BCRYPT, ARGON2, SMALL_SCRYPT] {
        let pool = pool(10);
        let stored = StoredHash::parse(text).unwrap();
        let mut costs = Vec::new();
        for _ in 0..2 {
            pool.verify(&"any".into(), Some(&stored)).await.unwrap();
            costs.push(pool.dearest.load(Ordering::Relaxed));
        }
        assert!(costs[0] > 10, "{text}");
        assert_eq!(costs[0], costs[1], "{text}");
    }
}

#[tokio::test]
async fn whoever_hangs_up_before_a_foreign_hash_is_verified_costs_nothing() {
    let pool = idle_pool();
    let stored = StoredHash::parse(SHA512).unwrap();
    assert!(pool.verify(&PASSWORD.into(), Some(&stored)).now_or_never().is_none());
    let of_logins = *pool.stats().of(JobKind::Login);
    assert_eq!(of_logins, KindStats { abandoned: 1, ..KindStats::default() });
    assert_eq!(pool.dearest.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let (pool, any) = (idle_pool(), "any".into());
    let mut queued = [(); 2].map(|()| Box::pin(pool.verify(&any, None)));
    for queued in &mut queued {
        assert!(queued.as_mut().now_or_never().is_none());
    }
    let refused = pool.verify(&any, None).now_or_never().unwrap();
    let retry_after = Duration::from_secs(6);
    assert_eq!(refused, Err(PoolError::Overloaded { retry_after }));
}

#[tokio::test]
async fn what_can_not_be_broken_off_runs_where_it_gets_its_share() {
    let pool = pool(1);
    let name = || std::thread::current().name().unwrap().to_owned();
    let name = pool.alone(JobKind::Login, move |_| name()).await.unwrap();
    assert!(name.starts_with("hash-") && name.ends_with("-low"), "{name}");
}

#[tokio::test]
async fn what_was_broken_off_is_finished_by_another_thread() {
    let stored = hashed(&pool(10), "right").await;
    let (pool, worker) = by_hand(2);
    let (right, wrong) = ("right".into(), "wrong".into());
    let mut right = pin!(pool.verify(&right, Some(&stored)));
    let mut wrong = pin!(pool.verify(&wrong, Some(&stored)));
    assert!(right.as_mut().now_or_never().is_none());
    assert!(wrong.as_mut().now_or_never().is_none());
    let batch = pool.queue.take().unwrap();
    let rest = worker.begin(batch, || ControlFlow::Break(())).unwrap();
    assert!(right.as_mut().now_or_never().is_none());
    let all_the_time = clock([(0, 0), (10, 10)]);
    std::thread::spawn(move || worker.take_over(rest, all_the_time)).join().unwrap();
    assert!(right.now_or_never().unwrap().unwrap().matches);
    assert!(!wrong.now_or_never().unwrap().unwrap().matches);
    assert_eq!(pool.stats().of(JobKind::Login).done, 2);
}

#[tokio::test]
async fn many_that_are_done_at_once_are_answered_one_after_the_other() {
    let (pool, worker) = by_hand(32);
    let any = "any".into();
    let mut asked: Vec<_> = (0..32).map(|_| Box::pin(pool.verify(&any, None))).collect();
    for asked in &mut asked {
        assert!(asked.as_mut().now_or_never().is_none());
    }
    let batch = pool.queue.take().unwrap();
    assert_eq!(batch.jobs.len(), 32);
    let started = Instant::now();
    assert!(worker.begin(batch, || ControlFlow::Continue(())).is_none());
    assert!(started.elapsed() >= 31 * Duration::from_micros(150), "{:?}", started.elapsed());
    assert!(asked.into_iter().all(|asked| asked.now_or_never().unwrap().is_ok()));
}

#[tokio::test]
async fn the_second_thread_goes_on_until_it_has_most_of_a_core() {
    let (pool, worker) = by_hand(1);
    let any = "any".into();
    let mut asked = [(); 3].map(|()| Box::pin(pool.verify(&any, None)));
    for asked in &mut asked {
        assert!(asked.as_mut().now_or_never().is_none());
    }
    let batch = pool.queue.take().unwrap();
    let rest = worker.begin(batch, || ControlFlow::Break(())).unwrap();
    // The thread has a tenth of the core during the first batch, and all of it during the second.
    worker.take_over(rest, clock([(0, 0), (10, 1), (10, 1), (20, 11)]));
    let answered = asked.map(|mut asked| asked.as_mut().now_or_never().is_some());
    assert_eq!(answered, [true, true, false]);
}

#[tokio::test]
async fn a_panic_costs_one_request_and_no_thread() {
    let pool = pool(1);
    let threads = Settings::new(iterations(1)).threads;
    for _ in 0..2 * threads {
        let outcome = pool.alone(JobKind::Login, |_| panic!("as a test wants it")).await;
        assert_eq!(outcome, Err::<(), _>(PoolError::Panicked));
        let check = || -> Result<(Password, ()), ()> { panic!("as a test wants it") };
        let outcome = pool.hash_checked(JobKind::Registration, check).await;
        assert_eq!(outcome.unwrap_err(), PoolError::Panicked);
    }
    assert_eq!(pool.alone(JobKind::Login, |_| "done").await, Ok("done"));
}

#[tokio::test]
async fn what_the_check_refuses_is_not_hashed_and_the_asker_is_told() {
    let pool = pool(1);
    let refused =
        pool.hash_checked(JobKind::Registration, || Err::<(Password, ()), _>("weak")).await;
    assert_eq!(refused.unwrap().unwrap_err(), "weak");
}

#[tokio::test]
async fn what_else_the_check_finds_is_handed_on() {
    let pool = pool(1);
    let check = || Ok::<_, ()>((Password::prepare(&"right".into()).unwrap(), "found"));
    let (hash, found) = pool.hash_checked(JobKind::Registration, check).await.unwrap().unwrap();
    let stored = StoredHash::parse(hash.to_phc().expose()).unwrap();
    assert!(pool.verify(&"right".into(), Some(&stored)).await.unwrap().matches);
    assert_eq!(found, "found");
}
