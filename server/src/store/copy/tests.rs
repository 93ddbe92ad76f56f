use std::path::PathBuf;

use super::*;
use crate::store::conformance::oauth_clients::oauth_client;
use crate::store::conformance::{actor, added, added_admin, at, offer, presented, signed_in};
use crate::store::postgres::tests::{LEASE, fresh_schema, node};
use crate::store::{
    AuditEntry, AuditId, AuditQuery, AuditRecord, Block, BlockId, Factors, OauthClient, Passkey,
    PasskeyId, PasskeyState, RecoveryCode, RedbStore, Rotation, Sealed, SessionId, Store, Totp,
    User, UserId, check_file,
};
use crate::username::Username;

/// A store in a file of its own.
fn file(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("hallpass.redb")
}

/// Who and what is in a store, and must be in its copy.
struct Inhabited {
    zoe: User,
    mia: User,
    refreshed: SessionId,
    ended: SessionId,
}

/// A user with a second factor of each kind.
async fn with_factors(store: &dyn Store) -> User {
    let made = at(0).now;
    let totp = Totp { sealed: Sealed(vec![7; 48]), created_at: made, last_step: Some(3) };
    let state = PasskeyState { counter: 5, credential: "{}".to_owned() };
    let passkey = Passkey {
        id: PasskeyId::new(made),
        name: "My phone".to_owned(),
        created_at: made,
        last_used_at: Some(made),
        credential_id: "AAAA".to_owned(),
        state,
    };
    let factors = Factors {
        totp: Some(totp),
        pending_totp: None,
        recovery_codes: vec![RecoveryCode([9; 32])],
        passkeys: vec![passkey],
    };
    let name = Username::parse("mia").unwrap();
    let mia = User { factors, ..User::new(&name, "hash".into(), Vec::new(), made) };
    assert_eq!(store.import_users(vec![mia.clone()]).await.unwrap(), [true]);
    mia
}

/// Users, sessions that were refreshed and that have ended, addresses, and an open offer.
async fn inhabit(store: &dyn Store) -> Inhabited {
    let (boss, zoe) = (added_admin(store, "boss").await, added(store, "Zoë").await);
    let refreshed = signed_in(store, &zoe).await;
    store.refresh(presented(refreshed, 0, 100)).await.unwrap();
    let ended = signed_in(store, &zoe).await;
    store.end_session(ended, at(0)).await.unwrap();
    let by = actor(store, &boss).await;
    store.offer_reset(offer(&zoe, by, 7)).await.unwrap();
    store.set_registration(false, None).await.unwrap();
    let network = "192.0.2.0/24".parse().unwrap();
    let (since, until, reason) = (at(0).now, at(9).now, String::new());
    let block = Block { id: BlockId::new(since), network, since, until, reason };
    store.add_block(block, None).await.unwrap();
    store.add_oauth_client(oauth_client("billing", 7)).await.unwrap();
    let record = AuditRecord { user: Some(zoe.id), ..AuditRecord::default() };
    let entry = AuditEntry { id: AuditId::in_order(at(0).now), record };
    store.add_audit(vec![entry], u64::MAX).await.unwrap();
    let mia = with_factors(store).await;
    Inhabited { zoe, mia, refreshed, ended }
}

async fn check(store: &dyn Store, inhabited: &Inhabited) {
    let Inhabited { zoe, mia, refreshed, ended } = inhabited;
    assert_eq!(store.user_by_name("mia").await.unwrap().as_ref(), Some(mia));
    assert_eq!(store.user_by_name("zoë").await.unwrap().as_ref(), Some(zoe));
    assert!(store.looks_like_another("zoe\u{308}").await.unwrap());
    assert!(store.is_known_address("zoë", "home").await.unwrap());
    assert!(store.is_revoked(*ended) && !store.is_revoked(*refreshed));
    assert_eq!(store.reset_offered([7; 32], at(1).now).await.unwrap().as_ref(), Some(zoe));
    assert_eq!(store.restrictions().registration_is_open(), Some(false));
    assert!(store.restrictions().is_blocked("192.0.2.7".parse().unwrap(), at(1).now));
    let client = store.oauth_client("billing").await.unwrap().unwrap();
    assert_eq!(client, OauthClient { id: client.id, ..oauth_client("billing", 7) });
    let query = AuditQuery { user: Some(zoe.id), limit: 9, ..AuditQuery::default() };
    assert_eq!(store.audit(query).await.unwrap().entries.len(), 1);
    let rotation = store.refresh(presented(*refreshed, 1, 200)).await.unwrap();
    assert!(matches!(rotation, Rotation::Rotated(session, _) if session.generation == 2));
    let last_admin = store.delete_user(boss(store).await, None, at(1)).await;
    assert!(last_admin.is_err(), "the copy knows who is an admin");
}

async fn boss(store: &dyn Store) -> UserId {
    store.user_by_name("boss").await.unwrap().unwrap().id
}

/// What a copy comes to of which nobody watches the progress.
async fn copied(from: Place<'_>, to: Place<'_>) -> anyhow::Result<Copied> {
    Copying::of(from, to, |_| ()).await?.finish(None).await
}

#[tokio::test]
async fn all_of_a_file_gets_into_a_database_and_back() {
    let Some(url) = fresh_schema().await else { return };
    let [dir, back] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let store = RedbStore::open(&file(&dir)).unwrap();
    let inhabited = inhabit(&store).await;
    store.record_keys_made().await.unwrap();
    drop(store);
    let before = std::fs::read(file(&dir)).unwrap();
    let expected = Copied { counts: [3, 2, 2, 1, 1, 1, 1, 1], was_there: false };
    let (from, to) = (file(&dir), file(&back));
    let (from, to, database) = (Place::File(&from), Place::File(&to), Place::Database(&url));
    assert_eq!(copied(from, database).await.unwrap(), expected);
    assert_eq!(std::fs::read(file(&dir)).unwrap(), before, "the source is as it was");
    assert_eq!(copied(database, to).await.unwrap(), expected);
    assert!(check_file(&file(&back)).unwrap().is_empty());
    for (from, to) in [(from, database), (database, to)] {
        assert_eq!(copied(from, to).await.unwrap(), Copied { was_there: true, ..expected });
    }

    let store = node(&url, LEASE).await;
    assert_eq!(store.keys_record().await.unwrap(), KeysRecord::Made);
    check(&store, &inhabited).await;
    let store = RedbStore::open(&file(&back)).unwrap();
    assert_eq!(store.keys_record().unwrap(), KeysRecord::Made);
    check(&store, &inhabited).await;
}

#[tokio::test]
async fn a_target_with_other_data_and_a_place_in_use_are_refused() {
    let Some(url) = fresh_schema().await else { return };
    let [dir, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (from, to) = (file(&dir), file(&other));
    let (from, to, database) = (Place::File(&from), Place::File(&to), Place::Database(&url));
    let store = RedbStore::open(&file(&dir)).unwrap();
    inhabit(&store).await;
    let in_use = copied(from, database).await.unwrap_err();
    assert!(format!("{in_use:#}").contains("in use"), "{in_use:#}");
    drop(store);
    let store = node(&url, LEASE).await;
    added(&store, "ada").await;
    let in_use = copied(from, database).await.unwrap_err();
    assert!(format!("{in_use:#}").contains("stop it"), "{in_use:#}");
    store.leave().await;
    added(&RedbStore::open(&file(&other)).unwrap(), "ada").await;
    for (from, to) in [(from, database), (database, from), (from, to)] {
        let refused = copied(from, to).await.unwrap_err();
        assert!(refused.to_string().contains("holds other data"), "{refused:#}");
    }
}

/// A copy that is given up once it comes to the sessions.
async fn interrupted(from: Place<'_>, to: Place<'_>) {
    let (came_there, mut is_there) = tokio::sync::watch::channel(false);
    let copying = Copying::of(from, to, |progress| {
        came_there.send_replace(progress.kind == Kind::Sessions);
    });
    tokio::select! {
        biased;
        _ = is_there.wait_for(|is_there| *is_there) => {}
        copied = copying => panic!("it was not interrupted: {:?}", copied.map(|_| ())),
    }
}

#[tokio::test]
async fn a_copy_that_is_interrupted_leaves_nothing_and_can_be_run_again() {
    let Some(url) = fresh_schema().await else { return };
    let [dir, back] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let store = RedbStore::open(&file(&dir)).unwrap();
    inhabit(&store).await;
    drop(store);
    let (from, to) = (file(&dir), file(&back));
    let (from, to, database) = (Place::File(&from), Place::File(&to), Place::Database(&url));
    for (from, to) in [(from, database), (database, to)] {
        interrupted(from, to).await;
        assert!(!file(&back).exists());
        assert_eq!(copied(from, to).await.unwrap().counts, [3, 2, 2, 1, 1, 1, 1, 1]);
    }
}
