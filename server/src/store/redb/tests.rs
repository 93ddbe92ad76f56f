use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{fmt, io};

use anyhow::anyhow;
use jiff::Timestamp;
use redb::backends::InMemoryBackend;
use redb::{ReadableTableMetadata as _, StorageBackend, StorageError, TransactionError};

use super::store::SWEEP_BATCH;
use super::tables::{RESETS, SESSIONS, SESSIONS_BY_USER, USERS};
use super::*;
use crate::store::{CreateUserError, NewSession, Store as _, User, UserId, conformance};

fn user(username: &str) -> User {
    User {
        id: UserId::new(Timestamp::UNIX_EPOCH),
        username: username.to_owned(),
        username_key: username.to_lowercase(),
        password_hash: "old hash".into(),
        password_version: 0,
        roles: vec!["admin".to_owned()],
        disabled: false,
        created_at: Timestamp::UNIX_EPOCH,
        factors: Default::default(),
    }
}

#[tokio::test]
async fn users_are_there_after_the_file_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hallpass.redb");
    let ada = user("Ada");
    let store = RedbStore::open(&path).unwrap();
    store.create_user(ada.clone(), None).await.unwrap();
    drop(store);

    let store = RedbStore::open(&path).unwrap();
    assert_eq!(store.user_by_id(ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.user_by_name("ada").await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.user_by_name("adam").await.unwrap(), None);
    let stranger = UserId::new(Timestamp::UNIX_EPOCH);
    assert_eq!(store.user_by_id(stranger).await.unwrap(), None);
}

/// Whether redb has to read the whole file before it opens it.
fn needs_repair(file: &Path) -> bool {
    let needs_repair = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&needs_repair);
    let note = move |_: &mut redb::RepairSession| noted.store(true, Ordering::Relaxed);
    drop(Database::builder().set_repair_callback(note).create(file).unwrap());
    needs_repair.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_store_that_is_killed_while_nothing_is_written_opens_without_a_repair() {
    let dir = tempfile::tempdir().unwrap();
    let (path, killed) = (dir.path().join("hallpass.redb"), dir.path().join("killed.redb"));
    let store = RedbStore::open(&path).unwrap();
    for name in ["Ada", "Bob"] {
        store.create_user(user(name), None).await.unwrap();
        let started = Instant::now();
        loop {
            // What a kill leaves.
            std::fs::copy(&path, &killed).unwrap();
            if !needs_repair(&killed) {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(10), "no checkpoint was made");
        }
        let killed = RedbStore::open(&killed).unwrap();
        assert!(killed.user_by_name(&name.to_lowercase()).await.unwrap().is_some(), "{name}");
    }
}

fn at(seconds: i64) -> Moment {
    let now = Timestamp::from_second(seconds).unwrap();
    Moment { now, tokens_expired_at: Timestamp::from_second(seconds + 900).unwrap() }
}

fn login(user: &User, address: &str) -> NewSession {
    NewSession { address: address.to_owned(), ..conformance::login(user) }
}

#[tokio::test]
async fn an_offer_of_the_version_that_kept_no_time_is_listed_as_made_half_an_hour_before_its_end() {
    let store = RedbStore::in_memory().unwrap();
    let (boss, bob) = (user("boss"), user("bob"));
    for user in [&boss, &bob] {
        store.create_user(user.clone(), None).await.unwrap();
    }
    let (of, by) = (bob.id, boss.id);
    let offer = move |txn: &WriteTransaction| {
        let row = (of.as_bytes(), by.as_bytes(), at(2000).now.as_millisecond());
        txn.open_table(RESETS)?.insert(&[7; 32], row)?;
        txn.open_table(tables::RESETS_BY_USER)?.insert(of.as_bytes(), &[7; 32])?;
        Ok(())
    };
    store.writer.write(offer).await.unwrap();
    let open = store.open_resets(at(1000).now).await.unwrap();
    assert_eq!((open.len(), open[0].user.id, open[0].by.id), (1, bob.id, boss.id));
    assert_eq!((open[0].created_at, open[0].expires_at), (at(200).now, at(2000).now));
    assert!(store.reset_offered([7; 32], at(1000).now).await.unwrap().is_some());
    store.withdraw_reset(bob.id, None, at(1000).now).await.unwrap();
    assert!(store.reset_offered([7; 32], at(1000).now).await.unwrap().is_none());
}

#[tokio::test]
async fn revoked_sessions_are_known_after_the_file_is_opened_again_until_their_tokens_expire() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hallpass.redb");
    let ada = user("ada");
    let new = login(&ada, "home");
    let id = new.session.id;
    let store = RedbStore::open(&path).unwrap();
    store.create_user(ada.clone(), None).await.unwrap();
    store.start_session(new).await.unwrap();
    assert!(!store.is_revoked(id));
    store.end_session(id, at(0)).await.unwrap();
    assert!(store.is_revoked(id));
    drop(store);

    let store = RedbStore::open(&path).unwrap();
    assert!(store.is_revoked(id));
    store.sweep(at(899).now).await.unwrap();
    assert!(store.is_revoked(id));
    store.sweep(at(900).now).await.unwrap();
    assert!(!store.is_revoked(id));
    drop(store);
    assert!(!RedbStore::open(&path).unwrap().is_revoked(id));
}

#[tokio::test]
async fn the_sweep_removes_what_has_expired_and_nothing_else() {
    let store = RedbStore::in_memory().unwrap();
    let expired = SWEEP_BATCH + 5;
    let (mut owners, mut creations, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..expired + 3 {
        // Each of another user: one has at most a hundred.
        let owner = user(&format!("user{n}"));
        let mut new = login(&owner, "home");
        if n >= expired {
            new.session.expires_at = at(5000).now;
        }
        owners.push(owner.id);
        creations.push(store.create_user(owner, None));
        starts.push(store.start_session(new));
    }
    futures_util::future::join_all(creations).await;
    futures_util::future::join_all(starts).await;
    assert_eq!(store.sweep(at(1000).now).await.unwrap(), expired);
    assert_eq!(store.sessions_of(owners[expired], at(0).now).await.unwrap().len(), 1);
    let left = store.db.with(|db| {
        let txn = db.begin_read()?;
        Ok((txn.open_table(SESSIONS)?.len()?, txn.open_table(SESSIONS_BY_USER)?.len()?))
    });
    assert_eq!(left.unwrap(), (3, 3));
}

#[tokio::test]
async fn a_damaged_row_is_the_trouble_of_those_who_need_it() {
    let store = RedbStore::in_memory().unwrap();
    let (ada, bob) = (user("ada"), user("bob"));
    store.create_user(ada.clone(), None).await.unwrap();
    let id = ada.id;
    let damage = move |txn: &WriteTransaction| {
        txn.open_table(USERS)?.insert(id.as_bytes(), &b"{"[..])?;
        Ok(())
    };
    store.writer.write(damage).await.unwrap();
    let (damaged, fine) =
        tokio::join!(store.start_session(login(&ada, "home")), store.create_user(bob, None));
    assert!(matches!(damaged, Err(StoreError::Damaged(_))), "{damaged:?}");
    fine.unwrap();
    store.check().await.unwrap();
}

#[test]
fn a_file_that_is_in_use_is_refused_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hallpass.redb");
    let _holder = RedbStore::open(&path).unwrap();
    let refused = RedbStore::open(&path).unwrap_err().to_string();
    assert!(refused.contains("--data-dir"), "{refused}");
}

type BeforeSync = Arc<dyn Fn() -> io::Result<()> + Send + Sync>;

/// A disk in memory on which something happens before each sync.
struct Disk {
    memory: Arc<InMemoryBackend>,
    before_sync: BeforeSync,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write(offset, data)
    }
    fn sync_data(&self) -> io::Result<()> {
        (self.before_sync)()?;
        self.memory.sync_data()
    }
}

fn store_on(before_sync: BeforeSync) -> RedbStore {
    let memory = Arc::new(InMemoryBackend::new());
    let open = move || {
        let disk = Disk { memory: Arc::clone(&memory), before_sync: Arc::clone(&before_sync) };
        Ok(Database::builder().create_with_backend(disk)?)
    };
    RedbStore::new(open, StoreMetrics::unregistered()).unwrap()
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_synced_and_what_waits_is_synced_together() {
    let (shut, syncs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let ((arrived, arrivals), (opener, open)) = (mpsc::channel(), mpsc::channel::<()>());
    let open = Mutex::new(open);
    let store = store_on({
        let (shut, syncs) = (Arc::clone(&shut), Arc::clone(&syncs));
        Arc::new(move || {
            syncs.fetch_add(1, Ordering::Relaxed);
            if shut.load(Ordering::Relaxed) {
                arrived.send(()).unwrap();
                open.lock().unwrap().recv().unwrap();
            }
            Ok(())
        })
    });
    shut.store(true, Ordering::Relaxed);
    let before = syncs.load(Ordering::Relaxed);
    let creations = (0..50).map(|n| store.create_user(user(&format!("user{n}")), None));
    let mut creations = std::pin::pin!(futures_util::future::join_all(creations));
    // The first poll queues all of them; the thread takes some and comes to the gate.
    assert!(futures_util::poll!(creations.as_mut()).is_pending());
    arrivals.recv().unwrap();
    assert!(futures_util::poll!(creations.as_mut()).is_pending(), "acknowledged too early");
    shut.store(false, Ordering::Relaxed);
    opener.send(()).unwrap();
    assert!(creations.await.iter().all(Result::is_ok));
    let commits = syncs.load(Ordering::Relaxed) - before;
    assert!(commits <= 4, "{commits} syncs for 50 users");
}

#[tokio::test]
async fn a_full_disk_costs_the_writes_that_met_it_and_no_later_ones() {
    let full = Arc::new(AtomicBool::new(false));
    let store = store_on({
        let full = Arc::clone(&full);
        Arc::new(move || match full.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        })
    });
    store.create_user(user("before"), None).await.unwrap();
    full.store(true, Ordering::Relaxed);
    for name in ["during", "during again"] {
        let refused = store.create_user(user(name), None).await;
        let is_unavailable =
            matches!(refused, Err(CreateUserError::Store(StoreError::Unavailable(_))));
        assert!(is_unavailable, "{refused:?}");
        assert!(store.check().await.is_err(), "it calls itself ready");
    }
    full.store(false, Ordering::Relaxed);
    store.check().await.unwrap();
    store.create_user(user("after"), None).await.unwrap();
    for name in ["before", "after"] {
        assert!(store.user_by_name(name).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_panic_while_writing_costs_one_write() {
    let store = RedbStore::in_memory().unwrap();
    let panicked = store.writer.write(|_| -> anyhow::Result<()> { panic!("on purpose") }).await;
    // As at a damaged page.
    assert!(matches!(panicked, Err(StoreError::Damaged(_))), "{panicked:?}");
    store.check().await.unwrap();
    store.create_user(user("ada"), None).await.unwrap();
}

fn corrupted() -> StorageError {
    StorageError::Corrupted("a page".to_owned())
}

#[tokio::test]
async fn a_write_that_meets_corruption_says_so_and_the_rest_of_its_group_may_try_again() {
    let store = RedbStore::in_memory().unwrap();
    for error in [corrupted(), StorageError::ValueTooLarge(4 << 30)] {
        let (met, rest) = tokio::join!(
            store.writer.write(move |_| -> anyhow::Result<()> { Err(error.into()) }),
            store.writer.write(|_| Ok(())),
        );
        assert!(matches!(met, Err(StoreError::Damaged(_))), "{met:?}");
        assert!(matches!(rest, Err(StoreError::Unavailable(_)) | Ok(())), "{rest:?}");
    }
    store.check().await.unwrap();
}

#[test]
fn a_commit_that_fails_says_whether_the_file_is_damaged() {
    let full = StorageError::Io(io::ErrorKind::StorageFull.into());
    for (error, is_damage) in [
        (anyhow!(redb::CommitError::Storage(corrupted())), true),
        (anyhow!(TransactionError::Storage(corrupted())).context("it failed"), true),
        (anyhow!(redb::DatabaseError::Storage(corrupted())).context("can't open it"), true),
        (DamagedFile.into(), true),
        (anyhow!(redb::CommitError::Storage(full)), false),
        (anyhow!("a write was aborted"), false),
    ] {
        let answer = writer::aborted(failure::is_damage(&error));
        assert_eq!(matches!(answer, StoreError::Damaged(_)), is_damage, "{error:#}");
    }
}

#[tokio::test]
async fn a_file_in_another_s_place_is_no_passing_failure() {
    let dir = tempfile::tempdir().unwrap();
    let [path, other] = ["hallpass.redb", "other.redb"].map(|name| dir.path().join(name));
    drop(RedbStore::open(&path).unwrap());
    drop(RedbStore::open(&other).unwrap());
    let file = DatabaseFile::new(&path);
    let store = RedbStore::new(move || file.open(), StoreMetrics::unregistered()).unwrap();
    std::fs::rename(&other, &path).unwrap();
    // It aborts the transaction, after which the file is opened again.
    let aborted = store.writer.write(|_| -> anyhow::Result<()> { anyhow::bail!("on purpose") });
    assert!(matches!(aborted.await, Err(StoreError::Unavailable(_))));
    let write = store.writer.write(|_| Ok(())).await;
    assert!(matches!(write, Err(StoreError::Damaged(_))), "{write:?}");
    let read = store.user_by_name("ada").await;
    assert!(matches!(read, Err(StoreError::Damaged(_))), "{read:?}");
}
