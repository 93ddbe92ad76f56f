use super::*;

pub(super) async fn a_password_that_is_set_ends_sessions_and_offers(store: Arc<dyn Store>) {
    let (boss, eve) = (added_admin(&*store, "boss").await, added_admin(&*store, "eve").await);
    let bob = added(&*store, "bob").await;
    let (of_boss, of_eve) = (actor(&*store, &boss).await, actor(&*store, &eve).await);
    store.offer_reset(offer(&eve, of_boss, 7)).await.unwrap();
    store.offer_reset(offer(&bob, of_eve, 8)).await.unwrap();
    assert!(store.set_password(eve.id, "new".into(), at(0)).await.unwrap());
    let found = store.user_by_id(eve.id).await.unwrap().unwrap();
    assert_eq!(found.password_hash.expose(), "new");
    assert_ne!(found.password_version, eve.password_version);
    assert!(store.is_revoked(of_eve.session) && live_sessions(&*store, &eve).await.is_empty());
    assert!(!is_open(&*store, 7).await && !is_open(&*store, 8).await);
    assert_eq!(live_sessions(&*store, &boss).await, [of_boss.session]);
}

pub(super) async fn a_password_is_set_of_a_user_who_is_there(store: Arc<dyn Store>) {
    assert!(!store.set_password(UserId::new(at(0).now), "new".into(), at(0)).await.unwrap());
}

pub(super) async fn a_changed_password_keeps_the_actor_s_session_and_ends_the_others(
    store: Arc<dyn Store>,
) {
    let (boss, eve) = (added_admin(&*store, "boss").await, added_admin(&*store, "eve").await);
    let bob = added(&*store, "bob").await;
    let (of_boss, by) = (actor(&*store, &boss).await, actor(&*store, &eve).await);
    let other = signed_in(&*store, &eve).await;
    store.offer_reset(offer(&eve, of_boss, 7)).await.unwrap();
    store.offer_reset(offer(&bob, by, 8)).await.unwrap();
    store.change_password(by, 0, "new".into(), at(0)).await.unwrap();
    assert_eq!(live_sessions(&*store, &eve).await, [by.session]);
    assert!(store.is_revoked(other) && !store.is_revoked(by.session));
    assert!(!is_open(&*store, 7).await && !is_open(&*store, 8).await);
}

pub(super) async fn a_password_that_was_changed_meanwhile_is_not_changed_again(
    store: Arc<dyn Store>,
) {
    let ada = added(&*store, "ada").await;
    let by = actor(&*store, &ada).await;
    store.change_password(by, 0, "first".into(), at(0)).await.unwrap();
    let late = store.change_password(by, 0, "second".into(), at(0)).await;
    assert!(matches!(late, Err(EditUserError::PasswordChanged)), "{late:?}");
    let found = store.user_by_id(ada.id).await.unwrap().unwrap();
    assert_eq!(found.password_hash.expose(), "first");
}
