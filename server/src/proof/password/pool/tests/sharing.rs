//! Which passwords are hashed together.

use std::pin::Pin;
use std::sync::{Mutex, mpsc};

use super::*;

/// Records each job's kind and how many jobs shared its lanes.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<(JobKind, usize)>>);

impl PoolObserver for Recorder {
    fn done(&self, kind: JobKind, times: JobTimes) {
        self.0.lock().unwrap().push((kind, times.shared_by));
    }
}

/// A pool whose one thread is busy until `open` is dropped.
struct Busy {
    pool: Pool,
    open: mpsc::Sender<()>,
    recorder: Arc<Recorder>,
}

impl Busy {
    fn start(lanes: usize) -> Self {
        Self::with(Lanes::always(lanes))
    }

    fn with(lanes: Lanes) -> Self {
        let recorder = Arc::new(Recorder::default());
        let observer = Arc::clone(&recorder) as Arc<dyn PoolObserver>;
        let pace = Pace::measured(Duration::from_millis(1), 1, 10);
        let rates = Rates::of(lanes, pace);
        let pool = Pool::without_workers(1, iterations(10), rates).unwrap();
        pool.start_workers(1, &observer).unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let (started, starts) = mpsc::channel();
        let busy = queued(pool.alone(JobKind::Login, move |_| {
            started.send(()).unwrap();
            gate.recv().is_ok()
        }));
        starts.recv().unwrap();
        drop(busy);
        Self { pool, open, recorder }
    }
}

/// Polls `asked` until its job is in the queue.
fn queued<'a, T: std::fmt::Debug>(
    asked: impl Future<Output = T> + 'a,
) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    let mut asked = Box::pin(asked);
    assert!(asked.as_mut().now_or_never().is_none());
    asked
}

/// The jobs that were done since the thread became free.
fn recorded(recorder: &Recorder) -> Vec<(JobKind, usize)> {
    recorder.0.lock().unwrap()[1..].to_vec()
}

fn accepted() -> Result<(Password, ()), ()> {
    Ok((Password::prepare(&"new".into()).unwrap(), ()))
}

#[tokio::test]
async fn verifications_and_new_hashes_share_lanes_and_each_gets_its_own_answer() {
    let stored = hashed(&pool(10), "right").await;
    for (lanes, shared_by) in [(1, [1, 1, 1]), (2, [2, 2, 1]), (3, [3, 3, 3]), (8, [3, 3, 3])] {
        let Busy { pool, open, recorder } = Busy::start(lanes);
        let (right, wrong) = ("right".into(), "wrong".into());
        let right = queued(pool.verify(&right, Some(&stored)));
        let new = queued(pool.hash_checked(JobKind::Registration, accepted));
        let wrong = queued(pool.verify(&wrong, Some(&stored)));
        drop(open);
        assert!(right.await.unwrap().matches, "{lanes} lanes");
        assert!(!wrong.await.unwrap().matches, "{lanes} lanes");
        let (hash, ()) = new.await.unwrap().unwrap();
        let new = StoredHash::parse(hash.to_phc().expose()).unwrap();
        assert!(pool.verify(&"new".into(), Some(&new)).await.unwrap().matches, "{lanes} lanes");
        let shared: Vec<usize> = recorded(&recorder).into_iter().map(|(_, n)| n).collect();
        assert_eq!(shared[..3], shared_by, "{lanes} lanes");
        assert_eq!(shared[3..], [1], "nobody else was there");
    }
}

#[tokio::test]
async fn a_crowd_takes_all_lanes_and_each_gets_its_own_answer() {
    let stored = hashed(&pool(10), "right").await;
    let passwords = ["right".into(), "wrong".into()];
    for lanes in [Lanes::always(2).and(6, 4), hallpass_kdf::lanes()] {
        let Busy { pool, open, recorder } = Busy::with(lanes);
        let most = lanes.most();
        let crowd: Vec<_> = (0..2 * most + 1)
            .map(|n| queued(pool.verify(&passwords[n % 2], Some(&stored))))
            .collect();
        drop(open);
        for (n, verified) in crowd.into_iter().enumerate() {
            assert_eq!(verified.await.unwrap().matches, n % 2 == 0, "{n} of {lanes:?}");
        }
        let shared: Vec<usize> = recorded(&recorder).into_iter().map(|(_, n)| n).collect();
        assert_eq!(shared, [vec![most; 2 * most], vec![1]].concat());
    }
}

#[tokio::test]
async fn once_another_systems_hash_was_verified_no_crowd_takes_all_lanes() {
    let lanes = Lanes::always(2).and(6, 4);
    let Busy { pool, open, recorder } = Busy::with(lanes);
    let (foreign, password) = (StoredHash::parse(SHA512).unwrap(), PASSWORD.into());
    let first = queued(pool.verify(&password, Some(&foreign)));
    let crowd = [(); 6].map(|()| queued(pool.verify(&password, None)));
    drop(open);
    assert!(first.await.unwrap().matches);
    for verified in crowd {
        assert!(!verified.await.unwrap().matches);
    }
    let shared: Vec<usize> = recorded(&recorder).into_iter().map(|(_, n)| n).collect();
    assert_eq!(shared, [1, 2, 2, 2, 2, 2, 2]);
}

#[tokio::test]
async fn a_hash_of_today_shares_lanes_with_an_old_cheap_one() {
    let (cheap, stored) = (hashed(&pool(3), "old").await, hashed(&pool(10), "new").await);
    let Busy { pool, open, recorder } = Busy::start(2);
    let (old, new) = ("old".into(), "new".into());
    let old = queued(pool.verify(&old, Some(&cheap)));
    let new = queued(pool.verify(&new, Some(&stored)));
    drop(open);
    assert_eq!(old.await, Ok(Verdict { matches: true, outdated: true }));
    assert_eq!(new.await, Ok(Verdict { matches: true, outdated: false }));
    assert_eq!(recorded(&recorder), [(JobKind::Login, 2); 2]);
}

#[tokio::test]
async fn the_lane_of_a_new_password_that_is_refused_goes_to_the_next_job() {
    let Busy { pool, open, recorder } = Busy::start(2);
    let any = "any".into();
    let first = queued(pool.verify(&any, None));
    let weak = || Err::<(Password, ()), _>("weak");
    let refused = queued(pool.hash_checked(JobKind::Registration, weak));
    let second = queued(pool.verify(&any, None));
    drop(open);
    assert_eq!(refused.await.unwrap().unwrap_err(), "weak");
    for verified in [first, second] {
        assert!(!verified.await.unwrap().matches);
    }
    let (login, refused) = ((JobKind::Login, 2), (JobKind::Registration, 1));
    assert_eq!(recorded(&recorder), [refused, login, login]);
}

#[tokio::test]
async fn a_panic_costs_one_of_a_pair() {
    let Busy { pool, open, recorder } = Busy::start(2);
    let any = "any".into();
    let verified = queued(pool.verify(&any, None));
    let check = || -> Result<(Password, ()), ()> { panic!("as a test wants it") };
    let panicking = queued(pool.hash_checked(JobKind::Registration, check));
    drop(open);
    assert_eq!(panicking.await.unwrap_err(), PoolError::Panicked);
    assert!(!verified.await.unwrap().matches);
    assert_eq!(recorded(&recorder).len(), 2);
}

#[tokio::test]
async fn one_of_a_pair_is_not_computed_if_its_asker_hung_up_meanwhile() {
    let Busy { pool, open, recorder } = Busy::start(2);
    let any = "any".into();
    let hangs_up = queued(pool.verify(&any, None));
    let (checking, checks) = mpsc::channel();
    let (hung_up, hang_up) = mpsc::channel::<()>();
    let new = queued(pool.hash_checked(JobKind::Registration, move || {
        checking.send(()).unwrap();
        assert!(hang_up.recv().is_err());
        accepted()
    }));
    drop(open);
    checks.recv().unwrap();
    // Both have been taken.
    drop(hangs_up);
    drop(hung_up);
    assert!(new.await.unwrap().is_ok());
    assert_eq!(recorded(&recorder), [(JobKind::Registration, 1)]);
    assert_eq!(pool.stats().of(JobKind::Login).abandoned, 1);
}

#[tokio::test]
async fn the_password_of_somebody_who_hung_up_is_not_even_checked() {
    let Busy { pool, open, recorder } = Busy::start(2);
    let any = "any".into();
    let never = || -> Result<(Password, ()), ()> { panic!("nobody waits for it") };
    drop(queued(pool.hash_checked(JobKind::Registration, never)));
    drop(queued(pool.verify(&any, None)));
    let last = queued(pool.verify(&any, None));
    drop(open);
    assert!(!last.await.unwrap().matches);
    assert_eq!(recorded(&recorder), [(JobKind::Login, 1)]);
    let stats = pool.stats();
    assert_eq!(JobKind::ALL.map(|kind| stats.of(kind).abandoned), [1, 1]);
    assert_eq!(stats.of(JobKind::Login).done, 2);
}

#[tokio::test]
async fn what_runs_alone_is_told_how_many_would_have_run_at_once() {
    let Busy { pool, open, .. } = Busy::start(2);
    let any = "any".into();
    let beside_another = queued(pool.alone(JobKind::Login, |lanes| lanes));
    let other = queued(pool.verify(&any, None));
    drop(open);
    assert_eq!(beside_another.await, Ok(2));
    assert!(!other.await.unwrap().matches);
    assert_eq!(pool.alone(JobKind::Login, |lanes| lanes).await, Ok(1));
}
