use super::*;
use crate::store::CreateUserError;
use crate::username::{Username, fold};

pub(super) async fn a_user_is_found_by_id_and_by_name(store: Arc<dyn Store>) {
    let ada = added(&*store, "Ada").await;
    added(&*store, "bob").await;
    assert_eq!(store.user_by_id(ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.user_by_name("ada").await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.user_by_name("adam").await.unwrap(), None);
    assert_eq!(store.user_by_id(UserId::new(at(0).now)).await.unwrap(), None);
}

pub(super) async fn a_refused_creation_changes_nothing(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let refused = store.create_user(user("ada"), Some("elsewhere".to_owned())).await;
    assert!(matches!(refused, Err(CreateUserError::NameTaken)), "{refused:?}");
    assert_eq!(store.users(None, 10).await.unwrap().users, [ada]);
    assert!(!store.is_known_address("ada", "elsewhere").await.unwrap());
}

pub(super) async fn an_import_adds_those_whose_names_are_free_and_says_which(
    store: Arc<dyn Store>,
) {
    added(&*store, "ada").await;
    let (bob, carl) = (user("bob"), user("carl"));
    let users = vec![bob.clone(), user("ada"), carl.clone(), user("carl")];
    assert_eq!(store.import_users(users).await.unwrap(), [true, false, true, false]);
    assert_eq!(store.user_by_name("bob").await.unwrap(), Some(bob));
    assert_eq!(store.user_by_name("carl").await.unwrap(), Some(carl));
}

pub(super) async fn pages_are_in_the_order_of_ids_and_lead_on(store: Arc<dyn Store>) {
    let mut ids = Vec::new();
    for n in [3, 1, 4, 2, 0] {
        let id = UserId::new(at(n).now);
        store.create_user(User { id, ..user(&format!("user{n}")) }, None).await.unwrap();
        ids.push(id);
    }
    ids.sort_unstable();
    let (mut found, mut after) = (Vec::new(), None);
    for size in [2, 2, 1] {
        let page = store.users(after, 2).await.unwrap();
        assert_eq!((page.users.len(), page.damaged.len()), (size, 0));
        found.extend(page.users.iter().map(|user| user.id));
        after = page.next;
    }
    assert_eq!((found, after), (ids, None));
}

pub(super) async fn those_are_found_whose_names_hold_a_part_in_whatever_spelling(
    store: Arc<dyn Store>,
) {
    let mut all = Vec::new();
    for (n, name) in ["Ada", "adam", "Madame", "Straße", "bob"].into_iter().enumerate() {
        let name = Username::parse(name).unwrap();
        let created_at = at(i64::try_from(n).unwrap()).now;
        let user = User::new(&name, "a hash".into(), Vec::new(), created_at);
        store.create_user(user.clone(), None).await.unwrap();
        all.push(user);
    }
    let find = async |part: &str, after, limit| {
        let page = store.find_users(&fold(part), after, limit).await.unwrap();
        let names: Vec<_> = page.users.into_iter().map(|user| user.username).collect();
        (names.join(" "), page.next)
    };
    let found = |names: &str| (names.to_owned(), None);
    assert_eq!(find("ADA", None, 9).await, found("Ada adam Madame"));
    assert_eq!(find("ada", None, 3).await, found("Ada adam Madame"));
    assert_eq!(find("ada", None, 2).await, ("Ada adam".to_owned(), Some(all[1].id)));
    assert_eq!(find("ada", Some(all[1].id), 2).await, found("Madame"));
    assert_eq!(find("ASS", None, 9).await, found("Straße"));
    assert_eq!(find("aß", None, 9).await, found("Straße"));
    for nobody in ["adaa", "%", "_", "\\", "'"] {
        assert_eq!(find(nobody, None, 9).await, found(""), "{nobody}");
    }
    store.delete_user(all[1].id, None, at(9)).await.unwrap();
    assert_eq!(find("ada", None, 9).await, found("Ada Madame"));
}

pub(super) async fn what_is_there_is_counted(store: Arc<dyn Store>) {
    let (ada, bob) = (added(&*store, "ada").await, added(&*store, "bob").await);
    for user in [&ada, &ada, &bob] {
        signed_in(&*store, user).await;
    }
    store.end_sessions(bob.id, None, at(0)).await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.users, counts.sessions, counts.revoked, counts.queue), (2, 2, 1, 0));
}

pub(super) async fn a_sound_store_passes_its_check(store: Arc<dyn Store>) {
    store.check().await.unwrap();
    added(&*store, "ada").await;
    store.check().await.unwrap();
}
