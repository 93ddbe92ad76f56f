use super::*;
use crate::store::CreateUserError;

/// How often each race is run: who wins is up to the threads.
const ROUNDS: usize = 20;

/// Runs both on threads of their own. Which one starts first depends on the round.
async fn both<A: Send + 'static, B: Send + 'static>(
    round: usize,
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let (one, other) = if round.is_multiple_of(2) {
        let one = tokio::spawn(one);
        (one, tokio::spawn(other))
    } else {
        let other = tokio::spawn(other);
        (tokio::spawn(one), other)
    };
    (one.await.unwrap(), other.await.unwrap())
}

/// Runs an operation of the store in a race.
macro_rules! racing {
    ($store:ident.$operation:ident($($argument:expr),* $(,)?)) => {{
        let store = Arc::clone(&$store);
        async move { store.$operation($($argument),*).await }
    }};
}

pub(super) async fn of_many_users_with_one_name_one_is_created(store: Arc<dyn Store>) {
    let names = ["Straße", "STRASSE", "strasse"].into_iter().cycle().take(51);
    let attempts = names.map(|name| {
        let user = User { username_key: crate::username::fold(&name.to_lowercase()), ..user(name) };
        tokio::spawn(racing!(store.create_user(user, None)))
    });
    let outcomes = futures_util::future::join_all(attempts.collect::<Vec<_>>()).await;
    let (created, refused): (Vec<_>, Vec<_>) =
        outcomes.into_iter().map(Result::unwrap).partition(Result::is_ok);
    assert_eq!(created.len(), 1);
    assert!(refused.iter().all(|refused| matches!(refused, Err(CreateUserError::NameTaken))));
    assert_eq!(store.counts().await.unwrap().users, 1);
}

pub(super) async fn of_two_last_admins_that_go_one_stays(store: Arc<dyn Store>) {
    let mut last = added_admin(&*store, "boss").await;
    for round in 0..ROUNDS {
        let other = added_admin(&*store, &format!("admin{round}")).await;
        let (one_id, other_id) = (last.id, other.id);
        let edit = if round % 4 < 2 { roles(&[]) } else { disabling(true) };
        let (edited, deleted) = both(
            round,
            racing!(store.edit_user(one_id, edit, None, at(0))),
            racing!(store.delete_user(other_id, None, at(0))),
        )
        .await;
        assert_ne!(edited.is_ok(), deleted.is_ok(), "{edited:?} {deleted:?}");
        let is_last = |error: Option<&EditUserError>| {
            error.is_none_or(|error| matches!(error, EditUserError::LastAdmin))
        };
        assert!(is_last(edited.as_ref().err()) && is_last(deleted.as_ref().err()));
        last = if edited.is_ok() { other } else { last };
    }
}

pub(super) async fn of_many_refreshes_with_one_token_one_rotates_it(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let id = signed_in(&*store, &ada).await;
    for generation in 0..5 {
        let attempts =
            (0..10).map(|_| tokio::spawn(racing!(store.refresh(presented(id, generation, 1)))));
        let outcomes = futures_util::future::join_all(attempts.collect::<Vec<_>>()).await;
        let (mut rotated, mut raced) = (0, 0);
        for outcome in outcomes {
            let rotation = outcome.unwrap().unwrap();
            let (count, session) = match &rotation {
                Rotation::Rotated(session, _) => (&mut rotated, session),
                Rotation::Raced(session, _) => (&mut raced, session),
                other => panic!("{other:?}"),
            };
            *count += 1;
            assert_eq!(session.generation, generation + 1);
        }
        assert_eq!((rotated, raced), (1, 9));
    }
    assert!(!store.is_revoked(id));
}

pub(super) async fn of_two_who_take_up_an_offer_one_succeeds(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await, added(&*store, "ada").await);
    let by = actor(&*store, &boss).await;
    for round in 0..ROUNDS {
        store.offer_reset(offer(&ada, by, 7)).await.unwrap();
        let (one, other) = both(
            round,
            racing!(store.take_up_reset([7; 32], "one".into(), at(1))),
            racing!(store.take_up_reset([7; 32], "other".into(), at(1))),
        )
        .await;
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one.is_some(), other.is_some());
        let winner = if one.is_some() { "one" } else { "other" };
        let found = store.user_by_id(ada.id).await.unwrap().unwrap();
        assert_eq!(found.password_hash.expose(), winner);
    }
}

pub(super) async fn of_two_changes_of_one_password_one_succeeds(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let by = actor(&*store, &ada).await;
    for round in 0..ROUNDS {
        let version = u32::try_from(round).unwrap();
        let (one, other) = both(
            round,
            racing!(store.change_password(by, version, "one".into(), at(0))),
            racing!(store.change_password(by, version, "other".into(), at(0))),
        )
        .await;
        assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
    }
}

/// A login whose password was checked just before another one was set.
pub(super) async fn no_login_outlives_a_new_password(store: Arc<dyn Store>) {
    for round in 0..ROUNDS {
        let ada = added(&*store, &format!("user{round}")).await;
        let (new, id, hash) = (login(&ada), ada.id, Secret::from("new"));
        let session = new.session.id;
        let (started, set) = both(
            round,
            racing!(store.start_session(new)),
            racing!(store.set_password(id, hash, at(0))),
        )
        .await;
        assert!(set.unwrap());
        assert!(live_sessions(&*store, &ada).await.is_empty());
        assert_eq!(store.is_revoked(session), started.unwrap().is_some());
    }
}

pub(super) async fn no_login_outlives_the_user(store: Arc<dyn Store>) {
    for round in 0..ROUNDS {
        let ada = added(&*store, &format!("user{round}")).await;
        let (new, id) = (login(&ada), ada.id);
        let session = new.session.id;
        let started = if round % 4 < 2 {
            let (started, deleted) = both(
                round,
                racing!(store.start_session(new)),
                racing!(store.delete_user(id, None, at(0))),
            )
            .await;
            deleted.unwrap();
            started
        } else {
            let (started, disabled) = both(
                round,
                racing!(store.start_session(new)),
                racing!(store.edit_user(id, disabling(true), None, at(0))),
            )
            .await;
            disabled.unwrap();
            started
        };
        assert!(store.session(session).await.unwrap().is_none());
        assert_eq!(store.is_revoked(session), started.unwrap().is_some());
    }
}

pub(super) async fn no_refresh_brings_an_ended_session_back(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    for round in 0..ROUNDS {
        let id = signed_in(&*store, &ada).await;
        let (refreshed, ended) = both(
            round,
            racing!(store.refresh(presented(id, 0, 1))),
            racing!(store.end_session(id, at(1))),
        )
        .await;
        ended.unwrap();
        let refreshed = refreshed.unwrap();
        assert!(matches!(refreshed, Rotation::Rotated(..) | Rotation::Gone), "{refreshed:?}");
        assert!(store.is_revoked(id) && store.session(id).await.unwrap().is_none());
    }
}

pub(super) async fn no_offer_outlives_the_admin_who_makes_it(store: Arc<dyn Store>) {
    added_admin(&*store, "boss").await;
    let (eve, ada) = (added_admin(&*store, "eve").await, added(&*store, "ada").await);
    for round in 0..ROUNDS {
        let by = actor(&*store, &eve).await;
        let made = offer(&ada, by, 7);
        let (offered, demoted) = both(
            round,
            racing!(store.offer_reset(made)),
            racing!(store.edit_user(by.user, roles(&[]), None, at(0))),
        )
        .await;
        demoted.unwrap();
        assert!(matches!(offered, Ok(()) | Err(EditUserError::NoAdmin)), "{offered:?}");
        assert!(!is_open(&*store, 7).await);
        store.edit_user(eve.id, roles(&["admin"]), None, at(0)).await.unwrap();
        assert!(!is_open(&*store, 7).await);
    }
}
