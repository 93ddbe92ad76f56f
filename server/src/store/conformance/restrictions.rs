use super::*;
use crate::store::{Block, BlockId, MAX_BLOCKS};

pub(super) async fn registration_is_as_the_last_one_said_who_may_say_so(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let (by, of_ada) = (actor(&*store, &boss).await, actor(&*store, &ada).await);
    let restrictions = store.restrictions();
    let is_open = async || {
        let kept = store.restricted().await.unwrap().registration_is_open;
        assert_eq!(restrictions.registration_is_open(), kept);
        kept
    };
    assert_eq!(is_open().await, None);
    store.set_registration(false, Some(by)).await.unwrap();
    assert_eq!(is_open().await, Some(false));
    let refused = store.set_registration(true, Some(stale(by))).await.unwrap_err();
    assert!(matches!(refused, EditUserError::NotFresh), "{refused:?}");
    let refused = store.set_registration(true, Some(of_ada)).await.unwrap_err();
    assert!(matches!(refused, EditUserError::NoAdmin), "{refused:?}");
    assert_eq!(is_open().await, Some(false));
    store.set_registration(true, None).await.unwrap();
    assert_eq!(is_open().await, Some(true));
    store.end_session(by.session, at(0)).await.unwrap();
    let refused = store.set_registration(false, Some(by)).await.unwrap_err();
    assert!(matches!(refused, EditUserError::SessionEnded), "{refused:?}");
    assert_eq!(is_open().await, Some(true));
}

fn block(network: &str, since: i64, until: i64) -> Block {
    let (id, network) = (BlockId::new(at(since).now), network.parse().unwrap());
    Block { id, network, since: at(since).now, until: at(until).now, reason: "a reason".to_owned() }
}

pub(super) async fn a_network_is_blocked_until_its_time_is_over_or_the_block_ends(
    store: Arc<dyn Store>,
) {
    let restrictions = store.restrictions();
    let is_blocked =
        |address: &str, seconds| restrictions.is_blocked(address.parse().unwrap(), at(seconds).now);
    assert!(!restrictions.has_blocks());
    store.set_registration(false, None).await.unwrap();
    let first = store.add_block(block("192.0.2.0/24", 0, 100), None).await.unwrap();
    store.add_block(block("2001:db8::/64", 1, 50), None).await.unwrap();
    assert!(is_blocked("192.0.2.9", 99) && !is_blocked("192.0.2.9", 100));
    assert!(is_blocked("2001:db8::9", 49) && !is_blocked("2001:db8::9", 50));
    let longer = store.add_block(block("192.0.2.0/24", 60, 300), None).await.unwrap();
    assert_eq!(longer.id, first.id, "it takes the place of the first");
    assert!(is_blocked("192.0.2.9", 299));
    let kept = store.restricted().await.unwrap();
    assert_eq!(kept.blocks, std::slice::from_ref(&longer), "the one that is over is forgotten");
    assert_eq!(kept.registration_is_open, Some(false));
    assert_eq!(store.remove_block(first.id, None, at(61).now).await.unwrap(), longer);
    assert!(!is_blocked("192.0.2.9", 62) && !restrictions.has_blocks());
    let none = store.remove_block(first.id, None, at(61).now).await.unwrap_err();
    assert!(matches!(none, EditUserError::NoBlock), "{none:?}");
    let over = store.add_block(block("192.0.2.0/24", 70, 80), None).await.unwrap();
    let none = store.remove_block(over.id, None, at(80).now).await.unwrap_err();
    assert!(matches!(none, EditUserError::NoBlock), "{none:?}");
}

pub(super) async fn only_a_fresh_admin_or_an_operator_blocks_and_not_too_many(
    store: Arc<dyn Store>,
) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let (by, of_ada) = (actor(&*store, &boss).await, actor(&*store, &ada).await);
    let kept = store.add_block(block("192.0.2.0/24", 0, 100), Some(by)).await.unwrap();
    for (by, is_due) in [
        (stale(by), (|error| matches!(error, EditUserError::NotFresh)) as fn(&_) -> _),
        (of_ada, |error| matches!(error, EditUserError::NoAdmin)),
    ] {
        let refused = store.add_block(block("::/0", 0, 100), Some(by)).await.unwrap_err();
        assert!(is_due(&refused), "{refused:?}");
        let refused = store.remove_block(kept.id, Some(by), at(1).now).await.unwrap_err();
        assert!(is_due(&refused), "{refused:?}");
    }
    assert_eq!(store.restricted().await.unwrap().blocks, [kept]);
    for n in 1..MAX_BLOCKS {
        let network = format!("10.0.{}.{}/32", n / 256, n % 256);
        store.add_block(block(&network, 0, 100), None).await.unwrap();
    }
    let refused = store.add_block(block("::/0", 0, 100), None).await.unwrap_err();
    assert!(matches!(refused, EditUserError::TooManyBlocks), "{refused:?}");
    store.add_block(block("192.0.2.0/24", 0, 200), Some(by)).await.unwrap();
    store.add_block(block("::/0", 100, 200), Some(by)).await.unwrap();
    assert_eq!(store.restricted().await.unwrap().blocks.len(), 2);
}
