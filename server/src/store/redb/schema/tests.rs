use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use hallpass_contract::ADMIN_ROLE;
use jiff::Timestamp;
use redb::ReadableDatabase as _;
use tempfile::TempDir;

use super::*;
use crate::store::conformance::oauth_clients::oauth_client;
use crate::store::redb::tables::{SESSIONS, USER_IDS_BY_FOLD, USERS};
use crate::store::redb::{RedbStore, check_file, open, repair_file};
use crate::store::{
    AuditEntry, AuditId, AuditQuery, AuditRecord, Challenge, ChallengeId, CreateUserError, Session,
    SessionId, Store as _, User, UserId,
};
use crate::username::Username;

const VERSION_0: &[u8] = include_bytes!("../../../../tests/data/version-0/hallpass.redb.gz");

const VERSION_1: &[u8] = include_bytes!("../../../../tests/data/version-1/hallpass.redb.gz");

const VERSION_2: &[u8] = include_bytes!("../../../../tests/data/version-2/hallpass.redb.gz");

const VERSION_3: &[u8] = include_bytes!("../../../../tests/data/version-3/hallpass.redb.gz");

/// The time at which the file of version 0 was made.
fn then() -> Timestamp {
    "2026-11-28T22:43:11Z".parse().unwrap()
}

fn file_of_version_0() -> (TempDir, PathBuf) {
    unpacked(VERSION_0)
}

fn unpacked(file: &[u8]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hallpass.redb");
    std::io::copy(&mut GzDecoder::new(file), &mut File::create(&path).unwrap()).unwrap();
    (dir, path)
}

fn new_file() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hallpass.redb");
    drop(RedbStore::open(&path).unwrap());
    (dir, path)
}

fn version_row(path: &Path) -> Option<Vec<u8>> {
    let db = open::open_file(path).unwrap();
    let meta = db.begin_read().unwrap().open_table(META).unwrap();
    meta.get(VERSION_KEY).unwrap().map(|row| row.value().to_vec())
}

fn write_version(path: &Path, row: &[u8]) {
    let db = open::open_file(path).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(META).unwrap().insert(VERSION_KEY, row).unwrap();
    txn.commit().unwrap();
}

async fn named(store: &RedbStore, name: &str) -> User {
    let name = Username::parse(name).unwrap();
    store.user_by_name(name.key()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_file_of_version_0_keeps_its_users_sessions_and_offers() {
    let (_dir, path) = file_of_version_0();
    assert_eq!(version_row(&path), None);
    let store = RedbStore::open(&path).unwrap();
    let users = [named(&store, "Ada").await, named(&store, "bob").await];
    let [ada, bob] = &users;
    let strasse = named(&store, "STRASSE").await;
    assert_eq!(ada.roles, ["user", ADMIN_ROLE, "billing:read"]);
    assert_eq!((bob.roles.join(","), strasse.disabled), ("user".to_owned(), true));
    assert_eq!(store.users(None, 10).await.unwrap().users.len(), 3);
    let taken = store.create_user(User { id: UserId::NOBODY, ..strasse }, None).await;
    assert!(matches!(taken, Err(CreateUserError::NameTaken)), "{taken:?}");

    assert_eq!(store.sessions_of(ada.id, then()).await.unwrap().len(), 2);
    let sessions = store.sessions_of(bob.id, then()).await.unwrap();
    let id = SessionId::parse("01a22453-a39b-7310-977f-53c53976e080").unwrap();
    assert_eq!(sessions.iter().map(|session| session.id).collect::<Vec<_>>(), [id]);
    let ended = SessionId::parse("01a22453-a39c-76a4-813b-f333342c7bd6").unwrap();
    assert!(store.is_revoked(ended) && !store.is_revoked(id));
    assert!(store.is_known_address("bob", "127.0.0.1/32").await.unwrap());

    let offers = store.open_resets(then()).await.unwrap();
    assert_eq!(offers.len(), 1);
    assert_eq!((offers[0].user.id, offers[0].by.id), (bob.id, ada.id));
    drop(store);
    assert_eq!(version_row(&path), Some(VERSION.to_be_bytes().to_vec()));
    assert!(check_file(&path).unwrap().is_empty());
}

#[tokio::test]
async fn a_file_of_version_1_keeps_what_it_holds_and_gets_an_audit_log() {
    let (_dir, path) = unpacked(VERSION_1);
    assert_eq!(version_row(&path), Some(1_u32.to_be_bytes().to_vec()));
    let store = RedbStore::open(&path).unwrap();
    let (ada, bob) = (named(&store, "Ada").await, named(&store, "bob").await);
    assert_eq!((ada.roles.join(","), bob.roles.join(",")), ("admin".to_owned(), "user".to_owned()));
    assert_eq!(store.sessions_of(bob.id, then()).await.unwrap().len(), 1);
    let restricted = store.restricted().await.unwrap();
    assert_eq!((restricted.registration_is_open, restricted.blocks.len()), (Some(false), 1));
    let query = AuditQuery { limit: 9, ..AuditQuery::default() };
    assert_eq!(store.audit(query.clone()).await.unwrap().entries, []);
    let record = AuditRecord { user: Some(bob.id), ..AuditRecord::default() };
    let entry = AuditEntry { id: AuditId::in_order(then()), record };
    store.add_audit(vec![entry.clone()], u64::MAX).await.unwrap();
    assert_eq!(store.audit(query).await.unwrap().entries, [entry]);
    drop(store);
    assert_eq!(version_row(&path), Some(VERSION.to_be_bytes().to_vec()));
    assert!(check_file(&path).unwrap().is_empty());
}

#[tokio::test]
async fn a_file_of_version_2_keeps_its_audit_log_and_counts_answers_from_now_on() {
    let (_dir, path) = unpacked(VERSION_2);
    assert_eq!(version_row(&path), Some(2_u32.to_be_bytes().to_vec()));
    let store = RedbStore::open(&path).unwrap();
    let bob = named(&store, "bob").await;
    assert!(!bob.factors.are_needed());
    assert_eq!(store.sessions_of(bob.id, then()).await.unwrap().len(), 1);
    let query = AuditQuery { limit: 9, ..AuditQuery::default() };
    assert_eq!(store.audit(query).await.unwrap().entries.len(), 3);
    let challenge =
        Challenge { id: ChallengeId::new(then()), expires_at: Timestamp::MAX, answers: 5 };
    assert!(store.count_answer(challenge).await.unwrap());
    drop(store);
    assert_eq!(version_row(&path), Some(VERSION.to_be_bytes().to_vec()));
    assert!(check_file(&path).unwrap().is_empty());
}

#[tokio::test]
async fn a_file_of_version_3_keeps_its_users_and_gets_oauth_clients() {
    let (_dir, path) = unpacked(VERSION_3);
    assert_eq!(version_row(&path), Some(3_u32.to_be_bytes().to_vec()));
    let store = RedbStore::open(&path).unwrap();
    let bob = named(&store, "bob").await;
    assert_eq!(store.sessions_of(bob.id, then()).await.unwrap().len(), 1);
    let client = oauth_client("billing", 1);
    store.add_oauth_client(client.clone()).await.unwrap();
    assert_eq!(store.oauth_clients().await.unwrap(), [client]);
    drop(store);
    assert_eq!(version_row(&path), Some(VERSION.to_be_bytes().to_vec()));
    assert!(check_file(&path).unwrap().is_empty());
}

#[test]
fn a_file_that_is_up_to_date_is_not_written() {
    let earlier = [VERSION_0, VERSION_1, VERSION_2, VERSION_3].map(unpacked);
    for (_dir, path) in [new_file()].into_iter().chain(earlier) {
        drop(RedbStore::open(&path).unwrap());
        assert_eq!(version_row(&path), Some(VERSION.to_be_bytes().to_vec()));
        let db = open::open_file(&path).unwrap();
        let before = fs::read(&path).unwrap();
        migrate(&db).unwrap();
        assert!(fs::read(&path).unwrap() == before, "it was written");
    }
}

#[test]
fn a_later_version_is_refused_in_one_line_and_left_as_it_is() {
    let (_dir, path) = new_file();
    let later = (VERSION + 1).to_be_bytes();
    write_version(&path, &later);
    for refused in [
        RedbStore::open(&path).unwrap_err(),
        check_file(&path).unwrap_err(),
        repair_file(&path, then()).unwrap_err(),
    ] {
        let refused = format!("{refused:#}");
        let versions = format!("has schema version {} and this hallpass knows", VERSION + 1);
        assert!(refused.contains(&versions), "{refused}");
        assert!(refused.contains("restore a backup") && refused.lines().count() == 1, "{refused}");
    }
    assert_eq!(version_row(&path), Some(later.to_vec()));
}

#[test]
fn a_version_that_can_not_be_read_is_found_by_a_check_and_left_to_a_person() {
    let (_dir, path) = new_file();
    write_version(&path, b"one");
    let refused = format!("{:#}", RedbStore::open(&path).unwrap_err());
    assert!(refused.contains("the schema version is damaged"), "{refused}");
    let findings = check_file(&path).unwrap();
    let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, ["meta schema: the version can't be read; restore a backup"]);
    let repaired = repair_file(&path, then()).unwrap();
    assert_eq!((repaired.mended.len(), repaired.left.len()), (0, 1));
    assert_eq!(version_row(&path), Some(b"one".to_vec()));
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let (_dir, path) = file_of_version_0();
    let db = open::open_file(&path).unwrap();
    let fails: [fn(&WriteTransaction) -> anyhow::Result<()>; 2] = [
        |txn| Ok(txn.open_table(META)?.insert("half", &b"done"[..]).map(drop)?),
        |_| anyhow::bail!("on purpose"),
    ];
    assert_eq!(run(&db, &fails).unwrap_err().to_string(), "on purpose");
    let meta = db.begin_read().unwrap().open_table(META).unwrap();
    assert!(meta.get("half").unwrap().is_none() && meta.get(VERSION_KEY).unwrap().is_none());
}

/// Puts a record as it would be with one more field, or without one that came later.
fn rewrite<T: serde::Serialize>(
    record: &T,
    change: impl FnOnce(&mut serde_json::Value),
) -> Vec<u8> {
    let mut json = serde_json::to_value(record).unwrap();
    change(&mut json);
    serde_json::to_vec(&json).unwrap()
}

#[tokio::test]
async fn a_record_with_an_unknown_field_or_without_a_later_one_is_read() {
    let (_dir, path) = file_of_version_0();
    let store = RedbStore::open(&path).unwrap();
    let (ada, bob) = (named(&store, "Ada").await, named(&store, "bob").await);
    let session: Session = store.sessions_of(bob.id, then()).await.unwrap().remove(0);
    drop(store);
    let db = open::open_file(&path).unwrap();
    let txn = db.begin_write().unwrap();
    {
        let mut users = txn.open_table(USERS).unwrap();
        let unknown = rewrite(&ada, |json| json["email"] = "ada@example.com".into());
        users.insert(ada.id.as_bytes(), &unknown[..]).unwrap();
        let lacking = rewrite(&bob, |json| {
            json.as_object_mut().unwrap().remove("password_version").unwrap();
        });
        users.insert(bob.id.as_bytes(), &lacking[..]).unwrap();
        let unknown = rewrite(&session, |json| json["amr"] = serde_json::json!(["pwd"]));
        let row = (session.expires_at.as_millisecond(), &unknown[..]);
        txn.open_table(SESSIONS).unwrap().insert(session.id.as_bytes(), row).unwrap();
    }
    txn.commit().unwrap();
    drop(db);
    let store = RedbStore::open(&path).unwrap();
    assert_eq!(named(&store, "Ada").await, ada);
    assert_eq!(named(&store, "bob").await, User { password_version: 0, ..bob });
    assert_eq!(store.session(session.id).await.unwrap(), Some(session));
}

#[test]
fn spellings_of_another_version_of_unicode_are_made_anew() {
    let (_dir, path) = new_file();
    let db = open::open_file(&path).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(META).unwrap().insert("names", &b"older"[..]).unwrap();
    let stray = ("stray", UserId::NOBODY.as_bytes());
    txn.open_table(USER_IDS_BY_FOLD).unwrap().insert(stray, ()).unwrap();
    txn.commit().unwrap();
    migrate(&db).unwrap();
    let folds = db.begin_read().unwrap().open_table(USER_IDS_BY_FOLD).unwrap();
    assert!(folds.get(stray).unwrap().is_none());
}
