use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::{fmt, io};

use jiff::Timestamp;
use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::*;

fn user(username: &str) -> User {
    User {
        id: UserId::new(Timestamp::UNIX_EPOCH),
        username: username.to_owned(),
        username_key: username.to_lowercase(),
        password_hash: "old hash".into(),
        roles: vec!["admin".to_owned()],
        disabled: false,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_name_after_the_file_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hallpass.redb");
    let ada = user("Ada");
    let store = RedbStore::open(&path).unwrap();
    store.create_user(ada.clone()).await.unwrap();
    drop(store);

    let store = RedbStore::open(&path).unwrap();
    assert_eq!(store.user_by_id(ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.user_by_name("ada").await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.user_by_name("Ada").await.unwrap(), None);
    let stranger = UserId::new(Timestamp::UNIX_EPOCH);
    assert_eq!(store.user_by_id(stranger).await.unwrap(), None);
}

#[tokio::test]
async fn of_many_users_with_one_name_at_once_one_is_created() {
    let store = RedbStore::in_memory().unwrap();
    let attempts = (0..50).map(|_| store.create_user(user("ada")));
    let outcomes = futures_util::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let taken =
        |outcome: &&Result<(), CreateUserError>| matches!(outcome, Err(CreateUserError::NameTaken));
    assert_eq!(outcomes.iter().filter(taken).count(), 49);
}

#[tokio::test]
async fn a_hash_is_replaced_only_in_the_place_of_the_one_that_was_checked() {
    let store = RedbStore::in_memory().unwrap();
    let ada = user("ada");
    store.create_user(ada.clone()).await.unwrap();
    for (old, new, expected) in [("old hash", "newer", "newer"), ("old hash", "too late", "newer")]
    {
        store.replace_password_hash(ada.id, old.into(), new.into()).await.unwrap();
        let found = store.user_by_id(ada.id).await.unwrap().unwrap();
        assert_eq!(found.password_hash.expose(), expected);
    }
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
    RedbStore::new(open).unwrap()
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
    let creations = (0..50).map(|n| store.create_user(user(&format!("user{n}"))));
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
    store.create_user(user("before")).await.unwrap();
    full.store(true, Ordering::Relaxed);
    for name in ["during", "during again"] {
        let refused = store.create_user(user(name)).await;
        assert!(matches!(refused, Err(CreateUserError::Store(_))), "{refused:?}");
        assert!(store.check().await.is_err(), "it calls itself ready");
    }
    full.store(false, Ordering::Relaxed);
    store.check().await.unwrap();
    store.create_user(user("after")).await.unwrap();
    for name in ["before", "after"] {
        assert!(store.user_by_name(name).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_panic_while_writing_costs_one_write() {
    let store = RedbStore::in_memory().unwrap();
    let panicked = store.writer.write(|_| -> anyhow::Result<()> { panic!("on purpose") }).await;
    assert!(panicked.is_err());
    store.check().await.unwrap();
    store.create_user(user("ada")).await.unwrap();
}
