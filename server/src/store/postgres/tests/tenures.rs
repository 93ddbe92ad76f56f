//! One server at a time.

use super::*;

/// Ends the connection that holds the server's lock.
async fn cut(db: &Client) {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_locks
               WHERE locktype = 'advisory' AND granted AND objid::bigint =
               (hashtextextended(format('hallpass %s server', current_schema()), 0) & 4294967295)";
    assert_eq!(db.query_typed(end, &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_server_is_refused_until_the_first_one_ends() {
    let Some(url) = fresh_schema().await else { return };
    let open = || PostgresStore::open(&url, StoreMetrics::unregistered());
    let first = open().await.unwrap();
    let refused = open().await.unwrap_err();
    assert!(refused.is::<DatabaseInUse>(), "{refused:#}");
    drop(first);
    open().await.unwrap();
}

#[tokio::test]
async fn a_server_that_lost_its_lock_refuses_until_it_has_read_what_was_revoked_meanwhile() {
    let Some(url) = fresh_schema().await else { return };
    let store = PostgresStore::open(&url, StoreMetrics::unregistered()).await.unwrap();
    let (version, id) = (store.users_version(), SessionId::new(at_zero().now));
    let direct = direct(&url).await;
    let db = &direct.client;
    // Another server comes between: it waits for the lock, and holds it for a while.
    let rival = super::direct(&url).await;
    let lock = "SELECT pg_advisory_lock(hashtextextended(
                    format('hallpass %s server', current_schema()), 0))";
    let (locked, ()) = tokio::join!(rival.client.query_typed(lock, &[]), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cut(db).await;
    });
    locked.unwrap();
    until(async || store.check().await.is_err()).await;
    assert!(store.users_version() > version, "cached users are read anew");
    let read = store.user_by_name("ada").await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    let revoke = format!("INSERT INTO revoked_sessions VALUES ('{}', 900000)", id.uuid());
    rival.client.batch_execute(&revoke).await.unwrap();
    drop(rival);
    until(async || store.check().await.is_ok()).await;
    assert!(store.is_revoked(id));
}
