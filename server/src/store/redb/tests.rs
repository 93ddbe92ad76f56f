use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use jiff::Timestamp;
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

/// A disk whose syncs wait, once it is shut, until they are let through.
#[derive(Debug)]
struct Gate {
    disk: InMemoryBackend,
    shut: Arc<AtomicBool>,
    arrived: mpsc::Sender<()>,
    open: Mutex<mpsc::Receiver<()>>,
    syncs: Arc<AtomicUsize>,
}

impl StorageBackend for Gate {
    fn len(&self) -> Result<u64, io::Error> {
        self.disk.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.disk.read(offset, out)
    }
    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.disk.set_len(len)
    }
    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.disk.write(offset, data)
    }
    fn sync_data(&self) -> Result<(), io::Error> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        if self.shut.load(Ordering::Relaxed) {
            self.arrived.send(()).unwrap();
            self.open.lock().unwrap().recv().unwrap();
        }
        self.disk.sync_data()
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_synced_and_what_waits_is_synced_together() {
    let (shut, syncs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let ((arrived, arrivals), (opener, open)) = (mpsc::channel(), mpsc::channel());
    let store = RedbStore::on(Gate {
        disk: InMemoryBackend::new(),
        shut: Arc::clone(&shut),
        arrived,
        open: Mutex::new(open),
        syncs: Arc::clone(&syncs),
    })
    .unwrap();
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
