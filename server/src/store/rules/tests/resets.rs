use super::*;
use crate::store::error::EditUserError;
use crate::store::reset::ResetOffer;
use crate::store::rules::{Changes, is_open, offer, set_password, take_up, withdraw};

fn offer_to(user: &User) -> ResetOffer {
    let (created_at, expires_at) = (at(0).now, at(100).now);
    ResetOffer { user: user.id, by: asker().actor, token_hash: [7; 32], created_at, expires_at }
}

#[test]
fn an_offer_takes_the_place_of_the_one_before() {
    let made = offer_to(&user(&[]));
    let changes = offer(&asker(), true, made.clone()).unwrap().changes;
    let expected = Changes {
        withdraw_offer_to: Some(made.user),
        save_offer: Some(made.clone()),
        ..Changes::default()
    };
    assert_eq!(changes, expected);
    let missing = offer(&asker(), false, made.clone()).unwrap_err();
    assert!(matches!(missing, EditUserError::NotFound));
    let by = Asker { user: Some(user(&[])), ..asker() };
    assert!(matches!(offer(&by, true, made).unwrap_err(), EditUserError::NoAdmin));
}

#[test]
fn only_an_admin_makes_or_withdraws_an_offer() {
    let (ada, asker) = (user(&[]), asker());
    let by = Asker { actor: Actor { admin: false, ..asker.actor }, ..asker };
    let made = offer(&by, true, offer_to(&ada)).unwrap_err();
    assert!(matches!(made, EditUserError::NoAdmin), "{made}");
    let withdrawn = withdraw(Some(&by), Some(&ada), true);
    assert!(matches!(withdrawn.answer, Err(EditUserError::NoAdmin)));
    assert_eq!(withdrawn.changes, Changes::default());
}

#[test]
fn an_offer_is_open_until_it_expires_or_its_maker_is_no_active_admin() {
    for (maker, now, open) in [
        (Some(admin()), 99, true),
        (Some(admin()), 100, false),
        (Some(user(&["user"])), 99, false),
        (Some(disabled(admin())), 99, false),
        (None, 99, false),
    ] {
        assert_eq!(is_open(maker.as_ref(), at(100).now, at(now).now), open, "{maker:?}");
    }
}

#[test]
fn a_void_offer_is_withdrawn_and_counts_as_none() {
    let ada = user(&[]);
    let withdrawn = Changes { withdraw_offer_to: Some(ada.id), ..Changes::default() };
    let decision = withdraw(None, Some(&ada), true);
    assert!(decision.answer.is_ok());
    assert_eq!(decision.changes, withdrawn);
    let decision = withdraw(None, Some(&ada), false);
    assert!(matches!(decision.answer, Err(EditUserError::NoOffer)));
    assert_eq!(decision.changes, withdrawn);
}

#[test]
fn a_withdrawal_that_is_refused_changes_nothing() {
    let (ada, boss) = (user(&[]), admin());
    let ended = Asker { has_session: false, ..asker() };
    for (by, to) in [(Some(&ended), Some(&ada)), (Some(&stale()), Some(&boss)), (None, None)] {
        let decision = withdraw(by, to, true);
        assert!(decision.answer.is_err(), "{by:?} {to:?}");
        assert_eq!(decision.changes, Changes::default());
    }
    assert!(withdraw(Some(&stale()), Some(&ada), true).answer.is_ok());
    assert!(withdraw(Some(&asker()), Some(&boss), true).answer.is_ok());
}

#[test]
fn an_offer_that_is_taken_up_does_what_a_new_password_does() {
    let ada = user(&[]);
    let taken = take_up(Some(ada.clone()), "new".into(), at(0));
    let expected = set_password(Some(ada.clone()), "new".into(), at(0)).changes;
    assert_eq!((taken.answer, taken.changes), (Some(ada.id), expected));
    let void = take_up(None, "new".into(), at(0));
    assert_eq!((void.answer, void.changes), (None, Changes::default()));
}
