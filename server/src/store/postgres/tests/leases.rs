//! Several servers on one database.

use std::path::Path;

use super::*;
use crate::clock::BootTime;
use crate::store::{Authority, UserId};

/// Of servers that are going to fall silent.
const SHORT: Duration = Duration::from_millis(1500);

/// Keeps a server from polling until this is dropped: its row is locked.
struct Silenced {
    _direct: connect::Direct,
}

async fn silence(url: &DatabaseUrl, store: &PostgresStore) -> Silenced {
    let direct = direct(url).await;
    direct.client.batch_execute("BEGIN").await.unwrap();
    let id = store.shared.own();
    let lock = format!("SELECT FROM nodes WHERE id = '{id}' FOR UPDATE");
    assert_eq!(direct.client.query_typed(&lock, &[]).await.unwrap().len(), 1);
    Silenced { _direct: direct }
}

async fn count_nodes(url: &DatabaseUrl) -> i64 {
    let row = direct(url).await.client.query_typed_one("SELECT count(*) FROM nodes", &[]).await;
    row.unwrap().get(0)
}

fn some_session() -> SessionId {
    SessionId::new(at_zero().now)
}

/// How long it takes.
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = BootTime::now();
    let done = timeout(LONG, work).await.unwrap();
    (done, BootTime::now().since(begun))
}

#[tokio::test]
async fn a_session_that_ends_on_one_server_has_ended_on_all_before_the_answer() {
    let Some(url) = fresh_schema().await else { return };
    let stores = [node(&url, LEASE).await, node(&url, LEASE).await, node(&url, LEASE).await];
    for store in &stores {
        let id = some_session();
        store.end_session(id, at_zero()).await.unwrap();
        assert!(stores.iter().all(|store| store.is_revoked(id)));
    }
    assert!(stores.iter().all(|store| store.lease().holds()));
}

#[tokio::test]
async fn a_user_who_changes_on_one_server_is_read_anew_on_the_other() {
    let Some(url) = fresh_schema().await else { return };
    let (one, other) = (node(&url, LEASE).await, node(&url, LEASE).await);
    let [ada, bob] = [1, 2].map(|n| UserId::from_bytes([n; 16]));
    let insert = format!(
        "INSERT INTO users SELECT '{0}', 'a', 'a', false, jsonb_build_object('id', '{0}',
         'username', 'a', 'username_key', 'a', 'password_hash', '', 'roles', '[]'::jsonb,
         'disabled', false, 'created_at', '1970-01-01T00:00:00Z')",
        ada.uuid()
    );
    direct(&url).await.client.batch_execute(&insert).await.unwrap();
    let before = [ada, bob].map(|user| other.user_version(user));
    assert!(one.set_password(ada, "new".into(), at_zero()).await.unwrap());
    assert!(other.user_version(ada) > before[0]);
    assert_eq!(other.user_version(bob), before[1]);
}

#[tokio::test]
async fn a_server_that_is_silent_is_waited_for_until_its_lease_has_ended() {
    let Some(url) = fresh_schema().await else { return };
    let (one, other) = (node(&url, LEASE).await, node(&url, SHORT).await);
    let silenced = silence(&url, &other).await;
    let id = some_session();
    let (ended, took) = timed(one.end_session(id, at_zero())).await;
    ended.unwrap();
    assert!(took >= outlasting(SHORT) && took < LEASE, "{took:?}");
    assert!(!other.lease().holds());
    assert!(matches!(other.check().await, Err(StoreError::OutOfTouch(_))));
    assert!(one.lease().holds());
    drop(silenced);
    until(async || other.lease().holds()).await;
    assert!(other.is_revoked(id), "it knows before it is trusted again");
}

#[tokio::test]
async fn a_server_that_is_killed_is_removed_once_its_lease_has_ended() {
    let Some(url) = fresh_schema().await else { return };
    let (one, other) = (node(&url, LEASE).await, node(&url, SHORT).await);
    drop(other);
    assert_eq!(count_nodes(&url).await, 2);
    until(async || count_nodes(&url).await == 1).await;
    one.end_session(some_session(), at_zero()).await.unwrap();
    assert!(one.lease().holds());
}

#[tokio::test]
async fn nobody_waits_for_a_server_that_has_left() {
    let Some(url) = fresh_schema().await else { return };
    let (one, other) = (node(&url, LEASE).await, node(&url, LEASE).await);
    other.leave().await;
    assert!(!other.lease().holds());
    assert_eq!(count_nodes(&url).await, 1);
    let (_, took) = timed(one.end_session(some_session(), at_zero())).await;
    assert!(took < LEASE, "{took:?}");
}

#[tokio::test]
async fn a_server_that_starts_again_takes_the_place_of_its_predecessor() {
    let Some(url) = fresh_schema().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let start = |dir: &Path| {
        let settings = NodeSettings { lease: LEASE, data_dir: dir.to_owned(), direct: None };
        PostgresStore::join(&url, settings, StoreMetrics::unregistered())
    };
    let first = start(dir.path()).await.unwrap();
    assert!(start(dir.path()).await.is_err(), "while the first one runs");
    let other = node(&url, LEASE).await;
    drop(first);
    // Its file is closed once the task that keeps the lease has ended.
    let mut second = None;
    until(async || {
        second = start(dir.path()).await.ok();
        second.is_some()
    })
    .await;
    assert_eq!(count_nodes(&url).await, 2);
    let (_, took) = timed(other.end_session(some_session(), at_zero())).await;
    assert!(took < LEASE, "{took:?}");
}

#[tokio::test]
async fn a_command_waits_for_the_servers_and_no_server_waits_for_it() {
    let Some(url) = fresh_schema().await else { return };
    let server = node(&url, SHORT).await;
    let command = PostgresStore::open(&url, StoreMetrics::unregistered()).await.unwrap();
    assert!(!command.lease().holds());
    let silenced = silence(&url, &server).await;
    let (_, took) = timed(command.end_session(some_session(), at_zero())).await;
    assert!(took >= outlasting(SHORT), "{took:?}");
    drop(silenced);
    assert_eq!(count_nodes(&url).await, 1);
}

/// The sign-out has its number when the server joins, and is committed while it does.
#[tokio::test]
async fn a_server_that_joins_during_a_sign_out_knows_of_it() {
    let Some(url) = fresh_schema().await else { return };
    let (one, direct) = (node(&url, LEASE).await, direct(&url).await);
    let (db, id) = (&direct.client, some_session());
    db.batch_execute("BEGIN; LOCK TABLE changes IN EXCLUSIVE MODE").await.unwrap();
    let waiting = |on: &'static str| {
        let query = format!(
            "SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
                             WHERE NOT granted AND query LIKE '%{on}%'"
        );
        let observer = super::direct(&url);
        async move {
            let observer = observer.await;
            until(async || !observer.client.query_typed(&query, &[]).await.unwrap().is_empty())
                .await;
        }
    };
    let joining = async {
        waiting("INSERT INTO changes").await;
        let (joined, ()) = tokio::join!(node(&url, LEASE), async {
            waiting("FROM change_counter FOR UPDATE").await;
            db.batch_execute("COMMIT").await.unwrap();
        });
        assert!(joined.is_revoked(id));
        joined
    };
    let (ended, joined) = tokio::join!(one.end_session(id, at_zero()), joining);
    ended.unwrap();
    assert!(joined.lease().holds());
}

#[tokio::test]
async fn a_server_that_cannot_go_on_from_its_place_joins_anew() {
    let Some(url) = fresh_schema().await else { return };
    let (one, direct) = (node(&url, LEASE).await, direct(&url).await);
    let (other, db) = (node(&url, LEASE).await, &direct.client);
    for damage in [
        "DELETE FROM nodes",
        "UPDATE changes SET tag = gen_random_uuid()",
        "DELETE FROM changes WHERE number < (SELECT number FROM change_counter);
         UPDATE changes SET number = number + 1; UPDATE change_counter SET number = number + 1",
        "UPDATE change_counter SET number = number + 2; INSERT INTO changes SELECT number,
             gen_random_uuid(), '{}' FROM change_counter",
        "UPDATE change_counter SET number = number + 1; INSERT INTO changes SELECT number,
             gen_random_uuid(), '{\"later\": 1}' FROM change_counter",
    ] {
        let (own, version) = (one.shared.own(), one.user_version(UserId::NOBODY));
        db.batch_execute(damage).await.unwrap();
        until(async || one.shared.own() != own && one.lease().holds()).await;
        assert!(one.user_version(UserId::NOBODY) > version, "its cache is empty: {damage}");
        until(async || count_nodes(&url).await == 2).await;
        until(async || other.lease().holds()).await;
        let id = some_session();
        other.end_session(id, at_zero()).await.unwrap();
        assert!(one.is_revoked(id), "{damage}");
    }
}

#[tokio::test]
async fn sessions_that_end_by_the_thousands_are_read_from_their_table() {
    let Some(url) = fresh_schema().await else { return };
    let (one, other) = (node(&url, LEASE).await, node(&url, LEASE).await);
    let (id, many) = (some_session(), vec![(some_session(), at_zero().now); 20_000]);
    let insert = format!("INSERT INTO revoked_sessions VALUES ('{}', 900000)", id.uuid());
    direct(&url).await.client.batch_execute(&insert).await.unwrap();
    one.write(move |_| Box::pin(async { Ok(Applied::ending((), many)) })).await.unwrap();
    assert!(other.is_revoked(id));
}

#[tokio::test]
async fn a_change_of_the_keys_is_applied_once_they_are_read() {
    let Some(url) = fresh_schema().await else { return };
    let (one, other) = (node(&url, LEASE).await, node(&url, LEASE).await);
    let (reloaded, reload) = tokio::sync::watch::channel(0);
    other.reload_keys_with(move || {
        let reloaded = reloaded.clone();
        Box::pin(async move {
            reloaded.send_modify(|count| *count += 1);
            Ok(())
        })
    });
    let changed = |_: &Client| {
        let mut applied = Applied::quietly(());
        applied.news.keys = true;
        applied
    };
    one.write(move |db| Box::pin(async move { Ok(changed(db)) })).await.unwrap();
    assert_eq!(*reload.borrow(), 1);
}

#[tokio::test]
async fn what_a_replaced_primary_says_does_not_count() {
    let Some(url) = fresh_schema().await else { return };
    let store = node(&url, LEASE).await;
    let (id, memory) = (some_session(), &store.shared.memory);
    let read = store.authority(id, UserId::NOBODY).await.unwrap();
    assert_eq!(read, Authority { has_session: false, user: None });
    let newer = timeline::Timeline(memory.timeline().0 + 1);
    memory.trust(BootTime::now().after(SHORT), newer);
    let read = store.authority(id, UserId::NOBODY).await;
    assert!(matches!(read, Err(StoreError::OutOfTouch(_))), "{read:?}");
    until(async || !store.lease().holds()).await;
}

#[tokio::test]
async fn what_all_servers_have_applied_is_removed_from_the_log() {
    let Some(url) = fresh_schema().await else { return };
    let (one, _other) = (node(&url, LEASE).await, node(&url, LEASE).await);
    let direct = direct(&url).await;
    for _ in 0..5 {
        one.end_session(some_session(), at_zero()).await.unwrap();
    }
    let log = "SELECT number FROM changes";
    until(async || direct.client.query_typed(log, &[]).await.unwrap().len() == 1).await;
    one.end_session(some_session(), at_zero()).await.unwrap();
    assert!(one.lease().holds());
}
