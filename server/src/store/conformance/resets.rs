use super::*;

pub(super) async fn an_offer_is_taken_up_once_and_does_what_a_new_password_does(
    store: Arc<dyn Store>,
) {
    let (boss, eve) = (added_admin(&*store, "boss").await, added_admin(&*store, "eve").await);
    let bob = added(&*store, "bob").await;
    let (by, of_eve) = (actor(&*store, &boss).await, actor(&*store, &eve).await);
    store.offer_reset(offer(&eve, by, 7)).await.unwrap();
    store.offer_reset(offer(&bob, of_eve, 8)).await.unwrap();
    assert_eq!(store.reset_offered([7; 32], at(1).now).await.unwrap(), Some(eve.clone()));
    assert_eq!(store.take_up_reset([6; 32], "new".into(), at(1)).await.unwrap(), None);
    let taken = store.take_up_reset([7; 32], "new".into(), at(1)).await.unwrap();
    assert_eq!(taken, Some(eve.id));
    let found = store.user_by_id(eve.id).await.unwrap().unwrap();
    assert_eq!(found.password_hash.expose(), "new");
    assert!(store.is_revoked(of_eve.session));
    assert!(!is_open(&*store, 7).await && !is_open(&*store, 8).await);
    assert_eq!(store.take_up_reset([7; 32], "again".into(), at(1)).await.unwrap(), None);
}

pub(super) async fn a_new_offer_ends_the_one_before(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let by = actor(&*store, &boss).await;
    store.offer_reset(offer(&ada, by, 7)).await.unwrap();
    store.offer_reset(offer(&ada, by, 8)).await.unwrap();
    assert!(!is_open(&*store, 7).await && is_open(&*store, 8).await);
    assert_eq!(store.open_resets(at(1).now).await.unwrap().len(), 1);
}

pub(super) async fn open_offers_are_listed_in_the_order_in_which_they_were_made(
    store: Arc<dyn Store>,
) {
    let (boss, eve) = (added_admin(&*store, "boss").await, added_admin(&*store, "eve").await);
    let (of_boss, of_eve) = (actor(&*store, &boss).await, actor(&*store, &eve).await);
    let mut ids = Vec::new();
    for (name, made, hash) in [("last", 30, 1), ("first", 10, 2), ("second", 20, 3)] {
        let user = added(&*store, name).await;
        let made = ResetOffer { created_at: at(made).now, ..offer(&user, of_boss, hash) };
        store.offer_reset(made).await.unwrap();
        ids.push(user.id);
    }
    let expired = added(&*store, "expired").await;
    let made = ResetOffer { expires_at: at(40).now, ..offer(&expired, of_boss, 4) };
    store.offer_reset(made).await.unwrap();
    let void = added(&*store, "void").await;
    store.offer_reset(offer(&void, of_eve, 5)).await.unwrap();
    store.delete_user(eve.id, None, at(0)).await.unwrap();

    let open = store.open_resets(at(40).now).await.unwrap();
    let found: Vec<_> = open.iter().map(|open| open.user.id).collect();
    assert_eq!(found, [ids[1], ids[2], ids[0]]);
    assert!(open.iter().all(|open| open.by.id == boss.id && open.expires_at == at(500).now));
    assert_eq!(open[0].created_at, at(10).now);
}

pub(super) async fn an_offer_is_void_once_it_has_expired(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    store.offer_reset(offer(&ada, actor(&*store, &boss).await, 7)).await.unwrap();
    assert!(store.reset_offered([7; 32], at(499).now).await.unwrap().is_some());
    assert!(store.reset_offered([7; 32], at(500).now).await.unwrap().is_none());
    assert_eq!(store.take_up_reset([7; 32], "new".into(), at(500)).await.unwrap(), None);
    assert!(store.take_up_reset([7; 32], "new".into(), at(499)).await.unwrap().is_some());
}

pub(super) async fn an_offer_is_void_once_its_maker_is_no_active_admin(store: Arc<dyn Store>) {
    added_admin(&*store, "boss").await;
    let (eve, ada) = (added_admin(&*store, "eve").await, added(&*store, "ada").await);
    store.offer_reset(offer(&ada, actor(&*store, &eve).await, 7)).await.unwrap();
    store.edit_user(eve.id, roles(&[]), None, at(0)).await.unwrap();
    assert_eq!(store.take_up_reset([7; 32], "new".into(), at(1)).await.unwrap(), None);
    assert!(store.open_resets(at(1).now).await.unwrap().is_empty());
}

pub(super) async fn an_offer_is_withdrawn_once(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let by = actor(&*store, &boss).await;
    store.offer_reset(offer(&ada, by, 7)).await.unwrap();
    store.withdraw_reset(ada.id, Some(by), at(1).now).await.unwrap();
    assert!(!is_open(&*store, 7).await);
    let again = store.withdraw_reset(ada.id, Some(by), at(1).now).await;
    assert!(matches!(again, Err(EditUserError::NoOffer)), "{again:?}");
}

pub(super) async fn a_void_offer_is_withdrawn_and_counts_as_none(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    store.offer_reset(offer(&ada, actor(&*store, &boss).await, 7)).await.unwrap();
    let late = store.withdraw_reset(ada.id, None, at(500).now).await;
    assert!(matches!(late, Err(EditUserError::NoOffer)), "{late:?}");
    assert!(!is_open(&*store, 7).await, "the clock was set back");
}

pub(super) async fn nobody_gets_an_offer(store: Arc<dyn Store>) {
    let boss = added_admin(&*store, "boss").await;
    let refused = store.offer_reset(offer(&user("nobody"), actor(&*store, &boss).await, 7)).await;
    assert!(matches!(refused, Err(EditUserError::NotFound)), "{refused:?}");
    assert!(store.open_resets(at(1).now).await.unwrap().is_empty());
}
