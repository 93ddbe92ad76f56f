use super::*;
use crate::store::{AuditEntry, AuditId, AuditPage, AuditQuery, AuditRecord};

fn record(seconds: i64, event: &str, user: Option<UserId>, by: Option<UserId>) -> AuditEntry {
    let record = AuditRecord {
        event: event.to_owned(),
        user,
        by,
        address: Some("192.0.2.7".to_owned()),
        user_agent: Some("Phone/1.0".to_owned()),
        detail: Some("a detail".to_owned()),
        ..AuditRecord::default()
    };
    AuditEntry { id: AuditId::in_order(at(seconds).now), record }
}

fn all() -> AuditQuery {
    AuditQuery { limit: 100, ..AuditQuery::default() }
}

async fn entries(store: &dyn Store, query: AuditQuery) -> Vec<AuditEntry> {
    let AuditPage { entries, next } = store.audit(query).await.unwrap();
    assert_eq!(next, None);
    entries
}

/// Adds records of which none is removed.
async fn add(store: &dyn Store, entries: &[AuditEntry]) {
    store.add_audit(entries.to_vec(), u64::MAX).await.unwrap();
}

pub(super) async fn records_are_found_by_whom_they_concern_by_event_and_by_time(
    store: Arc<dyn Store>,
) {
    let (boss, ada) = (added_admin(&*store, "boss").await.id, added(&*store, "ada").await.id);
    let login = record(0, "login", Some(ada), None);
    let edit = record(10, "role_change", Some(ada), Some(boss));
    let own = record(20, "role_change", Some(boss), Some(boss));
    let unknown = record(30, "login", None, None);
    add(&*store, &[login.clone(), edit.clone()]).await;
    add(&*store, &[own.clone(), edit.clone(), unknown.clone()]).await;
    let found = entries(&*store, all()).await;
    assert_eq!(found, [unknown.clone(), own.clone(), edit.clone(), login.clone()]);
    let of = async |user| entries(&*store, AuditQuery { user: Some(user), ..all() }).await;
    assert_eq!(of(ada).await, [edit.clone(), login.clone()]);
    assert_eq!(of(boss).await, [own.clone(), edit.clone()]);
    assert_eq!(of(UserId::NOBODY).await, []);
    let event = Some("login".to_owned());
    let logins = AuditQuery { event, ..all() };
    assert_eq!(entries(&*store, logins.clone()).await, [unknown, login.clone()]);
    let of_ada = AuditQuery { user: Some(ada), ..logins };
    assert_eq!(entries(&*store, of_ada.clone()).await, [login]);
    let since = |seconds| AuditQuery { since: Some(at(seconds).now), ..all() };
    assert_eq!(entries(&*store, since(20)).await.last(), Some(&own));
    assert_eq!(entries(&*store, since(21)).await.len(), 1);
    let none = AuditQuery { since: Some(at(1).now), ..of_ada };
    assert_eq!(entries(&*store, none).await, []);
}

pub(super) async fn pages_of_records_lead_on_to_the_oldest(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await.id;
    let of = |n: i64| record(n, "login", (n % 2 == 0).then_some(ada), None);
    let added: Vec<_> = (0..7).map(of).collect();
    add(&*store, &added).await;
    for user in [None, Some(ada)] {
        let mut expected: Vec<_> = added.iter().rev().cloned().collect();
        expected.retain(|entry| user.is_none() || entry.record.user == user);
        let (mut before, mut found) = (None, Vec::new());
        loop {
            let query = AuditQuery { user, before, limit: 2, ..AuditQuery::default() };
            let page = store.audit(query).await.unwrap();
            assert!(page.entries.len() <= 2);
            found.extend(page.entries);
            let Some(next) = page.next else { break };
            before = Some(next);
        }
        assert_eq!(found, expected);
    }
}

pub(super) async fn the_oldest_records_are_removed_by_age_and_by_size(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await.id;
    let added: Vec<_> = (0..3000).map(|n| record(n, "login", Some(ada), None)).collect();
    for some in added.chunks(250) {
        add(&*store, some).await;
    }
    assert_eq!(store.sweep_audit(at(1200).now, u64::MAX).await.unwrap(), 1200);
    let oldest = async || {
        let (mut query, mut oldest) = (AuditQuery { limit: 1000, ..all() }, None);
        loop {
            let page = store.audit(query.clone()).await.unwrap();
            oldest = page.entries.last().cloned().or(oldest);
            let Some(next) = page.next else { return oldest };
            query.before = Some(next);
        }
    };
    assert_eq!(oldest().await.as_ref(), Some(&added[1200]));
    // Each takes a few hundred bytes.
    let some = 200 * 1000;
    let removed = store.sweep_audit(Timestamp::MIN, some).await.unwrap();
    assert!((400..=1700).contains(&removed), "{removed}");
    assert_eq!(oldest().await.as_ref(), Some(&added[1200 + removed]));
    assert_eq!(store.sweep_audit(Timestamp::MIN, some).await.unwrap(), 0);
    // Whoever adds too many removes some, and the new ones stay.
    let new: Vec<_> = (4000..4100).map(|n| record(n, "login", None, None)).collect();
    store.add_audit(new.clone(), 0).await.unwrap();
    let newest = AuditQuery { limit: 100, ..AuditQuery::default() };
    let left = store.audit(newest).await.unwrap().entries;
    assert!(oldest().await.unwrap().id > added[1200 + removed].id);
    assert!(left.iter().eq(new.iter().rev()), "{left:?}");
    store.sweep_audit(Timestamp::MAX, 0).await.unwrap();
    assert_eq!(entries(&*store, all()).await, []);
    assert_eq!(entries(&*store, AuditQuery { user: Some(ada), ..all() }).await, []);
    // Nothing is left of what the old ones took.
    store.add_audit(vec![new[0].clone()], 1000).await.unwrap();
    assert_eq!(store.sweep_audit(Timestamp::MIN, 1000).await.unwrap(), 0);
}

pub(super) async fn the_addresses_of_thousands_of_records_are_forgotten(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await.id;
    let records: Vec<_> = (0..4500).map(|n| record(n, "login", Some(ada), None)).collect();
    for some in records.chunks(500) {
        add(&*store, some).await;
    }
    store.delete_user(ada, None, at(5)).await.unwrap();
    let (mut query, mut found) = (AuditQuery { limit: 1000, ..all() }, 0);
    loop {
        let page = store.audit(query.clone()).await.unwrap();
        assert!(page.entries.iter().all(|entry| entry.record.address.is_none()));
        found += page.entries.len();
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    assert_eq!(found, records.len());
}

pub(super) async fn the_addresses_of_a_user_are_forgotten_with_them(store: Arc<dyn Store>) {
    let (boss, ada) = (added_admin(&*store, "boss").await.id, added(&*store, "ada").await.id);
    let own = record(0, "login", Some(ada), None);
    let of_the_admin = record(1, "user_disabled", Some(ada), Some(boss));
    let of_another = record(2, "login", Some(boss), None);
    add(&*store, &[own.clone(), of_the_admin.clone(), of_another.clone()]).await;
    store.delete_user(ada, None, at(5)).await.unwrap();
    // It was on its way.
    let late = record(6, "user_deleted", Some(ada), Some(ada));
    add(&*store, std::slice::from_ref(&late)).await;
    let gone = |entry: AuditEntry| {
        let record = AuditRecord { address: None, user_agent: None, ..entry.record };
        AuditEntry { record, ..entry }
    };
    let expected = [gone(late), of_another, of_the_admin.clone(), gone(own.clone())];
    assert_eq!(entries(&*store, all()).await, expected);
    let of_ada = entries(&*store, AuditQuery { user: Some(ada), ..all() }).await;
    assert_eq!(of_ada, [expected[0].clone(), of_the_admin, gone(own)]);
    store.sweep_audit(Timestamp::MAX, 0).await.unwrap();
    assert_eq!(entries(&*store, all()).await, []);
}
