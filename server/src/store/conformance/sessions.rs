use super::*;
use crate::store::MAX_SESSIONS;

pub(super) async fn a_started_session_is_there_with_its_user_as_they_are_now(
    store: Arc<dyn Store>,
) {
    let ada = added(&*store, "ada").await;
    store.edit_user(ada.id, roles(&["editor"]), None, at(0)).await.unwrap();
    let new = login(&ada);
    let found = store.start_session(new.clone()).await.unwrap().unwrap();
    assert_eq!(found, User { roles: vec!["editor".to_owned()], ..ada.clone() });
    assert_eq!(store.session(new.session.id).await.unwrap(), Some(new.session.clone()));
    assert_eq!(store.sessions_of(ada.id, at(1).now).await.unwrap(), [new.session]);
    assert_eq!(store.session(SessionId::new(at(0).now)).await.unwrap(), None);
}

pub(super) async fn a_login_is_void_if_the_user_is_gone_disabled_or_has_another_password(
    store: Arc<dyn Store>,
) {
    let (ada, bob, carl) =
        (added(&*store, "ada").await, added(&*store, "bob").await, added(&*store, "carl").await);
    store.set_password(ada.id, "another".into(), at(0)).await.unwrap();
    store.edit_user(bob.id, disabling(true), None, at(0)).await.unwrap();
    store.delete_user(carl.id, None, at(0)).await.unwrap();
    for user in [&ada, &bob, &carl] {
        let new = NewSession { address: "elsewhere".to_owned(), ..login(user) };
        assert_eq!(store.start_session(new).await.unwrap(), None, "{}", user.username);
        assert!(live_sessions(&*store, user).await.is_empty());
        assert!(!store.is_known_address(&user.username_key, "elsewhere").await.unwrap());
    }
    let ada = store.user_by_id(ada.id).await.unwrap().unwrap();
    assert_eq!(store.start_session(login(&ada)).await.unwrap(), Some(ada));
}

pub(super) async fn a_renewed_hash_is_kept_and_is_the_same_password(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let renewed = Verified {
        version: 0,
        renewed: Some("renewed".into()),
        amr: vec!["pwd".to_owned()],
        factor: None,
    };
    let new = NewSession { verified: renewed, ..login(&ada) };
    let found = store.start_session(new).await.unwrap().unwrap();
    assert_eq!(found, User { password_hash: "renewed".into(), ..ada.clone() });
    assert_eq!(store.user_by_id(ada.id).await.unwrap(), Some(found));
    signed_in(&*store, &ada).await;
}

pub(super) async fn one_session_too_many_ends_the_one_that_was_not_used_for_the_longest_time(
    store: Arc<dyn Store>,
) {
    let ada = added(&*store, "ada").await;
    let mut ids = Vec::new();
    for n in 0..MAX_SESSIONS {
        let mut new = login(&ada);
        new.session.refreshed_at = at(if n == 7 { 0 } else { 1 }).now;
        ids.push(new.session.id);
        store.start_session(new).await.unwrap();
    }
    assert!(!ids.iter().any(|id| store.is_revoked(*id)));
    signed_in(&*store, &ada).await;
    let ended: Vec<_> = ids.iter().filter(|id| store.is_revoked(**id)).collect();
    assert_eq!(ended, [&ids[7]]);
    assert_eq!(live_sessions(&*store, &ada).await.len(), MAX_SESSIONS);
}

pub(super) async fn the_last_addresses_are_remembered(store: Arc<dyn Store>) {
    let ada = user("ada");
    store.create_user(ada.clone(), Some("cradle".to_owned())).await.unwrap();
    let known = async |address: &str| store.is_known_address("ada", address).await.unwrap();
    assert!(known("cradle").await && !known("home").await);
    for n in 0..16 {
        let address = format!("address {n}");
        store.start_session(NewSession { address, ..login(&ada) }).await.unwrap().unwrap();
    }
    for n in 0..16 {
        assert!(known(&format!("address {n}")).await, "{n}");
    }
    assert!(!store.is_known_address("bob", "address 1").await.unwrap());
}

pub(super) async fn expired_sessions_are_there_but_not_listed(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let id = signed_in(&*store, &ada).await;
    assert_eq!(store.sessions_of(ada.id, at(999).now).await.unwrap().len(), 1);
    assert_eq!(store.sessions_of(ada.id, at(1000).now).await.unwrap(), []);
    assert!(store.session(id).await.unwrap().is_some());
}

pub(super) async fn a_new_proof_is_noted(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let id = signed_in(&*store, &ada).await;
    let renewed = Verified {
        version: 0,
        renewed: Some("renewed".into()),
        amr: vec!["pwd".to_owned()],
        factor: None,
    };
    let (session, user) = store.reauthenticate(id, renewed, at(60)).await.unwrap().unwrap();
    assert_eq!((session.id, session.auth_time), (id, at(60).now));
    assert_eq!(user.password_hash.expose(), "renewed");
    assert_eq!(store.session(id).await.unwrap(), Some(session));
    assert_eq!(store.user_by_id(ada.id).await.unwrap(), Some(user));
}

pub(super) async fn a_proof_is_void_where_a_login_would_be(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let (id, ended) = (signed_in(&*store, &ada).await, signed_in(&*store, &ada).await);
    store.end_session(ended, at(0)).await.unwrap();
    let proven = async |id, version, seconds| {
        let verified =
            Verified { version, renewed: None, amr: vec!["pwd".to_owned()], factor: None };
        store.reauthenticate(id, verified, at(seconds)).await.unwrap().is_some()
    };
    assert!(!proven(ended, 0, 1).await, "it has ended");
    assert!(!proven(id, 1, 1).await, "another password");
    assert!(!proven(id, 0, 1000).await, "it has expired");
    assert!(proven(id, 0, 999).await);
}

pub(super) async fn ended_sessions_are_counted_and_others_stay(store: Arc<dyn Store>) {
    let (ada, bob) = (added(&*store, "ada").await, added(&*store, "bob").await);
    let ended = [signed_in(&*store, &ada).await, signed_in(&*store, &ada).await];
    let kept = signed_in(&*store, &bob).await;
    assert_eq!(store.end_sessions(ada.id, None, at(0)).await.unwrap(), 2);
    assert_eq!(store.end_sessions(ada.id, None, at(0)).await.unwrap(), 0);
    assert!(ended.iter().all(|id| store.is_revoked(*id)));
    assert_eq!(live_sessions(&*store, &bob).await, [kept]);
}

pub(super) async fn a_user_who_ends_their_other_sessions_keeps_the_one_and_the_offers(
    store: Arc<dyn Store>,
) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let by = actor(&*store, &boss).await;
    let other = signed_in(&*store, &boss).await;
    store.offer_reset(offer(&ada, by, 7)).await.unwrap();
    assert_eq!(store.end_other_sessions(by, at(0)).await.unwrap(), 1);
    assert_eq!(live_sessions(&*store, &boss).await, [by.session]);
    assert!(store.is_revoked(other) && is_open(&*store, 7).await);
}

pub(super) async fn who_else_ends_a_user_s_sessions_ends_the_offers_they_made(
    store: Arc<dyn Store>,
) {
    let (boss, eve) = (added_admin(&*store, "boss").await, added_admin(&*store, "eve").await);
    let ada = added(&*store, "ada").await;
    let by = actor(&*store, &boss).await;
    for (asker, stays) in [(None, false), (Some(by), false)] {
        let of_eve = actor(&*store, &eve).await;
        store.offer_reset(offer(&ada, of_eve, 7)).await.unwrap();
        store.end_sessions(eve.id, asker, at(0)).await.unwrap();
        assert_eq!(is_open(&*store, 7).await, stays, "{asker:?}");
    }
    store.offer_reset(offer(&ada, by, 7)).await.unwrap();
    store.end_sessions(boss.id, Some(by), at(0)).await.unwrap();
    assert!(is_open(&*store, 7).await, "they asked themselves");
}

pub(super) async fn one_session_of_a_user_ends_and_the_others_stay(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let by = actor(&*store, &boss).await;
    let (ended, kept) = (signed_in(&*store, &ada).await, signed_in(&*store, &ada).await);
    store.end_session_of(ada.id, ended, Some(stale(by)), at(1)).await.unwrap();
    assert!(store.is_revoked(ended));
    assert_eq!(live_sessions(&*store, &ada).await, [kept]);
    let no_session = |error: EditUserError| matches!(error, EditUserError::NoSession);
    for (user, session, seconds) in
        [(ada.id, ended, 1), (ada.id, by.session, 1), (ada.id, kept, 1000), (boss.id, kept, 1)]
    {
        let refused = store.end_session_of(user, session, None, at(seconds)).await;
        assert!(no_session(refused.unwrap_err()), "{session} at {seconds}");
    }
    assert!(!store.is_revoked(kept) && !store.is_revoked(by.session));
}

pub(super) async fn who_ends_a_session_of_an_admin_is_fresh_and_ends_the_offers(
    store: Arc<dyn Store>,
) {
    let (boss, eve) = (added_admin(&*store, "boss").await, added_admin(&*store, "eve").await);
    let bob = added(&*store, "bob").await;
    let (by, of_eve) = (actor(&*store, &boss).await, actor(&*store, &eve).await);
    store.offer_reset(offer(&bob, of_eve, 7)).await.unwrap();
    let end = async |by| store.end_session_of(eve.id, of_eve.session, Some(by), at(1)).await;
    assert!(matches!(end(stale(by)).await.unwrap_err(), EditUserError::NotFresh));
    let mallory = actor(&*store, &bob).await;
    assert!(matches!(end(mallory).await.unwrap_err(), EditUserError::NoAdmin));
    assert!(is_open(&*store, 7).await && !store.is_revoked(of_eve.session));
    end(by).await.unwrap();
    assert!(!is_open(&*store, 7).await && store.is_revoked(of_eve.session));
}

pub(super) async fn all_sessions_of_everybody_end_and_all_offers(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    for is_operator in [false, true] {
        let by = actor(&*store, &boss).await;
        store.offer_reset(offer(&ada, by, 7)).await.unwrap();
        let mut ids = vec![by.session];
        for user in [&ada, &ada] {
            ids.push(signed_in(&*store, user).await);
        }
        let mallory = actor(&*store, &ada).await;
        for (by, is_due) in [
            (stale(by), (|error| matches!(error, EditUserError::NotFresh)) as fn(&_) -> _),
            (mallory, |error| matches!(error, EditUserError::NoAdmin)),
        ] {
            let refused = store.end_all_sessions(Some(by), at(1)).await.unwrap_err();
            assert!(is_due(&refused), "{refused:?}");
        }
        assert!(is_open(&*store, 7).await && !store.is_revoked(by.session));
        let by = Some(by).filter(|_| !is_operator);
        assert_eq!(store.end_all_sessions(by, at(1)).await.unwrap(), 4);
        assert!(ids.iter().all(|id| store.is_revoked(*id)));
        assert!(live_sessions(&*store, &ada).await.is_empty() && !is_open(&*store, 7).await);
        assert_eq!(store.counts().await.unwrap().sessions, 0);
        assert!(store.open_resets(at(1).now).await.unwrap().is_empty());
    }
}
