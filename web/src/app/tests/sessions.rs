//! The guard, and sessions that end, here or in another tab.

use hallpass_contract::path;

use crate::app::navigation::{SIGN_IN_FIRST, SIGNED_OUT_ELSEWHERE};
use crate::app::testing::*;
use crate::app::*;
use crate::screen::screen;

#[test]
fn a_signed_out_visitor_of_the_protected_page_is_sent_to_login() {
    let page = Page::open("/protected?tab=2", Stored::Nothing);
    assert_eq!(page.view(), "login");
    assert_eq!(page.model.notice, SIGN_IN_FIRST);
    assert!(page.does(&Effect::Replace("/login?next=%2Fprotected%3Ftab%3D2".into())));
    assert_eq!(page.request(path::PROTECTED), None);
}

#[test]
fn the_protected_page_shows_what_the_server_sends() {
    let mut page = Page::signed_in("/protected");
    page.answer(&page.request(path::PROTECTED).unwrap(), content_reply());
    let screen = screen(&page.model);
    assert!(screen.texts.contains(&("message", "the secret".into())));
    assert!(screen.texts.contains(&("since", "2026-01-31T12:00:00Z".into())));
    assert!(screen.shown.contains(&("content", true)));
}

#[test]
fn a_signed_in_visitor_of_the_login_page_is_sent_on() {
    let page = Page::signed_in("/login?next=%2F%3Fa");
    assert_eq!(page.view(), "home");
    assert!(page.does(&Effect::Replace("/?a".into())));
}

#[test]
fn a_stored_text_that_is_no_token_opens_nothing() {
    let page = Page::open("/protected", Stored::Token("garbage".into(), 0));
    assert_eq!(page.view(), "login");
    assert!(page.does(&Effect::Forget(Some("garbage".into()))));
}

#[test]
fn protected_content_that_arrives_after_the_sign_out_is_not_shown() {
    let mut page = Page::signed_in("/protected");
    let request = page.request(path::PROTECTED).unwrap();
    page.press(Action::SignOut);
    assert!(page.does(&Effect::Forget(None)) && page.does(&Effect::Push("/".into())));
    page.answer(&request, content_reply());
    assert!(page.is_silent());
    assert_eq!(page.model.content, Content::default());
}

#[test]
fn a_refusal_of_the_old_token_does_not_end_the_new_session() {
    let mut page = Page::signed_in("/protected");
    let request = page.request(path::PROTECTED).unwrap();
    page.event(Event::StorageChanged(token("ada", EXPIRY + 1)));
    page.answer(&request, problem(401, "not accepted", &[]));
    assert_eq!(page.view(), "protected");
    assert!(page.model.session.is_some());
}

#[test]
fn a_sign_out_in_another_tab_closes_the_protected_page() {
    let mut page = Page::signed_in("/protected");
    page.answer(&page.request(path::PROTECTED).unwrap(), content_reply());
    page.event(Event::StorageChanged(Stored::Nothing));
    assert_eq!((page.view(), page.model.notice.as_str()), ("login", SIGNED_OUT_ELSEWHERE));
    assert_eq!(page.model.content, Content::default());
}

#[test]
fn a_sign_in_in_another_tab_takes_this_one_along() {
    let mut page = Page::open("/protected", Stored::Nothing);
    page.event(Event::StorageChanged(token("ada", EXPIRY)));
    assert_eq!(page.view(), "protected");
    page.event(Event::StorageChanged(token("ada", EXPIRY)));
    assert!(page.is_silent(), "nothing has changed the second time");
}

#[test]
fn a_token_removed_by_hand_is_noticed_at_the_next_navigation() {
    let mut page = Page::signed_in("/");
    page.event(Event::Followed("/protected".into(), Stored::Nothing));
    assert_eq!(page.view(), "login");
}

#[test]
fn back_to_the_protected_page_after_a_sign_out_is_guarded() {
    let mut page = Page::signed_in("/protected");
    page.press(Action::SignOut);
    page.event(Event::Traversed("/protected".into(), Stored::Nothing));
    assert_eq!(page.view(), "login");
    assert!(page.does(&Effect::Replace("/login?next=%2Fprotected".into())));
}

#[test]
fn a_jump_within_the_page_loses_nothing() {
    let mut page = Page::open("/login", Stored::Nothing);
    page.submit(Form::Login, "", "");
    page.event(Event::Traversed("/login".into(), Stored::Nothing));
    assert!(page.is_silent());
    assert!(!page.form(Form::Login).username_error.is_empty());
}

#[test]
fn content_that_cannot_be_loaded_can_be_tried_again() {
    let mut page = Page::signed_in("/protected");
    page.event(Event::Answered(page.request(path::PROTECTED).unwrap().id, None));
    assert!(failure(&page).contains("reached"));
    assert!(page.model.session.is_some());
    page.press(Action::Retry);
    page.answer(&page.request(path::PROTECTED).unwrap(), content_reply());
    assert!(page.model.content.protected.is_some());
}

#[test]
fn a_page_that_is_open_to_all_keeps_what_is_typed_when_somebody_signs_out_elsewhere() {
    let mut page = Page::signed_in("/reset-password#t0ken");
    page.event(Event::StorageChanged(Stored::Nothing));
    assert!(!page.does(&Effect::ClearPasswords(None)));
    assert_eq!(page.model.notice, SIGNED_OUT_ELSEWHERE);
    page.submit(Form::Reset, "", "a long new password");
    assert!(page.request(path::PASSWORD_RESET).unwrap().body.unwrap().expose().contains("t0ken"));
}
