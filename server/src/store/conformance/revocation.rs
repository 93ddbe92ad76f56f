use super::*;

pub(super) async fn a_session_that_ends_is_revoked_even_if_it_is_not_there(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let (id, kept) = (signed_in(&*store, &ada).await, signed_in(&*store, &ada).await);
    let forgotten = SessionId::new(at(0).now);
    for id in [id, forgotten] {
        assert!(!store.is_revoked(id));
        store.end_session(id, at(0)).await.unwrap();
        assert!(store.is_revoked(id));
    }
    assert_eq!(store.session(id).await.unwrap(), None);
    assert_eq!(live_sessions(&*store, &ada).await, [kept]);
    assert!(!store.is_revoked(kept));
}

pub(super) async fn a_revocation_outlasts_every_token_wherever_the_clock_has_been(
    store: Arc<dyn Store>,
) {
    let ada = added(&*store, "ada").await;
    let id = signed_in(&*store, &ada).await;
    // The clock goes back an hour, and the session ends.
    store.end_session(id, at(-3600)).await.unwrap();
    store.sweep(at(-3600 + 900).now).await.unwrap();
    assert!(store.is_revoked(id), "its token is good until 900");
    store.sweep(at(899).now).await.unwrap();
    assert!(store.is_revoked(id));
    store.sweep(at(900).now).await.unwrap();
    assert!(!store.is_revoked(id));
    assert_eq!(store.counts().await.unwrap().revoked, 0);
}

pub(super) async fn the_sweep_removes_what_has_expired_and_nothing_else(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let expired = [signed_in(&*store, &ada).await, signed_in(&*store, &ada).await];
    let mut kept = login(&boss);
    kept.session.expires_at = at(5000).now;
    let by = Actor { user: boss.id, session: kept.session.id, admin: true, fresh: true };
    store.start_session(kept).await.unwrap().unwrap();
    let bob = added(&*store, "bob").await;
    store.offer_reset(offer(&ada, by, 7)).await.unwrap();
    let lasting = ResetOffer { expires_at: at(2000).now, ..offer(&bob, by, 8) };
    store.offer_reset(lasting).await.unwrap();

    assert_eq!(store.sweep(at(999).now).await.unwrap(), 0);
    assert_eq!(store.sweep(at(1000).now).await.unwrap(), 2);
    for id in expired {
        assert_eq!(store.session(id).await.unwrap(), None);
        assert!(!store.is_revoked(id), "its access tokens have expired");
    }
    assert!(store.session(by.session).await.unwrap().is_some());
    assert!(!is_open(&*store, 7).await && is_open(&*store, 8).await);
    assert_eq!(store.counts().await.unwrap().users, 3);
}

pub(super) async fn every_change_of_a_user_is_another_version_of_them_alone(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let (by, own) = (actor(&*store, &boss).await, actor(&*store, &ada).await);
    let (of_boss, mut last) = (store.user_version(boss.id), store.user_version(ada.id));
    let mut has_grown = |change: &str| {
        let version = store.user_version(ada.id);
        assert!(version > last, "{change}");
        last = version;
    };
    store.edit_user(ada.id, roles(&["editor"]), Some(by), at(0)).await.unwrap();
    has_grown("an edit");
    store.change_password(own, 0, "new".into(), at(0)).await.unwrap();
    has_grown("a changed password");
    store.offer_reset(offer(&ada, by, 7)).await.unwrap();
    store.take_up_reset([7; 32], "newer".into(), at(1)).await.unwrap().unwrap();
    has_grown("a reset");
    store.set_password(ada.id, "newest".into(), at(0)).await.unwrap();
    has_grown("a password that was set");
    store.delete_user(ada.id, Some(by), at(0)).await.unwrap();
    has_grown("a deletion");
    assert_eq!(store.user_version(boss.id), of_boss, "whoever did not change");
}

pub(super) async fn a_new_hash_of_the_same_password_is_no_other_version(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let before = store.user_version(ada.id);
    let renewed = Verified {
        version: 0,
        renewed: Some("renewed".into()),
        amr: vec!["pwd".to_owned()],
        factor: None,
    };
    let new = NewSession { verified: renewed.clone(), ..login(&ada) };
    let id = new.session.id;
    store.start_session(new).await.unwrap().unwrap();
    store.reauthenticate(id, renewed, at(1)).await.unwrap().unwrap();
    assert_eq!(store.user_version(ada.id), before);
    let user = store.user_by_id(ada.id).await.unwrap().unwrap();
    assert_eq!(user.password_hash.expose(), "renewed");
}

pub(super) async fn authority_is_that_of_a_session_of_this_user(store: Arc<dyn Store>) {
    let (ada, bob) = (added(&*store, "ada").await, added(&*store, "bob").await);
    let id = signed_in(&*store, &ada).await;
    let of = async |user: &User| store.authority(id, user.id).await.unwrap();
    let authority = of(&ada).await;
    assert!(authority.has_session && authority.user == Some(ada.clone()), "{authority:?}");
    let authority = of(&bob).await;
    assert!(!authority.has_session && authority.user == Some(bob), "{authority:?}");
    assert!(store.lease().holds());
    store.edit_user(ada.id, disabling(true), None, at(0)).await.unwrap();
    let authority = of(&ada).await;
    assert!(!authority.has_session && authority.user.is_some_and(|user| user.disabled));
    store.delete_user(ada.id, None, at(0)).await.unwrap();
    assert_eq!(of(&ada).await, Authority { has_session: false, user: None });
}
