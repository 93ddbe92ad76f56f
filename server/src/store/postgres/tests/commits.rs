//! What becomes of writes that fail, hang, or lose their caller.

use super::*;

/// Fails with this code of PostgreSQL.
fn failing(
    store: &PostgresStore,
    code: &'static str,
) -> impl Future<Output = Result<(), StoreError>> {
    store.write(move |db| {
        Box::pin(async move {
            let raise = format!("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$");
            db.batch_execute(&raise).await?;
            Ok(Applied::quietly(()))
        })
    })
}

#[tokio::test]
async fn each_failure_is_of_the_kind_that_its_code_says() {
    let Some(store) = fresh_store().await else { return };
    let kinds = [
        ("40001", "Conflict"),
        ("40P01", "Conflict"),
        ("55P03", "Damaged"),
        ("23505", "Damaged"),
        ("42P01", "Damaged"),
        ("25006", "Unavailable"),
        ("53100", "Unavailable"),
        ("57P01", "Unavailable"),
    ];
    for (code, kind) in kinds {
        let error = format!("{:?}", failing(&store, code).await.unwrap_err());
        assert!(error.starts_with(kind), "{code}: {error}");
        store.check().await.unwrap();
    }
}

#[tokio::test]
async fn a_write_goes_on_without_its_caller() {
    let Some(url) = fresh_schema().await else { return };
    let store = PostgresStore::open(&url, StoreMetrics::unregistered()).await.unwrap();
    let direct = direct(&url).await;
    let db = &direct.client;
    db.batch_execute("BEGIN; LOCK TABLE revoked_sessions").await.unwrap();
    let id = SessionId::new(at_zero().now);
    // Once it waits for the table, its caller goes away.
    let waits =
        "SELECT FROM pg_locks WHERE relation = 'revoked_sessions'::regclass AND NOT granted";
    tokio::select! {
        ended = store.end_session(id, at_zero()) => panic!("{ended:?}"),
        () = until(async || !db.query_typed(waits, &[]).await.unwrap().is_empty()) => {}
    }
    assert!(!store.is_revoked(id));
    db.batch_execute("COMMIT").await.unwrap();
    until(async || store.is_revoked(id)).await;
}

/// As with a synchronous standby that is gone.
#[tokio::test]
async fn a_commit_that_hangs_is_no_success_and_its_connection_is_closed_without_a_cancel() {
    let Some(url) = fresh_schema().await else { return };
    let store = PostgresStore::open(&url, StoreMetrics::unregistered()).await.unwrap();
    let direct = direct(&url).await;
    let db = &direct.client;
    let hang = "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN PERFORM pg_sleep(8); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER hang AFTER INSERT ON revoked_sessions
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hang()";
    db.batch_execute(hang).await.unwrap();
    let id = SessionId::new(at_zero().now);
    let ended = timeout(LONG, store.end_session(id, at_zero())).await.unwrap();
    assert!(matches!(ended, Err(StoreError::Unavailable(_))), "{ended:?}");
    // Whoever asked wanted that, so the token is refused whatever became of the commit.
    assert!(store.is_revoked(id));
    store.check().await.unwrap();
    // Nobody cancelled it.
    let revoked = "SELECT FROM revoked_sessions";
    until(async || !db.query_typed(revoked, &[]).await.unwrap().is_empty()).await;
}
