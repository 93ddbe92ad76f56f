use super::*;

/// What all operations answer that ask for an actor.
async fn ask_for_everything(store: &dyn Store, by: Actor, to: &User) -> Vec<EditUserError> {
    let id = to.id;
    let outcomes = [
        store.edit_user(id, roles(&["editor"]), Some(by), at(0)).await.map(drop),
        store.offer_reset(offer(to, by, 9)).await,
        store.withdraw_reset(id, Some(by), at(0).now).await,
        store.end_sessions(id, Some(by), at(0)).await.map(drop),
        store.end_session_of(id, by.session, Some(by), at(0)).await,
        store.end_all_sessions(Some(by), at(0)).await.map(drop),
        store.end_other_sessions(by, at(0)).await.map(drop),
        store.change_password(by, 0, "new".into(), at(0)).await,
        store.delete_user(id, Some(by), at(0)).await.map(drop),
    ];
    let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 9, "{refused:?}");
    refused
}

pub(super) async fn who_has_lost_the_role_or_the_session_changes_nothing(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let kept = signed_in(&*store, &ada).await;
    store.offer_reset(offer(&ada, actor(&*store, &boss).await, 7)).await.unwrap();
    for (name, edit) in
        [("demoted", Some(roles(&[]))), ("disabled", Some(disabling(true))), ("out", None)]
    {
        let mallory = added_admin(&*store, name).await;
        let by = actor(&*store, &mallory).await;
        let is_due = |error: &EditUserError| match name {
            "demoted" => matches!(error, EditUserError::NoAdmin),
            _ => matches!(error, EditUserError::SessionEnded),
        };
        match edit {
            Some(edit) => drop(store.edit_user(by.user, edit, None, at(0)).await.unwrap()),
            None => store.end_session(by.session, at(0)).await.unwrap(),
        }
        let refused = ask_for_everything(&*store, by, &ada).await;
        assert!(refused.iter().all(is_due), "{name}: {refused:?}");
    }
    assert_eq!(store.user_by_id(ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(live_sessions(&*store, &ada).await, [kept]);
    assert!(is_open(&*store, 7).await && !is_open(&*store, 9).await);
}

pub(super) async fn who_is_no_admin_changes_nobody_but_themselves(store: Arc<dyn Store>) {
    let no_admin = |error: EditUserError| matches!(error, EditUserError::NoAdmin);
    let boss = added_admin(&*store, "boss").await;
    let (ada, mallory) = (added(&*store, "ada").await, added(&*store, "mallory").await);
    let kept = signed_in(&*store, &ada).await;
    store.offer_reset(offer(&ada, actor(&*store, &boss).await, 7)).await.unwrap();
    let by = actor(&*store, &mallory).await;
    let edit = roles(&[ADMIN_ROLE]);
    for user in [&ada, &mallory] {
        let edited = store.edit_user(user.id, edit.clone(), Some(by), at(0)).await;
        assert!(no_admin(edited.unwrap_err()));
        assert!(no_admin(store.offer_reset(offer(user, by, 9)).await.unwrap_err()));
        let withdrawn = store.withdraw_reset(user.id, Some(by), at(0).now).await;
        assert!(no_admin(withdrawn.unwrap_err()));
    }
    assert!(no_admin(store.end_sessions(ada.id, Some(by), at(0)).await.unwrap_err()));
    assert!(no_admin(store.delete_user(ada.id, Some(by), at(0)).await.unwrap_err()));
    assert_eq!(store.user_by_id(ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(live_sessions(&*store, &ada).await, [kept]);
    assert!(is_open(&*store, 7).await && !is_open(&*store, 9).await);
    store.delete_user(mallory.id, Some(by), at(0)).await.unwrap();
}

/// Between the head of a request and its effect somebody else may make an admin of the user.
pub(super) async fn freshness_is_judged_by_what_the_user_is_when_the_change_is_made(
    store: Arc<dyn Store>,
) {
    let (boss, bob) = (added_admin(&*store, "boss").await, added(&*store, "bob").await);
    let fresh = actor(&*store, &boss).await;
    let edit = async |edit, by| store.edit_user(bob.id, edit, Some(by), at(0)).await;
    let not_fresh = |error: EditUserError| matches!(error, EditUserError::NotFresh);
    edit(roles(&["editor"]), stale(fresh)).await.unwrap();
    assert!(not_fresh(edit(roles(&["admin"]), stale(fresh)).await.unwrap_err()));
    edit(roles(&["admin"]), fresh).await.unwrap();
    assert!(not_fresh(edit(roles(&["editor"]), stale(fresh)).await.unwrap_err()));
    edit(roles(&["editor"]), fresh).await.unwrap();
    edit(disabling(true), stale(fresh)).await.unwrap();
    assert!(not_fresh(edit(disabling(false), stale(fresh)).await.unwrap_err()));
    edit(disabling(false), fresh).await.unwrap();
}

pub(super) async fn a_stale_admin_does_not_touch_sessions_or_offers_of_an_admin(
    store: Arc<dyn Store>,
) {
    let (boss, bob) = (added_admin(&*store, "boss").await, added(&*store, "bob").await);
    let fresh = actor(&*store, &boss).await;
    for (user, refused) in [(&bob, false), (&boss, true)] {
        store.offer_reset(offer(user, fresh, 7)).await.unwrap();
        let withdrawn = store.withdraw_reset(user.id, Some(stale(fresh)), at(1).now).await;
        assert_eq!(matches!(withdrawn, Err(EditUserError::NotFresh)), refused, "{withdrawn:?}");
        assert_eq!(is_open(&*store, 7).await, refused);
        let ended = store.end_sessions(user.id, Some(stale(fresh)), at(0)).await;
        assert_eq!(matches!(ended, Err(EditUserError::NotFresh)), refused, "{ended:?}");
    }
    assert_eq!(live_sessions(&*store, &boss).await, [fresh.session]);
}

pub(super) async fn without_an_actor_the_operator_asks_who_may_do_anything(store: Arc<dyn Store>) {
    let boss = added_admin(&*store, "boss").await;
    let bob = added(&*store, "bob").await;
    store.edit_user(bob.id, roles(&["admin"]), None, at(0)).await.unwrap();
    store.edit_user(bob.id, disabling(true), None, at(0)).await.unwrap();
    store.edit_user(bob.id, disabling(false), None, at(0)).await.unwrap();
    let by = actor(&*store, &boss).await;
    store.offer_reset(offer(&bob, by, 7)).await.unwrap();
    store.withdraw_reset(bob.id, None, at(1).now).await.unwrap();
    assert_eq!(store.end_sessions(boss.id, None, at(0)).await.unwrap(), 1);
    store.delete_user(boss.id, None, at(0)).await.unwrap();
}
