//! The page of a reset link.

use hallpass_contract::path;

use crate::api::Reply;
use crate::app::forms::{PASSWORD_SAVED, PASSWORD_SET};
use crate::app::lost::PERHAPS_SET;
use crate::app::testing::*;
use crate::app::*;

const LINK: &str = "/reset-password#t0ken";

#[test]
fn the_token_of_the_link_goes_to_the_server_and_into_no_address() {
    let mut page = Page::open(LINK, Stored::Nothing);
    assert_eq!((page.view(), page.model.target.as_str()), ("reset-password", "/reset-password"));
    page.submit(Form::Reset, "", "a long new password");
    let request = page.request(path::PASSWORD_RESET).unwrap();
    let body = request.body.as_ref().unwrap().expose();
    assert_eq!(body, r#"{"token":"t0ken","new_password":"a long new password"}"#);
    page.answer(&request, Reply { status: 204, ..Reply::default() });
    assert_eq!((page.view(), page.model.notice.as_str()), ("login", PASSWORD_SET));
    assert!(page.does(&Effect::Replace("/login".into())), "going back does not lead to it");
}

#[test]
fn a_weak_password_is_told_beside_its_field_and_the_link_can_be_tried_again() {
    let mut page = Page::open(LINK, Stored::Nothing);
    page.submit(Form::Reset, "", "weak");
    let request = page.request(path::PASSWORD_RESET).unwrap();
    page.answer(&request, problem(422, "", &[("new_password", "Use at least 15 characters.")]));
    assert_eq!(page.form(Form::Reset).password_error, "Use at least 15 characters.");
    assert!(page.does(&Effect::Focus(Form::Reset, Control::Field(Field::Password))));
    page.submit(Form::Reset, "", "a long new password");
    assert!(page.request(path::PASSWORD_RESET).unwrap().body.unwrap().expose().contains("t0ken"));
}

#[test]
fn a_link_that_is_used_up_is_told_above_the_form() {
    let mut page = Page::open(LINK, Stored::Nothing);
    page.submit(Form::Reset, "", "a long new password");
    let request = page.request(path::PASSWORD_RESET).unwrap();
    page.answer(&request, problem(422, "", &[("token", "This link was used.")]));
    assert_eq!(page.form(Form::Reset).alert, "This link was used.");
}

#[test]
fn an_empty_password_is_told_without_asking_the_server() {
    let mut page = Page::open(LINK, Stored::Nothing);
    page.submit(Form::Reset, "", "");
    assert_eq!(page.effects, [Effect::Focus(Form::Reset, Control::Field(Field::Password))]);
}

#[test]
fn the_token_leaves_the_address_and_survives_a_jump_within_the_page() {
    let mut page = Page::open(LINK, Stored::Nothing);
    assert!(page.does(&Effect::Replace("/reset-password".into())));
    page.event(Event::Traversed("/reset-password#main".into(), Stored::Nothing));
    page.submit(Form::Reset, "", "a long new password");
    assert!(page.request(path::PASSWORD_RESET).unwrap().body.unwrap().expose().contains("t0ken"));
    page.follow("/");
    page.event(Event::Traversed("/reset-password".into(), Stored::Nothing));
    page.submit(Form::Reset, "", "a long new password");
    assert_eq!(page.request(path::PASSWORD_RESET), None);
}

#[test]
fn without_a_token_there_is_no_form() {
    for target in ["/reset-password", "/reset-password#", "/reset-password#main"] {
        let page = Page::open(target, Stored::Nothing);
        let shown = page.screen().shown;
        assert!(shown.contains(&("reset-token", false)), "{target}");
        assert!(shown.contains(&("no-reset-token", true)), "{target}");
    }
    assert!(Page::open(LINK, Stored::Nothing).screen().shown.contains(&("reset-token", true)));
}

#[test]
fn a_link_that_a_lost_try_has_used_up_leads_to_the_sign_in() {
    for (first, view, notice) in [
        (None, "login", PERHAPS_SET),
        (Some(unavailable()), "login", PERHAPS_SET),
        (Some(overloaded()), "reset-password", ""),
    ] {
        let mut page = Page::open(LINK, Stored::Nothing);
        page.submit(Form::Reset, "", "a long new password");
        page.event(Event::Answered(page.request(path::PASSWORD_RESET).unwrap().id, first));
        page.now += 1;
        page.submit(Form::Reset, "", "a long new password");
        let request = page.request(path::PASSWORD_RESET).unwrap();
        page.answer(&request, problem(422, "", &[("token", "This link was used.")]));
        assert_eq!((page.view(), page.model.notice.as_str()), (view, notice));
    }
}

#[test]
fn whoever_is_signed_in_is_told_that_the_password_is_saved() {
    let mut page = Page::signed_in(LINK);
    page.submit(Form::Reset, "", "a long new password");
    page.answer(&page.request(path::PASSWORD_RESET).unwrap(), no_content());
    assert_eq!((page.view(), page.model.notice.as_str()), ("home", PASSWORD_SAVED));
    assert!(page.does(&Effect::Lock), "to learn whether the session is over");
}
