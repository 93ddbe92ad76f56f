//! One node sweeps at a time.

use super::*;
use crate::store::conformance::{login, user};

#[tokio::test]
async fn nothing_is_swept_while_another_node_sweeps() {
    let Some(url) = fresh_schema().await else { return };
    let store = PostgresStore::open(&url, StoreMetrics::unregistered()).await.unwrap();
    let ada = user("ada");
    store.create_user(ada.clone(), None).await.unwrap();
    store.start_session(login(&ada)).await.unwrap().unwrap();
    let late = jiff::Timestamp::from_second(1_000_000).unwrap();
    let other = direct(&url).await;
    other.client.batch_execute("BEGIN").await.unwrap();
    assert!(locks::try_sweep(&other.client).await.unwrap());
    assert_eq!(store.sweep(late).await.unwrap(), 0);
    assert_eq!(store.counts().await.unwrap().sessions, 1);
    other.client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(store.sweep(late).await.unwrap(), 1);
}
