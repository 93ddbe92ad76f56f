use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::{fmt, io};

use jiff::Timestamp;
use redb::backends::InMemoryBackend;
use redb::{ReadableTableMetadata as _, StorageBackend};

use super::store::SWEEP_BATCH;
use super::tables::{RESETS, SESSIONS, SESSIONS_BY_USER, USERS};
use super::*;
use crate::store::{
    Actor, CreateUserError, EditUserError, MAX_SESSIONS, NewSession, ResetOffer, Session,
    Store as _, User, UserEdit, UserId, Verified,
};

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
    }
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_name_after_the_file_is_opened_again() {
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

#[tokio::test]
async fn of_many_users_with_one_name_at_once_one_is_created() {
    let store = RedbStore::in_memory().unwrap();
    let attempts = (0..50).map(|_| store.create_user(user("ada"), None));
    let outcomes = futures_util::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let taken =
        |outcome: &&Result<(), CreateUserError>| matches!(outcome, Err(CreateUserError::NameTaken));
    assert_eq!(outcomes.iter().filter(taken).count(), 49);
}

fn at(seconds: i64) -> Moment {
    let now = Timestamp::from_second(seconds).unwrap();
    Moment { now, tokens_expired_at: Timestamp::from_second(seconds + 900).unwrap() }
}

fn login(user: &User, address: &str) -> NewSession {
    let now = at(0).now;
    let session = Session {
        id: SessionId::new(now),
        user: user.id,
        seed: [7; 16],
        generation: 0,
        created_at: now,
        refreshed_at: now,
        auth_time: now,
        expires_at: at(1000).now,
        tokens_expired_at: at(0).tokens_expired_at,
        user_agent: String::new(),
    };
    let verified = Verified { version: user.password_version, renewed: None };
    NewSession { session, verified, at: at(0), address: address.to_owned() }
}

#[tokio::test]
async fn a_login_is_void_if_the_password_was_changed_after_it_was_checked() {
    let store = RedbStore::in_memory().unwrap();
    let ada = user("ada");
    store.create_user(ada.clone(), None).await.unwrap();
    store.create_user(user("boss"), None).await.unwrap();
    let started = async |new: NewSession| store.start_session(new).await.unwrap();
    let renewed = Verified { version: 0, renewed: Some("renewed".into()) };
    let renewing = NewSession { verified: renewed, ..login(&ada, "home") };
    assert_eq!(started(renewing).await.unwrap().password_hash.expose(), "renewed");
    assert!(started(login(&ada, "home")).await.is_some(), "it is the same password still");

    assert!(store.set_password(ada.id, "another".into(), at(0)).await.unwrap());
    assert!(started(login(&ada, "home")).await.is_none(), "the password of before");
    let found = store.user_by_id(ada.id).await.unwrap().unwrap();
    assert!(started(login(&found, "home")).await.is_some());
    let edit = UserEdit { disabled: Some(true), ..UserEdit::default() };
    store.edit_user(ada.id, edit, None, at(0)).await.unwrap();
    assert!(started(login(&found, "home")).await.is_none(), "disabled");
}

#[tokio::test]
async fn whoever_has_lost_a_role_or_their_session_meanwhile_changes_nothing() {
    let store = RedbStore::in_memory().unwrap();
    let (boss, mallory) = (user("boss"), user("mallory"));
    for user in [&boss, &mallory] {
        store.create_user(user.clone(), None).await.unwrap();
    }
    let new = login(&mallory, "home");
    let by = Actor { user: mallory.id, session: new.session.id, admin: true, fresh: true };
    store.start_session(new).await.unwrap();
    let offer = || ResetOffer {
        user: boss.id,
        by,
        token_hash: [7; 32],
        created_at: at(0).now,
        expires_at: at(99).now,
    };
    store.offer_reset(offer()).await.unwrap();
    assert!(store.reset_offered([7; 32], at(0).now).await.unwrap().is_some());

    let demotion = UserEdit { roles: Some(Vec::new()), ..UserEdit::default() };
    store.edit_user(mallory.id, demotion, None, at(0)).await.unwrap();
    let promotion = UserEdit { roles: Some(vec!["admin".to_owned()]), ..UserEdit::default() };
    let no_admin = |error: EditUserError| matches!(error, EditUserError::NoAdmin);
    let edited = store.edit_user(mallory.id, promotion, Some(by), at(0)).await;
    assert!(no_admin(edited.unwrap_err()));
    assert!(no_admin(store.delete_user(boss.id, Some(by), at(0)).await.unwrap_err()));
    assert!(no_admin(store.offer_reset(offer()).await.unwrap_err()));
    assert!(store.reset_offered([7; 32], at(0).now).await.unwrap().is_none(), "made by no admin");
    assert_eq!(store.take_up_reset([7; 32], "new".into(), at(0)).await.unwrap(), None);

    let by = Actor { admin: false, ..by };
    store.end_session(by.session, at(0)).await.unwrap();
    let changed = store.change_password(by, 0, "new".into(), at(0)).await;
    assert!(matches!(changed.unwrap_err(), EditUserError::SessionEnded));
}

/// Between the head of a request and its effect somebody else may make an admin of the user.
#[tokio::test]
async fn whether_a_login_is_fresh_enough_is_judged_by_what_the_user_is_when_the_change_is_made() {
    let store = RedbStore::in_memory().unwrap();
    let (boss, bob) = (user("boss"), User { roles: Vec::new(), ..user("bob") });
    for user in [&boss, &bob] {
        store.create_user(user.clone(), None).await.unwrap();
    }
    let new = login(&boss, "home");
    let stale = Actor { user: boss.id, session: new.session.id, admin: true, fresh: false };
    store.start_session(new).await.unwrap();
    let roles = |roles: &[&str]| {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        UserEdit { roles: Some(roles), ..UserEdit::default() }
    };
    let edit = async |edit, by| store.edit_user(bob.id, edit, by, at(0)).await;
    let not_fresh = |error: EditUserError| matches!(error, EditUserError::NotFresh);
    assert!(not_fresh(edit(roles(&["admin"]), Some(stale)).await.unwrap_err()));
    edit(roles(&["editor"]), Some(stale)).await.unwrap();
    store.end_sessions(bob.id, Some(stale), at(0)).await.unwrap();

    edit(roles(&["admin"]), None).await.unwrap();
    assert!(not_fresh(edit(roles(&["editor"]), Some(stale)).await.unwrap_err()));
    assert!(not_fresh(store.end_sessions(bob.id, Some(stale), at(0)).await.unwrap_err()));
    edit(roles(&["editor"]), Some(Actor { fresh: true, ..stale })).await.unwrap();
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
async fn one_session_too_many_ends_the_one_that_was_not_used_for_the_longest_time() {
    let store = RedbStore::in_memory().unwrap();
    let ada = user("ada");
    store.create_user(ada.clone(), None).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..MAX_SESSIONS {
        let mut new = login(&ada, "home");
        new.session.refreshed_at = at(if n == 7 { 0 } else { 1 }).now;
        ids.push(new.session.id);
        store.start_session(new).await.unwrap();
    }
    assert!(!ids.iter().any(|id| store.is_revoked(*id)));
    store.start_session(login(&ada, "home")).await.unwrap();
    let ended: Vec<_> = ids.iter().filter(|id| store.is_revoked(**id)).collect();
    assert_eq!(ended, [&ids[7]]);
    assert_eq!(store.sessions_of(ada.id, at(0).now).await.unwrap().len(), MAX_SESSIONS);
}

#[tokio::test]
async fn a_revocation_outlasts_every_token_wherever_the_clock_has_been() {
    let store = RedbStore::in_memory().unwrap();
    let ada = user("ada");
    store.create_user(ada.clone(), None).await.unwrap();
    let (set_back, swept) = (login(&ada, "home"), SessionId::new(at(0).now));
    let id = set_back.session.id;
    store.start_session(set_back).await.unwrap();
    // The clock goes back an hour, and it ends.
    store.end_session(id, at(-3600)).await.unwrap();
    store.sweep(at(-3600 + 900).now).await.unwrap();
    assert!(store.is_revoked(id), "its token is good until 900");
    store.sweep(at(900).now).await.unwrap();
    assert!(!store.is_revoked(id));
    // The clock was ahead, and the record is gone already.
    store.end_session(swept, at(0)).await.unwrap();
    assert!(store.is_revoked(swept));
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
async fn the_last_addresses_are_remembered() {
    let store = RedbStore::in_memory().unwrap();
    let ada = user("ada");
    store.create_user(ada.clone(), None).await.unwrap();
    for n in 0..20 {
        store.start_session(login(&ada, &format!("address {n}"))).await.unwrap();
        store.start_session(login(&ada, "address 0")).await.unwrap();
    }
    for (address, known) in [("address 0", true), ("address 1", false), ("address 19", true)] {
        assert_eq!(store.is_known_address("ada", address).await.unwrap(), known, "{address}");
    }
}

#[tokio::test]
async fn of_two_last_admins_that_go_at_once_one_stays() {
    let store = RedbStore::in_memory().unwrap();
    let (ada, bob) = (user("ada"), user("bob"));
    store.create_user(ada.clone(), None).await.unwrap();
    store.create_user(bob.clone(), None).await.unwrap();
    let edit = UserEdit { roles: Some(Vec::new()), ..UserEdit::default() };
    let (one, other) = tokio::join!(
        store.edit_user(ada.id, edit, None, at(0)),
        store.delete_user(bob.id, None, at(0))
    );
    assert!(one.is_ok());
    assert!(matches!(other, Err(EditUserError::LastAdmin)), "{other:?}");
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
