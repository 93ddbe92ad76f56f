use super::*;
use crate::store::error::CreateUserError;
use crate::store::rules::{
    Changes, Decision, NameCheck, account_key, import, is_taken, owner, register, remember,
    similar_kinds,
};

#[test]
fn a_name_finds_its_exact_owner_or_the_only_one_who_has_a_spelling() {
    let [one, other] = [UserId::new(at(0).now), UserId::new(at(1).now)];
    for (exact, spellings, found, taken, key) in [
        (None, &[][..], None, false, "fold"),
        (Some(one), &[], Some(one), true, "fold"),
        (Some(one), &[one, other], Some(one), true, "name"),
        (None, &[other], Some(other), true, "fold"),
        (None, &[one, other], None, true, "name"),
    ] {
        assert_eq!(owner(exact, spellings), found);
        assert_eq!(is_taken(exact, spellings), taken);
        assert_eq!(account_key("name", "fold".to_owned(), spellings), key);
    }
}

#[test]
fn only_a_person_s_name_must_not_look_like_another_s() {
    use CreateUserError::{LooksLikeAnother, NameTaken};
    let ada = user(&[]);
    let registered = |is_taken, looks_like_another, address: Option<&str>| {
        let name = NameCheck { is_taken, looks_like_another };
        Ok(register(ada.clone(), address.map(str::to_owned), name)?.changes)
    };
    assert!(matches!(registered(true, true, Some("home")), Err(NameTaken)));
    assert!(matches!(registered(true, false, None), Err(NameTaken)));
    assert!(matches!(registered(false, true, Some("home")), Err(LooksLikeAnother)));
    let by_operator = Changes { add_user: Some(ada.clone()), ..Changes::default() };
    assert_eq!(registered(false, true, None).unwrap(), by_operator);
    let remember_address = Some((ada.id, "home".to_owned()));
    let by_person = Changes { remember_address, ..by_operator };
    assert_eq!(registered(false, false, Some("home")).unwrap(), by_person);
    // Names of ASCII alone are compared with the others only.
    assert_eq!([similar_kinds("modem"), similar_kinds("сосо")], [true..=true, false..=true]);
}

#[test]
fn an_imported_user_is_added_if_the_name_is_free() {
    let ada = user(&[]);
    let Decision { answer, changes } = import(ada.clone(), false);
    assert_eq!((answer, changes.add_user.as_ref()), (true, Some(&ada)));
    let Decision { answer, changes } = import(ada, true);
    assert_eq!((answer, changes), (false, Changes::default()));
}

#[test]
fn the_last_16_addresses_are_remembered_each_once() {
    let known: Vec<_> = (0..16).map(|n| n.to_string()).collect();
    assert_eq!(remember(known.clone(), "15".to_owned()), None);
    let again = remember(known.clone(), "3".to_owned()).unwrap();
    assert_eq!((again.len(), again.last().unwrap().as_str()), (16, "3"));
    let another = remember(known, "16".to_owned()).unwrap();
    assert_eq!((another.len(), another[0].as_str()), (16, "1"));
}
