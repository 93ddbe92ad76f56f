use super::*;

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
