//! The account page.

use hallpass_contract::path;

use crate::app::account::{ACCOUNT_DELETED, OTHERS_OVER, PASSWORD_CHANGED, SESSION_OVER};
use crate::app::lost::{PERHAPS_CHANGED, PERHAPS_DELETED};
use crate::app::testing::*;
use crate::app::*;

const SESSION: &str = "/api/me/sessions/other";

#[test]
fn the_page_shows_profile_and_sessions() {
    let page = Page::at_account();
    let screen = page.screen();
    assert_eq!(screen.view, "account");
    assert!(screen.texts.contains(&("since", "2026-01-31T12:00:00Z".into())));
    let (_, rows) = &screen.lists[0];
    assert_eq!(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["own", "other"]);
    assert!(rows[0].parts.contains(&("current", true)));
    assert_eq!(cell(&rows[1], "agent"), "Firefox on Linux");
    assert_eq!(cell(&rows[1], "used"), "2026-02-01T08:15:30Z");
}

#[test]
fn one_session_can_be_signed_out() {
    let mut page = Page::at_account();
    page.press(Action::EndSession("other".into()));
    let request = page.request(SESSION).unwrap();
    assert_eq!(request.method, crate::api::Method::Delete);
    assert!(page.screen().lists[0].1[1].busy);
    page.press(Action::EndSession("other".into()));
    assert_eq!(page.request(SESSION), None, "a double click");
    page.answer(&request, no_content());
    let rows = page.screen().lists[0].1.clone();
    assert_eq!((rows.len(), rows[1].gone), (2, true));
    assert_eq!(cell(&rows[1], "done"), SESSION_OVER, "in the place of the row");
    assert!(page.does(&Effect::FocusAnswer("sessions")) && page.model.notice.is_empty());
    page.press(Action::EndOtherSessions);
    assert_eq!(page.screen().lists[0].1.len(), 1, "until the next action");
}

#[test]
fn a_session_that_is_gone_already_is_as_good_as_signed_out() {
    let mut page = Page::at_account();
    page.press(Action::EndSession("other".into()));
    page.answer(&page.request(SESSION).unwrap(), problem(404, "There is no such session.", &[]));
    assert!(page.screen().lists[0].1[1].gone);
}

#[test]
fn a_session_that_can_not_be_signed_out_says_why_in_its_row() {
    let mut page = Page::at_account();
    page.press(Action::EndSession("other".into()));
    page.event(Event::Answered(page.request(SESSION).unwrap().id, None));
    let row = &page.screen().lists[0].1[1];
    assert!(cell(row, "error").contains("reached"));
    assert!(!row.busy);
}

#[test]
fn only_listed_sessions_can_be_ended() {
    let mut page = Page::at_account();
    page.press(Action::EndSession("../../admin".into()));
    assert!(page.is_silent());
}

#[test]
fn all_other_sessions_can_be_signed_out_at_once() {
    let mut page = Page::at_account();
    page.press(Action::EndOtherSessions);
    page.answer(&page.request(path::SESSIONS).unwrap(), no_content());
    assert_eq!(text(&page, "sessions-done"), OTHERS_OVER);
    let screen = page.screen();
    assert_eq!(screen.lists[0].1.len(), 1);
    assert!(screen.shown.contains(&("other-sessions", false)));
}

#[test]
fn how_long_ago_a_session_was_used_goes_with_the_servers_clock() {
    let mut page = Page::signed_in("/account");
    let sessions = page.request(path::SESSIONS).unwrap();
    let listed =
        session_list().body.expose().replace("2026-02-01T08:15:30Z", "1970-01-01T00:19:10Z");
    let ahead = Some(NOW + 300);
    let reply = crate::api::Reply { body: listed.into(), server_time: ahead, ..session_list() };
    page.answer(&sessions, reply);
    let ago = |page: &Page| cell(&page.screen().lists[0].1[0], "used-ago");
    assert_eq!(ago(&page), "2 minutes ago", "whatever this device's clock says");
    page.wake(NOW + 5);
    assert!(page.does(&Effect::Wake(15)), "at the next half minute");
    page.event(Event::Woke(Stored::Token(jwt("ada", EXPIRY).into(), 300)));
    page.now = NOW + 30;
    page.event(Event::Woke(Stored::Token(jwt("ada", EXPIRY).into(), 300)));
    assert_eq!(ago(&page), "3 minutes ago");
}

fn change_password(page: &mut Page) {
    let typed = input("", "a long new password", "the old one");
    page.event(Event::Submitted(Form::Password, typed));
}

#[test]
fn a_password_is_changed() {
    let mut page = Page::at_account();
    change_password(&mut page);
    assert!(page.model.is_busy(Form::Password));
    let request = page.request(path::PASSWORD).unwrap();
    let body = r#"{"current_password":"the old one","new_password":"a long new password"}"#;
    assert_eq!(request.body.as_ref().unwrap().expose(), body);
    page.answer(&request, no_content());
    assert_eq!(page.form(Form::Password).done, PASSWORD_CHANGED, "where it was changed");
    assert!(page.model.notice.is_empty());
    assert!(page.does(&Effect::ClearPasswords(Some(Form::Password))));
    assert_eq!(page.screen().lists[0].1.len(), 1, "the other sessions have ended");
}

#[test]
fn a_wrong_current_password_is_told_beside_it_and_ends_no_session() {
    let mut page = Page::at_account();
    change_password(&mut page);
    let wrong = wrong_password("current_password");
    page.answer(&page.request(path::PASSWORD).unwrap(), wrong);
    assert_eq!(page.form(Form::Password).current_error, "It is wrong.");
    assert!(page.does(&Effect::Focus(Form::Password, Control::Field(Field::Current))));
    assert!(!page.does(&Effect::Lock) && page.model.session.is_some());
}

#[test]
fn both_passwords_are_asked_for() {
    let mut page = Page::at_account();
    page.event(Event::Submitted(Form::Password, input("", "", "")));
    assert_eq!(page.effects, [Effect::Focus(Form::Password, Control::Field(Field::Current))]);
    assert!(!page.form(Form::Password).password_error.is_empty());
}

#[test]
fn an_account_is_deleted_only_after_its_name_was_typed() {
    let mut page = Page::at_account();
    page.submit(Form::Delete, "bob", "");
    assert_eq!(page.effects, [Effect::Focus(Form::Delete, Control::Field(Field::Username))]);
    assert!(page.form(Form::Delete).username_error.contains("ada"));
    page.submit(Form::Delete, " ada ", "");
    page.answer(&page.request(path::ME).unwrap(), no_content());
    assert_eq!((page.view(), page.model.notice.as_str()), ("home", ACCOUNT_DELETED));
    assert!(page.model.session.is_none() && page.does(&Effect::Forget(None)));
}

#[test]
fn the_forms_of_other_pages_can_not_be_submitted() {
    let mut page = Page::signed_in("/protected");
    for form in [Form::Password, Form::Delete, Form::Fresh, Form::Login] {
        page.submit(form, "ada", "a long new password");
        assert!(page.is_silent(), "{form:?}");
    }
}

#[test]
fn a_new_password_is_measured_while_it_is_typed() {
    let mut page = Page::at_account();
    page.answer_config();
    let mut hint = |password: &str| {
        let typed = input("", password, "");
        page.event(Event::Edited(Form::Password, Field::Password, typed));
        page.screen().forms[Form::Password as usize].hint.clone()
    };
    assert!(hint("").starts_with("At least 15 characters."));
    assert_eq!(hint("ten cháracte"), "3 more characters.");
    assert_eq!(hint("ten characters"), "1 more character.");
    assert_eq!(hint("fifteen characters"), "Long enough.");
    assert!(hint("fifteen chArActers of Ada").contains("your username"));
    assert_eq!(hint("ten characters"), "1 more character.");
    change_password(&mut page);
    page.answer(
        &page.request(path::PASSWORD).unwrap(),
        problem(422, "", &[("new_password", "Longer.")]),
    );
    let hint = page.screen().forms[Form::Password as usize].hint.clone();
    assert_eq!(hint, "1 more character.", "it is still in the field");
}

#[test]
fn a_password_that_a_lost_try_has_changed_is_no_mystery() {
    let wrong = "It is wrong. ";
    let lost = [wrong, PERHAPS_CHANGED].concat();
    for (first, said) in
        [(None, &*lost), (Some(unavailable()), &lost), (Some(overloaded()), wrong.trim())]
    {
        let mut page = Page::at_account();
        change_password(&mut page);
        page.event(Event::Answered(page.request(path::PASSWORD).unwrap().id, first));
        page.now += 1;
        change_password(&mut page);
        page.answer(&page.request(path::PASSWORD).unwrap(), wrong_password("current_password"));
        assert_eq!(page.form(Form::Password).current_error, said);
    }
}

#[test]
fn an_account_that_a_lost_try_has_deleted_is_no_mystery() {
    for lost in [None, Some(unavailable())] {
        let mut page = Page::at_account();
        page.submit(Form::Delete, "ada", "");
        page.event(Event::Answered(page.request(path::ME).unwrap().id, lost));
        page.now += 1;
        page.submit(Form::Delete, "ada", "");
        page.answer(&page.request(path::ME).unwrap(), problem(401, "No such user.", &[]));
        page.event(Event::Locked(token("ada", EXPIRY)));
        page.answer(&page.request(path::REFRESH).unwrap(), problem(401, "No session.", &[]));
        assert_eq!((page.view(), page.model.notice.as_str()), ("login", PERHAPS_DELETED));
    }
}

#[test]
fn a_password_that_was_refused_is_not_called_long_enough() {
    let mut page = Page::at_account();
    page.answer_config();
    let typed = input("", "passwordpassword", "the old one");
    page.event(Event::Edited(Form::Password, Field::Password, typed.clone()));
    let hint = |page: &Page| page.screen().forms[Form::Password as usize].hint.clone();
    assert_eq!(hint(&page), "Long enough.");
    page.event(Event::Submitted(Form::Password, typed));
    let common = problem(422, "", &[("new_password", "An attacker would try it first.")]);
    page.answer(&page.request(path::PASSWORD).unwrap(), common);
    assert_eq!(hint(&page), "");
    let typed = input("", "passwordpassword 2", "the old one");
    page.event(Event::Edited(Form::Password, Field::Password, typed));
    assert_eq!(hint(&page), "Long enough.");
}
