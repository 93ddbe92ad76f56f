//! The prompt for the password, and what goes on after it.

use hallpass_contract::{kind, path};

use crate::app::freshness::WRONG_PASSWORD;
use crate::app::testing::*;
use crate::app::*;

/// The account page on which somebody wants the account deleted, and has to prove who they are.
fn prompted() -> Page {
    let mut page = Page::at_account();
    page.submit(Form::Delete, "ada", "");
    page.answer(&page.request(path::ME).unwrap(), not_fresh());
    page
}

#[test]
fn an_old_login_is_asked_for_the_password_and_not_renewed() {
    let page = prompted();
    assert!(page.screen().asks_for_password);
    assert!(page.does(&Effect::Focus(Form::Fresh, Control::Field(Field::Password))));
    assert!(!page.does(&Effect::Lock));
    assert!(!page.model.is_busy(Form::Delete));
}

#[test]
fn what_was_under_way_goes_on_after_the_password() {
    let mut page = prompted();
    page.submit(Form::Fresh, "", "the password");
    assert!(page.model.is_busy(Form::Fresh));
    let request = page.request(path::REAUTHENTICATE).unwrap();
    assert_eq!(request.body.as_ref().unwrap().expose(), r#"{"password":"the password"}"#);
    page.answer(&request, json(200, &login("ada", RENEWED, 900)));
    assert!(!page.screen().asks_for_password);
    assert!(page.does(&Effect::Save(jwt("ada", RENEWED).into(), RENEWED - 900 - NOW)));
    let deletion = page.request(path::ME).unwrap();
    assert_eq!(deletion.token, Some(jwt("ada", RENEWED).into()));
    page.answer(&deletion, no_content());
    assert_eq!(page.view(), "home");
}

#[test]
fn a_wrong_password_is_told_in_the_prompt_which_stays() {
    let mut page = prompted();
    page.submit(Form::Fresh, "", "wrong");
    page.answer(&page.request(path::REAUTHENTICATE).unwrap(), wrong_password("password"));
    assert!(page.screen().asks_for_password);
    assert_eq!(page.form(Form::Fresh).password_error, WRONG_PASSWORD);
    assert!(page.does(&Effect::ClearPasswords(Some(Form::Fresh))));
    page.submit(Form::Fresh, "", "the password");
    assert!(page.request(path::REAUTHENTICATE).is_some());
}

#[test]
fn a_right_password_that_needs_a_second_factor_is_not_called_wrong() {
    let mut page = prompted();
    page.submit(Form::Fresh, "", "the password");
    let asks = problem_of(kind::SECOND_FACTOR_REQUIRED, 401, "Show your second factor.", &[]);
    page.answer(&page.request(path::REAUTHENTICATE).unwrap(), asks);
    assert!(page.screen().asks_for_password, "and nobody is signed out");
    assert_eq!(page.form(Form::Fresh).password_error, "");
    assert_eq!(page.form(Form::Fresh).alert, "Show your second factor.");
}

#[test]
fn a_prompt_that_is_cancelled_lets_nothing_go_on() {
    let mut page = prompted();
    page.submit(Form::Fresh, "", "the password");
    let request = page.request(path::REAUTHENTICATE).unwrap();
    page.press(Action::Cancel);
    assert!(!page.screen().asks_for_password);
    page.answer(&request, json(200, &login("ada", RENEWED, 900)));
    assert_eq!(page.request(path::ME), None);
}

#[test]
fn a_prompt_does_not_outlive_its_page() {
    let mut page = prompted();
    page.follow("/protected");
    assert!(!page.screen().asks_for_password);
}

#[test]
fn whoever_has_just_typed_the_current_password_is_not_asked_for_it() {
    let mut page = Page::at_account();
    page.event(Event::Submitted(Form::Password, input("", "a long new password", "the old one")));
    page.answer(&page.request(path::PASSWORD).unwrap(), not_fresh());
    assert!(!page.screen().asks_for_password);
    assert!(page.model.is_busy(Form::Password));
    let request = page.request(path::REAUTHENTICATE).unwrap();
    assert_eq!(request.body.as_ref().unwrap().expose(), r#"{"password":"the old one"}"#);
    page.answer(&request, json(200, &login("ada", RENEWED, 900)));
    let again = page.request(path::PASSWORD).unwrap();
    page.answer(&again, not_fresh());
    assert!(page.screen().asks_for_password, "and never in a circle");
}

#[test]
fn a_wrong_current_password_is_told_in_its_own_form() {
    let mut page = Page::at_account();
    page.event(Event::Submitted(Form::Password, input("", "a long new password", "not it")));
    page.answer(&page.request(path::PASSWORD).unwrap(), not_fresh());
    page.answer(&page.request(path::REAUTHENTICATE).unwrap(), wrong_password("password"));
    assert_eq!(page.form(Form::Password).current_error, WRONG_PASSWORD);
    assert!(!page.model.is_busy(Form::Password) && !page.screen().asks_for_password);
}

#[test]
fn two_things_that_need_the_password_go_on_together() {
    let mut page = Page::at_admin();
    let reset = |id: &str| format!("/api/admin/users/{id}/reset");
    page.press(Action::OfferReset("b0b".into()));
    let first = page.request(&reset("b0b")).unwrap();
    page.press(Action::OfferReset("id".into()));
    let second = page.request(&reset("id")).unwrap();
    page.answer(&first, not_fresh());
    page.answer(&second, not_fresh());
    page.submit(Form::Fresh, "", "the password");
    let answer = json(200, &login("ada", RENEWED, 900));
    page.answer(&page.request(path::REAUTHENTICATE).unwrap(), answer);
    assert!(page.request(&reset("b0b")).is_some() && page.request(&reset("id")).is_some());
}

#[test]
fn a_change_to_an_admin_goes_on_after_the_password() {
    let changes = [
        (Event::RolesSubmitted("b0b".into(), "admin".into()), "/api/admin/users/b0b"),
        (Event::Pressed(Action::Disable("b0b".into())), "/api/admin/users/b0b"),
        (Event::Pressed(Action::EndUserSessions("b0b".into())), "/api/admin/users/b0b/sessions"),
    ];
    for (change, path) in changes {
        let mut page = Page::at_admin();
        page.event(change);
        let refused = page.request(path).unwrap();
        page.answer(&refused, not_fresh());
        assert!(page.screen().asks_for_password, "{path}");
        page.submit(Form::Fresh, "", "the password");
        let renewed = json(200, &login("ada", RENEWED, 900));
        page.answer(&page.request(path::REAUTHENTICATE).unwrap(), renewed);
        let again = page.request(path).unwrap();
        assert_eq!((again.method, &again.body), (refused.method, &refused.body));
        assert_eq!(again.token, Some(jwt("ada", RENEWED).into()));
    }
}

#[test]
fn a_cancelled_prompt_gives_the_focus_back() {
    let mut page = prompted();
    page.press(Action::Cancel);
    assert!(page.does(&Effect::Focus(Form::Delete, Control::Submit)));
}

#[test]
fn another_script_of_the_page_can_have_the_password_asked_for() {
    let mut page = Page::at_account();
    page.press(Action::Prove);
    assert!(page.screen().asks_for_password);
    page.submit(Form::Fresh, "", "the password");
    page.answer(
        &page.request(path::REAUTHENTICATE).unwrap(),
        json(200, &login("ada", RENEWED, 900)),
    );
    assert!(!page.screen().asks_for_password);
    assert!(page.does(&Effect::Save(jwt("ada", RENEWED).into(), RENEWED - 900 - NOW)));
    page.press(Action::Prove);
    page.press(Action::Cancel);
    assert!(!page.screen().asks_for_password);
}
