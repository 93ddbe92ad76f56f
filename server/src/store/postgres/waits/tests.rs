use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use anyhow::bail;

use super::*;

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

/// What the others have applied, as it is read: this number, or a failure if it is negative.
#[derive(Default)]
struct Others {
    applied: AtomicI64,
    reads: AtomicUsize,
}

fn waits(others: &Arc<Others>) -> Arc<Waits> {
    let others = Arc::clone(others);
    Waits::new(Box::new(move || {
        let others = Arc::clone(&others);
        Box::pin(async move {
            others.reads.fetch_add(1, Ordering::Relaxed);
            match others.applied.load(Ordering::Relaxed) {
                ..0 => bail!("on purpose"),
                0 => Ok(None),
                applied => Ok(Some(applied)),
            }
        })
    }))
}

#[tokio::test(start_paused = true)]
async fn each_waits_until_the_others_have_come_to_its_number() {
    let others = Arc::new(Others { applied: AtomicI64::new(6), ..Others::default() });
    let waits = waits(&others);
    waits.until_applied(6, LONG).await;
    let mut late = Box::pin(waits.until_applied(8, LONG));
    let mut soon = Box::pin(waits.until_applied(7, LONG));
    assert!(futures_util::poll!(&mut late).is_pending());
    assert!(futures_util::poll!(&mut soon).is_pending());
    others.applied.store(7, Ordering::Relaxed);
    soon.await;
    assert!(futures_util::poll!(&mut late).is_pending());
    others.applied.store(-1, Ordering::Relaxed);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(futures_util::poll!(&mut late).is_pending(), "it can't be read");
    others.applied.store(0, Ordering::Relaxed);
    late.await;
}

#[tokio::test]
async fn a_lease_is_outlasted_where_somebody_is_silent() {
    let others = Arc::new(Others { applied: AtomicI64::new(6), ..Others::default() });
    let (lease, begun) = (Duration::from_millis(30), BootTime::now());
    waits(&others).until_applied(7, lease).await;
    assert!(BootTime::now().since(begun) >= outlasting(lease));
}

/// An answer that was read before a commit says nothing about who joined before it.
#[tokio::test(start_paused = true)]
async fn nothing_is_read_while_nobody_waits_and_nothing_old_counts() {
    let others = Arc::new(Others::default());
    let waits = waits(&others);
    waits.until_applied(7, LONG).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::task::yield_now().await;
    assert_eq!(others.reads.load(Ordering::Relaxed), 1);
    others.applied.store(6, Ordering::Relaxed);
    assert!(futures_util::poll!(Box::pin(waits.until_applied(7, LONG))).is_pending());
}
