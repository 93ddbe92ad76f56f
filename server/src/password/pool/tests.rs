use super::*;

fn pool(iterations: u32) -> Pool {
    Pool::start(NonZeroU32::new(iterations).unwrap()).unwrap()
}

fn password(text: &str) -> Password {
    Password::prepare(&text.into()).unwrap()
}

#[tokio::test]
async fn only_the_right_password_matches() {
    let pool = pool(10);
    let stored = pool.hash(password("right")).await.unwrap();
    let verdict = pool.verify(Some(password("right")), Some(&stored)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, outdated: false });
    for (given, stored) in [
        (Some(password("wrong")), Some(&stored)),
        (Some(password("right")), None),
        (None, Some(&stored)),
        (None, None),
    ] {
        assert!(!pool.verify(given, stored).await.unwrap().matches);
    }
}

#[tokio::test]
async fn equal_passwords_get_different_salts() {
    let pool = pool(1);
    let first = pool.hash(password("the same")).await.unwrap();
    let second = pool.hash(password("the same")).await.unwrap();
    assert_ne!(first.to_phc().expose(), second.to_phc().expose());
}

#[tokio::test]
async fn a_cheaper_hash_matches_and_is_called_outdated() {
    let stored = pool(1).hash(password("old")).await.unwrap();
    let verdict = pool(5).verify(Some(password("old")), Some(&stored)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, outdated: true });
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let (queue, _jobs) = crossbeam_channel::bounded(1);
    let iterations = NonZeroU32::new(1).unwrap();
    let pool = Pool {
        queue,
        iterations,
        dearest: AtomicU32::new(1),
        decoy: decoy(iterations).unwrap(),
        per_hash: Duration::from_secs(3),
        threads: 1,
    };
    let queued = pool.verify(None, None);
    let refused = async { pool.verify(None, None).await.unwrap_err() };
    tokio::select! {
        biased;
        _ = queued => panic!("nobody works here"),
        refused = refused => assert_eq!(
            refused,
            PoolError::Overloaded { retry_after: Duration::from_secs(3) }
        ),
    }
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
