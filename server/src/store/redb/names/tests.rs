use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::store::redb::{RedbStore, check_file, open};
use crate::store::{CreateUserError, Moment, Store as _};
use crate::username::Username;

fn user(name: &str) -> User {
    let name = Username::parse(name).unwrap();
    User::new(&name, "a hash".into(), Vec::new(), Timestamp::UNIX_EPOCH)
}

async fn found(store: &RedbStore, typed: &str) -> Option<UserId> {
    let name = Username::parse(typed).unwrap();
    store.user_by_name(name.key()).await.unwrap().map(|user| user.id)
}

async fn account(store: &RedbStore, typed: &str) -> String {
    store.account_of(Username::parse(typed).unwrap().key()).await.unwrap()
}

async fn register(store: &RedbStore, name: &str) -> Result<(), CreateUserError> {
    store.create_user(user(name), Some("home".to_owned())).await
}

/// A database as it was before spellings were compared.
fn make_old(path: &Path, users: &[&User]) {
    drop(RedbStore::open(path).unwrap());
    let db = open::open_file(path).unwrap();
    let txn = db.begin_write().unwrap();
    assert!(txn.delete_table(META).unwrap());
    assert!(txn.delete_table(USER_IDS_BY_FOLD).unwrap());
    assert!(txn.delete_table(LOOKS).unwrap());
    for user in users {
        let mut names = txn.open_table(USER_IDS_BY_NAME).unwrap();
        names.insert(user.username_key.as_str(), user.id.as_bytes()).unwrap();
        users::put(&txn, user).unwrap();
    }
    txn.commit().unwrap();
}

#[tokio::test]
async fn users_of_before_keep_their_names_and_an_exact_spelling_finds_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hallpass.redb");
    let (upper, lower) = (user("ΟΔΥΣΣΕΥΣ"), user("οδυσσευς"));
    let (alone, latin) = (user("ΝΙΚΟΣ"), user("coco"));
    make_old(&path, &[&upper, &lower, &alone, &latin]);
    assert_eq!(check_file(&path).unwrap().len(), 0);
    for _ in 0..2 {
        let store = RedbStore::open(&path).unwrap();
        assert_eq!(found(&store, "ΟΔΥΣΣΕΥΣ").await, Some(upper.id));
        assert_eq!(found(&store, "οδυσσευς").await, Some(lower.id));
        // A third spelling of two: nobody's, and yet taken.
        assert_eq!(found(&store, "οδυςσευς").await, None);
        assert!(matches!(register(&store, "οδυςσευς").await, Err(CreateUserError::NameTaken)));
        assert_ne!(account(&store, "ΟΔΥΣΣΕΥΣ").await, account(&store, "οδυσσευς").await);
        assert_eq!(found(&store, "νικος").await, Some(alone.id));
        let alike = register(&store, "сосо").await;
        assert!(matches!(alike, Err(CreateUserError::LooksLikeAnother)), "{alike:?}");
    }
    assert_eq!(check_file(&path).unwrap().len(), 0);
}

#[tokio::test]
async fn a_deleted_user_frees_every_spelling_and_every_look() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hallpass.redb");
    let store = RedbStore::open(&path).unwrap();
    let at = Moment { now: Timestamp::UNIX_EPOCH, tokens_expired_at: Timestamp::UNIX_EPOCH };
    for name in ["Straße", "modem1", "сосо"] {
        let user = user(name);
        store.create_user(user.clone(), None).await.unwrap();
        store.delete_user(user.id, None, at).await.unwrap();
    }
    for name in ["STRASSE", "coco", "m0dem1"] {
        register(&store, name).await.unwrap();
    }
    drop(store);
    assert_eq!(check_file(&path).unwrap().len(), 0);
}
