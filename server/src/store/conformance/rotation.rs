use super::*;

pub(super) async fn the_current_token_is_exchanged_for_the_next_one(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let id = signed_in(&*store, &ada).await;
    for generation in 0..3 {
        let seconds = i64::from(generation) * 600;
        let rotation = store.refresh(presented(id, generation, seconds)).await.unwrap();
        let Rotation::Rotated(session, user) = rotation else { panic!("{rotation:?}") };
        assert_eq!((session.id, session.generation), (id, generation + 1));
        assert_eq!(
            (session.refreshed_at, session.expires_at),
            (at(seconds).now, at(seconds + 1000).now)
        );
        assert_eq!((session.user_agent.as_str(), &user), ("browser", &ada));
        assert_eq!(store.session(id).await.unwrap(), Some(session));
    }
}

pub(super) async fn the_token_before_is_good_again_if_its_answer_was_lost(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let id = signed_in(&*store, &ada).await;
    store.refresh(presented(id, 0, 100)).await.unwrap();
    let again = store.refresh(presented(id, 0, 900)).await.unwrap();
    let Rotation::Resent(session, _) = again else { panic!("{again:?}") };
    assert_eq!((session.generation, session.expires_at), (1, at(1100).now));
    // There is one more access token.
    assert_eq!(session.tokens_expired_at, at(900).tokens_expired_at);
    assert_eq!(store.session(id).await.unwrap(), Some(session));
}

pub(super) async fn the_token_before_is_good_for_a_moment_once_its_successor_was_presented(
    store: Arc<dyn Store>,
) {
    let ada = added(&*store, "ada").await;
    let id = signed_in(&*store, &ada).await;
    for generation in 0..2 {
        store.refresh(presented(id, generation, 100)).await.unwrap();
    }
    let moment_later = store.refresh(presented(id, 0, 109)).await.unwrap();
    assert!(matches!(moment_later, Rotation::Raced(session, _) if session.generation == 2));
    assert!(matches!(store.refresh(presented(id, 0, 110)).await.unwrap(), Rotation::Reused));
}

/// A primary that is gone acknowledged the rotation to the token, and the store never heard of it.
pub(super) async fn the_token_after_the_current_one_counts_as_current(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let id = signed_in(&*store, &ada).await;
    let rotation = store.refresh(presented(id, 1, 100)).await.unwrap();
    assert!(matches!(rotation, Rotation::Rotated(session, _) if session.generation == 2));
    // Its answer was lost, too, and the client asks a node whose clock is late.
    for seconds in [900, 10] {
        let again = store.refresh(presented(id, 1, seconds)).await.unwrap();
        assert!(matches!(again, Rotation::Resent(session, _) if session.generation == 2));
    }
    let rotation = store.refresh(presented(id, 2, 900)).await.unwrap();
    assert!(matches!(rotation, Rotation::Rotated(session, _) if session.generation == 3));
    assert!(!store.is_revoked(id));
}

pub(super) async fn a_copy_ends_the_session_and_the_offers_its_user_made(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let (by, other) = (actor(&*store, &boss).await, signed_in(&*store, &boss).await);
    store.offer_reset(offer(&ada, by, 7)).await.unwrap();
    for generation in 0..2 {
        store.refresh(presented(by.session, generation, 100)).await.unwrap();
    }
    let copy = store.refresh(presented(by.session, 0, 200)).await.unwrap();
    assert!(matches!(copy, Rotation::Reused), "{copy:?}");
    assert!(store.is_revoked(by.session) && !is_open(&*store, 7).await);
    assert_eq!(live_sessions(&*store, &boss).await, [other]);
    let current = store.refresh(presented(by.session, 2, 200)).await.unwrap();
    assert!(matches!(current, Rotation::Gone), "{current:?}");
}

pub(super) async fn a_token_of_no_session_is_gone_and_ends_nothing(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let (id, ended) = (signed_in(&*store, &ada).await, signed_in(&*store, &ada).await);
    store.end_session(ended, at(0)).await.unwrap();
    for (presented, why) in [
        (presented(SessionId::new(at(0).now), 0, 1), "it never was"),
        (presented(ended, 0, 1), "it has ended"),
        (presented(id, 0, 1000), "it has expired"),
        (presented(id, 2, 1), "no such token"),
    ] {
        let rotation = store.refresh(presented).await.unwrap();
        assert!(matches!(rotation, Rotation::Gone), "{why}: {rotation:?}");
    }
    assert_eq!(live_sessions(&*store, &ada).await, [id]);
    store.edit_user(ada.id, disabling(true), None, at(0)).await.unwrap();
    assert!(matches!(store.refresh(presented(id, 0, 1)).await.unwrap(), Rotation::Gone));
}
