use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use super::*;
use crate::keys::{Algorithm, RandomKey};
use crate::store::{Moment, SessionId, Store as _, User};
use crate::username::Username;

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn settings() -> KeySettings {
    KeySettings::new(Algorithm::EdDSA, None, Duration::from_secs(900)).unwrap()
}

async fn serve(dir: &Path) -> anyhow::Result<(RedbStore, KeyRing)> {
    for_server(dir, settings(), StoreMetrics::unregistered(), now()).await
}

/// A database of an earlier version, which says nothing about keys.
fn old_database(dir: &Path) -> RedbStore {
    RedbStore::open(&dir.join(DATABASE_FILE)).unwrap()
}

async fn add_user(store: &RedbStore, address: Option<&str>) {
    let name = Username::parse("ada").unwrap();
    let user = User::new(&name, "a hash".into(), Vec::new(), now());
    store.create_user(user, address.map(str::to_owned)).await.unwrap();
}

async fn refused(dir: &Path) -> String {
    let before = names(dir);
    let refused = format!("{:#}", serve(dir).await.unwrap_err());
    assert_eq!(names(dir), before);
    let command = for_command(dir, None, now()).unwrap_err();
    assert_eq!((format!("{command:#}"), names(dir)), (refused.clone(), before));
    assert!(!refused.contains('\n'), "{refused}");
    refused
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn absent_is_not_empty() {
    use Found::{Empty, Missing, There};
    use KeysRecord::{Made, NeverMade, Reset};
    let database = |found| Err(Lost::Database(found));
    let keys = |found| Err(Lost::Keys(found));
    for (found, verdicts) in [
        ((Missing, Missing), [Ok(()); 3]),
        ((Missing, Empty), [database(Missing); 3]),
        ((Missing, There), [database(Missing); 3]),
        ((Empty, Missing), [database(Empty); 3]),
        ((Empty, Empty), [database(Empty); 3]),
        ((Empty, There), [database(Empty); 3]),
        ((There, Missing), [Ok(()), Ok(()), keys(Missing)]),
        ((There, Empty), [keys(Empty); 3]),
        ((There, There), [Ok(()); 3]),
    ] {
        for (record, verdict) in [NeverMade, Reset, Made].into_iter().zip(verdicts) {
            assert_eq!(judge(found.0, found.1, Some(record)), verdict, "{found:?} {record:?}");
            // What is refused with the database closed is refused with it open, too.
            let before = judge(found.0, found.1, None);
            assert!(before == verdict || before.is_ok(), "{found:?} {record:?}");
        }
    }
}

#[tokio::test]
async fn a_database_that_was_never_served_gets_its_keys_at_the_first_start() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add_user(&old_database(dir), None).await;
    let (store, keys) = for_command(dir, None, now()).unwrap();
    assert_eq!((store.keys_record().unwrap(), keys.is_none()), (KeysRecord::NeverMade, true));
    drop(store);
    let (store, _) = serve(dir).await.unwrap();
    assert_eq!(store.keys_record().unwrap(), KeysRecord::Made);
    assert!(store.user_by_name("ada").await.unwrap().is_some());
}

/// Each directory is one whose process was killed after that step, or one of an earlier version.
#[tokio::test]
async fn a_start_that_was_killed_between_two_steps_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // Killed before the keys were made.
    drop(old_database(dir));
    let (store, keys) = serve(dir).await.unwrap();
    let kid = keys.list(now())[0].kid.clone();
    drop((store, keys));
    // Killed after the keys were made and before they were noted.
    fs::remove_file(dir.join(DATABASE_FILE)).unwrap();
    add_user(&old_database(dir), None).await;
    let (store, keys) = serve(dir).await.unwrap();
    assert_eq!(keys.list(now())[0].kid, kid);
    assert_eq!(store.keys_record().unwrap(), KeysRecord::Made);
}

#[tokio::test]
async fn keys_that_were_made_must_be_there() {
    for emptied in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        drop(serve(dir).await.unwrap());
        match emptied {
            true => fs::write(dir.join(KEYS_FILE), "").unwrap(),
            false => fs::remove_file(dir.join(KEYS_FILE)).unwrap(),
        }
        let reason = refused(dir).await;
        assert!(reason.contains("hallpass keys reset"), "{reason}");
    }
}

#[tokio::test]
async fn what_only_a_server_writes_tells_that_an_old_database_had_keys() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    add_user(&old_database(path), Some("192.0.2.1")).await;
    assert!(refused(path).await.contains("hallpass keys reset"));

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let at = Moment { now: now(), tokens_expired_at: now() };
    old_database(path).end_session(SessionId::new(now()), at).await.unwrap();
    assert!(refused(path).await.contains("hallpass keys reset"));
}

#[tokio::test]
async fn a_database_must_be_there_beside_keys_of_any_version() {
    for keys in [KEYS_FILE, OLD_KEY_FILE] {
        for database in [None, Some("")] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(keys), "keys").unwrap();
            if let Some(content) = database {
                fs::write(dir.path().join(DATABASE_FILE), content).unwrap();
            }
            let reason = refused(dir.path()).await;
            assert!(reason.contains("hallpass serve --new"), "{reason}");
        }
    }
}

#[tokio::test]
async fn keys_that_were_given_up_are_made_anew_and_a_damaged_file_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (store, keys) = serve(dir).await.unwrap();
    add_user(&store, Some("192.0.2.1")).await;
    let old: std::sync::Arc<RandomKey> = keys.refresh_key();
    drop((store, keys));
    fs::write(dir.join(KEYS_FILE), "").unwrap();
    give_up_keys(dir, now()).await.unwrap();
    drop(serve(dir).await.unwrap());
    fs::write(dir.join(KEYS_FILE), "{}").unwrap();
    assert!(lacks_keys(&serve(dir).await.unwrap_err()));
    // Killed after the first step; then the step is repeated.
    let at = Moment { now: now(), tokens_expired_at: now() };
    old_database(dir).record_keys_reset(at).await.unwrap();
    assert!(lacks_keys(&serve(dir).await.unwrap_err()));
    give_up_keys(dir, now()).await.unwrap();
    assert_eq!(fs::read_to_string(dir.join("keys.json.20270115T080000Z-2")).unwrap(), "{}");
    let (store, keys) = serve(dir).await.unwrap();
    assert_ne!(keys.refresh_key(), old);
    assert!(store.user_by_name("ada").await.unwrap().is_some());
    assert_eq!(store.keys_record().unwrap(), KeysRecord::Made);
}

#[tokio::test]
async fn what_is_left_is_moved_aside_and_never_over_another_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    set_aside(dir, now()).unwrap();
    drop(serve(dir).await.unwrap());
    let whole = set_aside(dir, now()).unwrap_err().to_string();
    assert!(whole.contains("nothing is missing"), "{whole}");
    for n in ["", "-2"] {
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        let lost = inode(&dir.join(DATABASE_FILE));
        fs::remove_file(dir.join(KEYS_FILE)).unwrap();
        set_aside(dir, now()).unwrap();
        let aside = dir.join(format!("{DATABASE_FILE}.20270115T080000Z{n}"));
        assert_eq!(inode(&aside), lost);
        drop(serve(dir).await.unwrap());
    }
    assert_eq!(names(dir).len(), 4);
}

#[tokio::test]
async fn a_user_who_was_added_before_the_first_start_is_not_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    add_user(&old_database(dir.path()), None).await;
    let error = set_aside(dir.path(), now()).unwrap_err().to_string();
    assert!(error.contains("nothing is missing"), "{error}");
    assert_eq!(names(dir.path()), [DATABASE_FILE]);
}

/// Whatever steps are done, the directory opens, or the error says what to do.
#[tokio::test]
async fn beginning_anew_can_be_killed_between_two_steps() {
    for empty in [KEYS_FILE, DATABASE_FILE] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        drop(serve(dir).await.unwrap());
        fs::write(dir.join(empty), "").unwrap();
        for name in [KEYS_FILE, DATABASE_FILE] {
            assert!(refused(dir).await.contains("--new") || empty == KEYS_FILE);
            anew::move_aside(&dir.join(name), now()).unwrap();
        }
        serve(dir).await.unwrap();
    }
}
