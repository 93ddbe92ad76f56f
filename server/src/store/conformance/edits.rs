use super::*;

pub(super) async fn an_edit_changes_what_it_names_and_tells_before_and_after(
    store: Arc<dyn Store>,
) {
    let ada = added(&*store, "ada").await;
    let edited = store.edit_user(ada.id, roles(&["editor"]), None, at(0)).await.unwrap();
    let after = User { roles: vec!["editor".to_owned()], ..ada.clone() };
    assert_eq!((&edited.before, &edited.after), (&ada, &after));
    let edited = store.edit_user(ada.id, disabling(true), None, at(0)).await.unwrap();
    assert_eq!((&edited.before, edited.after.disabled), (&after, true));
    let found = store.user_by_id(ada.id).await.unwrap();
    assert_eq!(found, Some(User { disabled: true, ..after }));
    let unchanged = store.edit_user(ada.id, UserEdit::default(), None, at(0)).await.unwrap();
    assert_eq!(unchanged.before, unchanged.after);
}

pub(super) async fn disabling_a_user_ends_their_sessions_and_the_offer_to_them(
    store: Arc<dyn Store>,
) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let by = actor(&*store, &boss).await;
    let session = signed_in(&*store, &ada).await;
    store.offer_reset(offer(&ada, by, 7)).await.unwrap();
    store.edit_user(ada.id, disabling(true), Some(by), at(0)).await.unwrap();
    assert!(store.is_revoked(session) && live_sessions(&*store, &ada).await.is_empty());
    store.edit_user(ada.id, disabling(false), Some(by), at(0)).await.unwrap();
    assert!(!is_open(&*store, 7).await);
    assert!(!store.is_revoked(by.session));
}

pub(super) async fn offers_end_when_their_maker_becomes_or_ceases_to_be_an_admin(
    store: Arc<dyn Store>,
) {
    added_admin(&*store, "boss").await;
    let (eve, bob) = (added_admin(&*store, "eve").await, added(&*store, "bob").await);
    for (lost, regained) in [(roles(&[]), roles(&["admin"])), (disabling(true), disabling(false))] {
        let by = actor(&*store, &eve).await;
        store.offer_reset(offer(&bob, by, 7)).await.unwrap();
        store.edit_user(eve.id, roles(&["admin", "editor"]), None, at(0)).await.unwrap();
        assert!(is_open(&*store, 7).await, "she is an admin still");
        store.edit_user(eve.id, lost, None, at(0)).await.unwrap();
        assert!(!is_open(&*store, 7).await);
        store.edit_user(eve.id, regained, None, at(0)).await.unwrap();
        assert!(!is_open(&*store, 7).await, "an offer of before");
    }
}

pub(super) async fn the_last_active_admin_stays_one(store: Arc<dyn Store>) {
    let (boss, eve) = (added_admin(&*store, "boss").await, added_admin(&*store, "eve").await);
    store.edit_user(eve.id, disabling(true), None, at(0)).await.unwrap();
    let is_last = |error: EditUserError| matches!(error, EditUserError::LastAdmin);
    for edit in [roles(&[]), disabling(true)] {
        assert!(is_last(store.edit_user(boss.id, edit, None, at(0)).await.unwrap_err()));
    }
    assert!(is_last(store.delete_user(boss.id, None, at(0)).await.unwrap_err()));
    assert_eq!(store.user_by_id(boss.id).await.unwrap().as_ref(), Some(&boss));
    store.edit_user(eve.id, disabling(false), None, at(0)).await.unwrap();
    store.delete_user(boss.id, None, at(0)).await.unwrap();
}

pub(super) async fn a_deletion_removes_the_user_their_sessions_and_their_offers(
    store: Arc<dyn Store>,
) {
    let (boss, eve) = (added_admin(&*store, "boss").await, added_admin(&*store, "eve").await);
    let bob = added(&*store, "bob").await;
    let (of_boss, of_eve) = (actor(&*store, &boss).await, actor(&*store, &eve).await);
    store.offer_reset(offer(&eve, of_boss, 7)).await.unwrap();
    store.offer_reset(offer(&bob, of_eve, 8)).await.unwrap();
    let deleted = store.delete_user(eve.id, Some(of_boss), at(0)).await.unwrap();
    assert_eq!(deleted, eve);
    assert_eq!(store.user_by_id(eve.id).await.unwrap(), None);
    assert_eq!(store.user_by_name("eve").await.unwrap(), None);
    assert!(store.is_revoked(of_eve.session) && !store.is_revoked(of_boss.session));
    assert!(live_sessions(&*store, &eve).await.is_empty());
    assert!(!store.is_known_address("eve", "home").await.unwrap());
    assert!(!is_open(&*store, 7).await && !is_open(&*store, 8).await);
    added(&*store, "eve").await;
}

pub(super) async fn nobody_is_neither_edited_nor_deleted(store: Arc<dyn Store>) {
    let nobody = UserId::new(at(0).now);
    let not_found = |error: EditUserError| matches!(error, EditUserError::NotFound);
    assert!(not_found(store.edit_user(nobody, disabling(true), None, at(0)).await.unwrap_err()));
    assert!(not_found(store.delete_user(nobody, None, at(0)).await.unwrap_err()));
    assert!(not_found(store.end_sessions(nobody, None, at(0)).await.unwrap_err()));
    assert!(not_found(store.withdraw_reset(nobody, None, at(0).now).await.unwrap_err()));
}
