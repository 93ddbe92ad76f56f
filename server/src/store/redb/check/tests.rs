use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use data_encoding::BASE64;
use hallpass_contract::ADMIN_ROLE;
use jiff::Timestamp;
use redb::WriteTransaction;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::store::conformance::oauth_clients::oauth_client;
use crate::store::redb::RedbStore;
use crate::store::redb::tables::{
    ADDRESSES, ADMINS, AUDIT, AUDIT_BY_USER, OAUTH_CLIENTS, RESET_TIMES, RESETS_BY_USER, SESSIONS,
    SESSIONS_BY_USER, USER_IDS_BY_FOLD, USER_IDS_BY_NAME, USERS,
};
use crate::store::{
    AuditEntry, AuditId, AuditQuery, AuditRecord, Moment, NewSession, Session, SessionId,
    Store as _, StoreError, User, UserId, Verified,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A data directory with some users, each of whom is signed in.
struct Directory {
    dir: TempDir,
    users: Vec<User>,
}

impl Directory {
    async fn with_users(count: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut made = Self { dir, users: Vec::new() };
        let store = made.open().unwrap();
        for n in 0..count {
            let registered_at = Timestamp::from_second(n as i64).unwrap();
            let user = User { id: UserId::new(registered_at), ..user(&format!("user{n}")) };
            store.create_user(user.clone(), Some("home".to_owned())).await.unwrap();
            store.start_session(login(&user)).await.unwrap().unwrap();
            made.users.push(user);
        }
        made
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("hallpass.redb")
    }

    fn open(&self) -> anyhow::Result<RedbStore> {
        RedbStore::open(&self.file())
    }

    fn damage(&self, damage: impl FnOnce(&WriteTransaction)) {
        let db = open::open_file(&self.file()).unwrap();
        let txn = db.begin_write().unwrap();
        damage(&txn);
        txn.commit().unwrap();
    }

    fn check(&self) -> Vec<String> {
        check_file(&self.file()).unwrap().iter().map(ToString::to_string).collect()
    }

    fn repair(&self) -> Repaired {
        repair_file(&self.file(), NOW).unwrap()
    }

    /// The rows that a repair has set aside.
    fn set_aside(&self, repaired: &Repaired) -> Vec<Value> {
        let file = repaired.set_aside.as_ref().unwrap();
        assert_eq!(file.parent(), Some(self.dir.path()));
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let lines = fs::read_to_string(file).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn user(name: &str) -> User {
    User {
        id: UserId::new(NOW),
        username: name.to_owned(),
        username_key: name.to_owned(),
        password_hash: "a hash".into(),
        password_version: 0,
        roles: vec![ADMIN_ROLE.to_owned()],
        disabled: false,
        created_at: NOW,
        factors: Default::default(),
    }
}

fn login(user: &User) -> NewSession {
    let session = Session {
        id: SessionId::new(NOW),
        user: user.id,
        seed: [7; 16],
        generation: 0,
        created_at: NOW,
        refreshed_at: NOW,
        auth_time: NOW,
        amr: vec!["pwd".to_owned()],
        expires_at: Timestamp::MAX,
        tokens_expired_at: Timestamp::MAX,
        user_agent: String::new(),
    };
    let at = Moment { now: NOW, tokens_expired_at: NOW };
    let verified =
        Verified { version: 0, renewed: None, amr: vec!["pwd".to_owned()], factor: None };
    NewSession { session, verified, at, address: "home".to_owned(), challenge: None }
}

#[tokio::test]
async fn a_sound_file_has_no_findings_and_is_not_changed_by_a_check() {
    let directory = Directory::with_users(300).await;
    let before = fs::read(directory.file()).unwrap();
    assert_eq!(directory.check(), [""; 0]);
    assert!(fs::read(directory.file()).unwrap() == before, "the check wrote");
    let Repaired { mended, left, set_aside } = directory.repair();
    assert!(mended.is_empty() && left.is_empty() && set_aside.is_none());
}

#[tokio::test]
async fn a_record_that_can_not_be_read_is_set_aside_with_all_that_leads_to_it() {
    let directory = Directory::with_users(3).await;
    let (lost, kept) = (&directory.users[1], &directory.users[2]);
    directory.damage(|txn| {
        txn.open_table(USERS).unwrap().insert(lost.id.as_bytes(), &b"{\"id"[..]).unwrap();
    });
    let store = directory.open().unwrap();
    let page = store.users(None, 10).await.unwrap();
    assert_eq!((page.users.len(), &page.damaged[..], page.next), (2, &[lost.id][..], None));
    drop(store);

    let findings = directory.check();
    assert!(findings[0].starts_with(&format!("users {}: ", lost.id)), "{findings:?}");
    for table in ["admins", "user_ids_by_name", "sessions", "sessions_by_user", "addresses"] {
        assert!(findings.iter().any(|finding| finding.starts_with(table)), "{table} {findings:?}");
    }
    let repaired = directory.repair();
    assert_eq!((repaired.mended.len(), repaired.left.len()), (findings.len(), 0));
    let rows = directory.set_aside(&repaired);
    // What the name looks like follows from the names that are left.
    assert_eq!(rows.len(), findings.len() - 1);
    assert_eq!(rows[0]["table"], "users");
    assert_eq!(rows[0]["key"], BASE64.encode(lost.id.as_bytes()));
    assert_eq!(rows[0]["value"], BASE64.encode(b"{\"id"));

    assert_eq!(directory.check(), [""; 0]);
    let store = directory.open().unwrap();
    let users = store.users(None, 10).await.unwrap().users;
    assert_eq!(users, [directory.users[0].clone(), kept.clone()]);
    assert_eq!(store.sessions_of(kept.id, NOW).await.unwrap().len(), 1);
    assert!(store.is_known_address("user2", "home").await.unwrap());
    assert_eq!(store.user_by_name("user1").await.unwrap(), None);
    store.create_user(user("user1"), None).await.unwrap();
}

#[tokio::test]
async fn references_that_lead_nowhere_are_removed_and_missing_ones_are_added() {
    let directory = Directory::with_users(3).await;
    let (ada, bob, nobody) = (&directory.users[0], &directory.users[1], UserId::new(NOW));
    let session = {
        let store = directory.open().unwrap();
        store.sessions_of(bob.id, NOW).await.unwrap().remove(0)
    };
    directory.damage(|txn| {
        let mut names = txn.open_table(USER_IDS_BY_NAME).unwrap();
        names.remove("user0").unwrap();
        names.insert("ghost", nobody.as_bytes()).unwrap();
        txn.open_table(ADMINS).unwrap().remove(ada.id.as_bytes()).unwrap();
        let mut of = txn.open_table(SESSIONS_BY_USER).unwrap();
        of.remove((bob.id.as_bytes(), session.id.as_bytes())).unwrap();
        of.insert((bob.id.as_bytes(), SessionId::new(NOW).as_bytes()), ()).unwrap();
        let mut sessions = txn.open_table(SESSIONS).unwrap();
        sessions.insert(SessionId::new(NOW).as_bytes(), (7, &b"?"[..])).unwrap();
        txn.open_table(RESETS_BY_USER).unwrap().insert(ada.id.as_bytes(), &[7; 32]).unwrap();
        txn.open_table(ADDRESSES).unwrap().insert(ada.id.as_bytes(), &b"["[..]).unwrap();
    });
    assert_eq!(directory.check().len(), 8, "{:?}", directory.check());
    let repaired = directory.repair();
    assert_eq!((repaired.mended.len(), repaired.left.len()), (8, 0));
    assert_eq!(directory.set_aside(&repaired).len(), 5);
    assert_eq!(directory.check(), [""; 0]);
    let store = directory.open().unwrap();
    assert_eq!(store.user_by_name("user0").await.unwrap().as_ref(), Some(ada));
    assert_eq!(store.sessions_of(bob.id, NOW).await.unwrap(), [session]);
}

#[tokio::test]
async fn spellings_that_are_missing_or_stray_are_made_anew() {
    let directory = Directory::with_users(2).await;
    let store = directory.open().unwrap();
    let strasse = User { username_key: "straße".to_owned(), ..user("Straße") };
    store.create_user(strasse.clone(), None).await.unwrap();
    drop(store);
    directory.damage(|txn| {
        let mut folds = txn.open_table(USER_IDS_BY_FOLD).unwrap();
        folds.remove(("strasse", strasse.id.as_bytes())).unwrap();
        folds.insert(("ghost", strasse.id.as_bytes()), ()).unwrap();
    });
    assert_eq!(directory.check().len(), 2, "{:?}", directory.check());
    assert_eq!(directory.repair().mended.len(), 2);
    assert_eq!(directory.check(), [""; 0]);
    let store = directory.open().unwrap();
    assert_eq!(store.user_by_name("strasse").await.unwrap(), Some(strasse));
}

#[tokio::test]
async fn the_time_of_a_reset_link_that_is_not_there_is_removed_without_telling_its_hash() {
    let directory = Directory::with_users(1).await;
    directory.damage(|txn| {
        txn.open_table(RESET_TIMES).unwrap().insert(&[7; 32], 1_000).unwrap();
    });
    assert_eq!(directory.check(), ["reset_times of a reset link: there is no such reset link"]);
    let repaired = directory.repair();
    assert_eq!((repaired.mended.len(), repaired.left.len()), (1, 0));
    assert_eq!(directory.set_aside(&repaired)[0]["key"], BASE64.encode(&[7; 32]));
    assert_eq!(directory.check(), [""; 0]);
}

#[tokio::test]
async fn of_two_users_with_one_name_both_stay_and_a_person_decides() {
    let directory = Directory::with_users(1).await;
    let twin = user("user0");
    directory.damage(|txn| {
        let json = serde_json::to_vec(&twin).unwrap();
        txn.open_table(USERS).unwrap().insert(twin.id.as_bytes(), &json[..]).unwrap();
        txn.open_table(ADMINS).unwrap().insert(twin.id.as_bytes(), ()).unwrap();
    });
    let repaired = directory.repair();
    assert_eq!(repaired.left.len(), 1);
    assert!(repaired.set_aside.is_none());
    assert_eq!(directory.open().unwrap().users(None, 9).await.unwrap().users.len(), 2);
}

#[tokio::test]
async fn a_damaged_record_of_a_session_or_an_address_stops_nobody() {
    let directory = Directory::with_users(1).await;
    let ada = &directory.users[0];
    let broken = SessionId::new(NOW);
    directory.damage(|txn| {
        let mut sessions = txn.open_table(SESSIONS).unwrap();
        sessions.insert(broken.as_bytes(), (0, &b"?"[..])).unwrap();
        let mut of = txn.open_table(SESSIONS_BY_USER).unwrap();
        of.insert((ada.id.as_bytes(), broken.as_bytes()), ()).unwrap();
        txn.open_table(ADDRESSES).unwrap().insert(ada.id.as_bytes(), &b"["[..]).unwrap();
    });
    let store = directory.open().unwrap();
    assert_eq!(store.sessions_of(ada.id, NOW).await.unwrap().len(), 1);
    assert!(!store.is_known_address("user0", "home").await.unwrap());
    store.start_session(login(ada)).await.unwrap().unwrap();
    assert!(store.is_known_address("user0", "home").await.unwrap());
    assert_eq!(store.sweep(NOW).await.unwrap(), 1);
    let at = Moment { now: NOW, tokens_expired_at: Timestamp::MAX };
    store.end_session(broken, at).await.unwrap();
    assert!(store.is_revoked(broken));
}

#[tokio::test]
async fn a_client_that_can_not_be_read_is_set_aside_and_the_others_stay() {
    let directory = Directory::with_users(1).await;
    let store = directory.open().unwrap();
    for name in ["billing", "gateway"] {
        store.add_oauth_client(oauth_client(name, 1)).await.unwrap();
    }
    drop(store);
    assert_eq!(directory.check(), [""; 0]);
    directory.damage(|txn| {
        txn.open_table(OAUTH_CLIENTS).unwrap().insert("billing", &b"{"[..]).unwrap();
    });
    let store = directory.open().unwrap();
    assert!(matches!(store.oauth_client("billing").await, Err(StoreError::Damaged(_))));
    assert!(store.oauth_client("gateway").await.unwrap().is_some());
    drop(store);
    assert_eq!(directory.check(), ["oauth_clients billing: the record can't be read"]);
    let repaired = directory.repair();
    assert_eq!(directory.set_aside(&repaired)[0]["table"], "oauth_clients");
    assert_eq!(directory.check(), [""; 0]);
    let store = directory.open().unwrap();
    assert_eq!(store.oauth_clients().await.unwrap().len(), 1);
}

#[tokio::test]
async fn audit_records_are_mended_or_set_aside() {
    let directory = Directory::with_users(1).await;
    let user = directory.users[0].id;
    let record = AuditRecord { user: Some(user), ..AuditRecord::default() };
    let ids = [1, 2, 3].map(|second| AuditId::in_order(Timestamp::from_second(second).unwrap()));
    let entries = ids[..2].iter().map(|id| AuditEntry { id: *id, record: record.clone() });
    directory.open().unwrap().add_audit(entries.collect(), u64::MAX).await.unwrap();
    assert!(directory.check().is_empty());
    directory.damage(|txn| {
        let mut of_users = txn.open_table(AUDIT_BY_USER).unwrap();
        of_users.remove((user.as_bytes(), ids[0].as_bytes())).unwrap();
        of_users.insert((user.as_bytes(), ids[2].as_bytes()), ()).unwrap();
        txn.open_table(AUDIT).unwrap().insert(ids[1].as_bytes(), &b"{"[..]).unwrap();
    });
    let findings = directory.check();
    let expected = [
        format!("audit {}: it is not among the records of user {user}", ids[0]),
        format!("audit {}: the record can't be read", ids[1]),
        format!("audit_by_user {user} {}: the user has no such record", ids[1]),
        format!("audit_by_user {user} {}: the user has no such record", ids[2]),
    ];
    assert_eq!(findings, expected);
    // The damaged one is left out of what is read.
    let query = AuditQuery { limit: 9, ..AuditQuery::default() };
    assert_eq!(directory.open().unwrap().audit(query.clone()).await.unwrap().entries.len(), 1);
    let repaired = directory.repair();
    assert_eq!(directory.set_aside(&repaired).len(), 3);
    assert!(directory.check().is_empty());
    let query = AuditQuery { user: Some(user), ..query };
    let left = directory.open().unwrap().audit(query).await.unwrap().entries;
    assert_eq!(left.iter().map(|entry| entry.id).collect::<Vec<_>>(), [ids[0]]);
}

/// Damages the page that holds the record of a user. Others held it before.
async fn damage_page_of(directory: &Directory, user: &User) {
    let sound = fs::read(directory.file()).unwrap();
    let needle = format!("\"username\":\"{}\"", user.username);
    for (number, page) in sound.chunks(4096).enumerate() {
        if page.windows(needle.len()).any(|window| window == needle.as_bytes()) {
            let mut bytes = sound.clone();
            bytes[number * 4096..][..64].fill(0xff);
            fs::write(directory.file(), bytes).unwrap();
            let Ok(store) = directory.open() else { continue };
            if store.user_by_id(user.id).await.is_err() {
                return;
            }
        }
    }
    panic!("no page holds the record");
}

fn is_said_in_one_line(error: &StoreError) -> bool {
    let StoreError::Damaged(cause) = error else { return false };
    let cause = format!("{cause:#}");
    cause.contains("damaged") && cause.lines().count() == 1
}

#[tokio::test]
async fn a_damaged_page_is_an_error_and_all_the_other_pages_are_read_and_written() {
    let directory = Directory::with_users(300).await;
    let lost = &directory.users[150];
    damage_page_of(&directory, lost).await;
    let store = directory.open().unwrap();
    let mut kept = Vec::new();
    for user in &directory.users {
        if store.user_by_id(user.id).await.is_ok() {
            kept.push(user.id);
        }
    }
    assert!((200..300).contains(&kept.len()), "{}", kept.len());
    let at = Moment { now: NOW, tokens_expired_at: NOW };
    for kept in &kept[..3] {
        assert!(is_said_in_one_line(&store.user_by_id(lost.id).await.unwrap_err()));
        assert!(is_said_in_one_line(&store.users(None, 500).await.unwrap_err()));
        store.set_password(lost.id, "new".into(), at).await.unwrap_err();
        assert!(store.user_by_id(*kept).await.unwrap().is_some());
        assert!(store.set_password(*kept, "new".into(), at).await.unwrap());
        store.check().await.unwrap();
    }
    drop(store);
    let findings = directory.check();
    assert!(findings.iter().any(|finding| finding.contains("damaged pages")), "{findings:?}");
    assert!(findings.iter().all(|finding| finding.lines().count() == 1), "{findings:?}");
    assert!(repair_file(&directory.file(), NOW).is_err());
    assert!(directory.open().unwrap().user_by_id(kept[0]).await.unwrap().is_some());
}
