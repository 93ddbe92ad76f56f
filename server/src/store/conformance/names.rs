use super::*;
use crate::store::CreateUserError;
use crate::username::Username;

fn named(name: &str) -> User {
    let name = Username::parse(name).unwrap();
    User::new(&name, "a hash".into(), Vec::new(), Timestamp::UNIX_EPOCH)
}

fn key(typed: &str) -> String {
    Username::parse(typed).unwrap().key().to_owned()
}

async fn register(store: &dyn Store, name: &str) -> Result<(), CreateUserError> {
    store.create_user(named(name), Some("home".to_owned())).await
}

pub(super) async fn every_spelling_finds_the_owner_and_nobody_else_gets_one(store: Arc<dyn Store>) {
    for (name, spellings) in [
        ("ΟΔΥΣΣΕΥΣ", ["ΟΔΥΣΣΕΥΣ", "οδυσσευς", "οδυσσευσ"]),
        ("Straße", ["STRASSE", "strasse", "straße"]),
    ] {
        let owner = named(name);
        store.create_user(owner.clone(), None).await.unwrap();
        for spelling in spellings {
            let found = store.user_by_name(&key(spelling)).await.unwrap();
            assert_eq!(found.as_ref(), Some(&owner), "{spelling}");
            let taken = store.create_user(named(spelling), None).await;
            assert!(matches!(taken, Err(CreateUserError::NameTaken)), "{spelling}");
            assert_eq!(store.import_users(vec![named(spelling)]).await.unwrap(), [false]);
        }
    }
    assert_eq!(store.user_by_name(&key("strase")).await.unwrap(), None);
}

pub(super) async fn all_spellings_of_a_name_have_one_key_whether_or_not_somebody_has_it(
    store: Arc<dyn Store>,
) {
    let account = async |name: &str| store.account_of(&key(name)).await.unwrap();
    for _ in 0..2 {
        let expected = account("Straße").await;
        for spelling in ["STRASSE", "strasse", "straße"] {
            assert_eq!(account(spelling).await, expected, "{spelling}");
        }
        assert_ne!(account("strase").await, expected);
        // Then somebody has it.
        let _ = store.create_user(named("Straße"), None).await;
    }
}

pub(super) async fn only_a_person_s_name_must_not_look_like_another_s(store: Arc<dyn Store>) {
    register(&*store, "coco").await.unwrap();
    // Cyrillic throughout.
    let alike = register(&*store, "сосо").await;
    assert!(matches!(alike, Err(CreateUserError::LooksLikeAnother)), "{alike:?}");
    store.create_user(named("сосо"), None).await.unwrap();
}

pub(super) async fn names_are_alike_only_if_one_has_letters_beyond_ascii(store: Arc<dyn Store>) {
    for name in ["modem", "modern", "coco", "Ian1", "хор"] {
        register(&*store, name).await.unwrap();
    }
    for (name, alike) in [
        ("сосо", true),
        ("СОСО", true),
        ("xop", true),
        ("XOP", true),
        ("cocoa", false),
        ("lanl", false),
        ("хорошо", false),
    ] {
        assert_eq!(store.looks_like_another(name).await.unwrap(), alike, "{name}");
    }
}

pub(super) async fn a_deleted_user_s_name_is_free_in_every_spelling(store: Arc<dyn Store>) {
    for name in ["Straße", "modem1", "сосо"] {
        let user = named(name);
        store.create_user(user.clone(), None).await.unwrap();
        store.delete_user(user.id, None, at(0)).await.unwrap();
        assert_eq!(store.user_by_name(&user.username_key).await.unwrap(), None);
    }
    for name in ["STRASSE", "coco", "m0dem1"] {
        register(&*store, name).await.unwrap();
    }
}
