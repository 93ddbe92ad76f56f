//! Registration and login.

use hallpass_contract::{PublicConfig, path};

use crate::app::forms::ACCOUNT_MADE;
use crate::app::navigation::MEMORY_ONLY;
use crate::app::testing::*;
use crate::app::*;
use crate::screen::screen;

#[test]
fn a_sign_in_leads_back_to_where_the_visitor_wanted_to_go() {
    let mut page = Page::open("/protected?tab=2", Stored::Nothing);
    page.submit(Form::Login, "ada", "long enough");
    let request = page.request(path::LOGIN).unwrap();
    let body = request.body.as_ref().unwrap().expose();
    assert_eq!(body, r#"{"username":"ada","password":"long enough"}"#);
    page.answer(&request, login_reply());
    assert_eq!(page.view(), "protected");
    assert!(page.does(&Effect::Replace("/protected?tab=2".into())));
    assert!(page.does(&Effect::Save(jwt("ada", EXPIRY).into(), 0)));
    assert!(page.does(&Effect::ClearPasswords(None)));
    let content = page.request(path::PROTECTED).unwrap();
    assert_eq!(content.token, Some(jwt("ada", EXPIRY).into()));
}

#[test]
fn a_return_path_to_another_origin_is_not_followed() {
    let mut page = Page::open("/login?next=%2F%2Fevil.example", Stored::Nothing);
    page.submit(Form::Login, "ada", "long enough");
    page.answer(&page.request(path::LOGIN).unwrap(), login_reply());
    assert!(page.does(&Effect::Replace("/protected".into())));
}

#[test]
fn the_second_half_of_a_double_click_sends_nothing() {
    let mut page = Page::open("/login", Stored::Nothing);
    page.submit(Form::Login, "ada", "long enough");
    assert!(page.model.is_busy(Form::Login));
    page.submit(Form::Login, "ada", "long enough");
    assert!(page.is_silent());
}

#[test]
fn a_form_that_is_not_on_the_page_cannot_be_submitted() {
    let mut page = Page::open("/login", Stored::Nothing);
    page.submit(Form::Register, "ada", "long enough");
    assert!(page.is_silent());
}

#[test]
fn empty_fields_are_told_without_asking_the_server() {
    let mut page = Page::open("/register", Stored::Nothing);
    page.submit(Form::Register, "  ", "");
    assert_eq!(page.effects, [Effect::Focus(Form::Register, Control::Field(Field::Username))]);
    assert!(!page.form(Form::Register).username_error.is_empty());
    assert!(!page.form(Form::Register).password_error.is_empty());
    page.event(Event::Edited(Form::Register, Field::Username, input("a", "", "")));
    assert!(page.form(Form::Register).username_error.is_empty());
}

#[test]
fn errors_stay_behind_when_the_form_is_left() {
    let mut page = Page::open("/login", Stored::Nothing);
    page.submit(Form::Login, "", "");
    page.follow("/register");
    assert_eq!(page.form(Form::Login), &FormState::default());
    assert!(page.does(&Effect::ClearPasswords(None)));
}

#[test]
fn a_wrong_password_is_cleared_and_focused() {
    let mut page = Page::open("/login", Stored::Nothing);
    page.submit(Form::Login, "ada", "wrong");
    page.answer(&page.request(path::LOGIN).unwrap(), problem(401, "Wrong password.", &[]));
    assert_eq!(page.form(Form::Login).alert, "Wrong password.");
    assert!(page.does(&Effect::ClearPasswords(Some(Form::Login))));
    let last = page.effects.last();
    assert_eq!(last, Some(&Effect::Focus(Form::Login, Control::Field(Field::Password))));
    assert!(!page.model.is_busy(Form::Login));
}

#[test]
fn a_registration_signs_the_new_user_in() {
    let mut page = Page::open("/register?next=%2F%3Fa", Stored::Nothing);
    page.submit(Form::Register, " ada ", "long enough");
    page.answer(&page.request(path::REGISTER).unwrap(), registered());
    assert!(page.model.is_first_login());
    let request = page.request(path::LOGIN).unwrap();
    assert!(request.body.as_ref().unwrap().expose().contains(r#""username":"ada""#));
    page.answer(&request, login_reply());
    assert!(page.does(&Effect::Replace("/?a".into())));
    assert_eq!(page.model.session.as_ref().unwrap().username, "ada");
}

#[test]
fn a_registration_whose_sign_in_fails_goes_on_at_the_login_form() {
    let mut page = Page::open("/register", Stored::Nothing);
    page.submit(Form::Register, "ada", "long enough");
    page.answer(&page.request(path::REGISTER).unwrap(), registered());
    let request = page.request(path::LOGIN).unwrap();
    page.answer(&request, problem(503, "Busy.", &[]));
    assert_eq!(page.view(), "login");
    assert_eq!(page.model.notice, ACCOUNT_MADE);
    assert_eq!(page.form(Form::Login).alert, "Busy.");
    assert!(page.does(&Effect::FillUsername(Form::Login, "ada".into())));
}

#[test]
fn a_refused_registration_keeps_what_was_typed_and_marks_the_fields() {
    let mut page = Page::open("/register", Stored::Nothing);
    page.submit(Form::Register, "ada", "short");
    let errors = [("password", "Too short."), ("password", "Too common."), ("captcha", "Odd.")];
    page.answer(&page.request(path::REGISTER).unwrap(), problem(422, "rules", &errors));
    assert_eq!(page.form(Form::Register).password_error, "Too short. Too common.");
    assert_eq!(page.form(Form::Register).alert, "Odd.");
    assert_eq!(page.effects, [Effect::Focus(Form::Register, Control::Field(Field::Password))]);
}

#[test]
fn an_unreachable_server_leaves_the_form_ready_for_another_try() {
    let mut page = Page::open("/login", Stored::Nothing);
    page.submit(Form::Login, "ada", "long enough");
    page.event(Event::Answered(page.request(path::LOGIN).unwrap().id, None));
    assert!(page.form(Form::Login).alert.contains("could not be reached"));
    assert_eq!(page.effects, [Effect::Focus(Form::Login, Control::Submit)]);
    page.submit(Form::Login, "ada", "long enough");
    assert!(page.request(path::LOGIN).is_some());
}

#[test]
fn an_answer_to_a_login_that_was_left_behind_signs_nobody_in() {
    let mut page = Page::open("/login", Stored::Nothing);
    page.submit(Form::Login, "ada", "long enough");
    let request = page.request(path::LOGIN).unwrap();
    page.follow("/");
    page.answer(&request, login_reply());
    assert!(page.is_silent());
    assert_eq!(page.model.session, None);
}

#[test]
fn without_storage_memory_keeps_the_session() {
    let mut page = Page::open("/login", Stored::Unavailable);
    page.submit(Form::Login, "ada", "long enough");
    page.answer(&page.request(path::LOGIN).unwrap(), login_reply());
    page.event(Event::StorageFailed);
    assert_eq!((page.view(), page.model.notice.as_str()), ("protected", MEMORY_ONLY));
    page.event(Event::Followed("/protected".into(), Stored::Nothing));
    assert_eq!(page.view(), "protected");
}

#[test]
fn the_configuration_shapes_the_registration_page() {
    let mut page = Page::open("/register", Stored::Nothing);
    let config = PublicConfig { registration: "closed".into(), ..config() };
    assert!(screen(&page.model).shown.contains(&("registration-open", true)));
    page.answer(&page.request(path::CONFIG).unwrap(), json(200, &config));
    let screen = screen(&page.model);
    assert!(screen.shown.contains(&("registration-closed", true)));
    let hint = &screen.forms[Form::Register as usize].hint;
    assert!(hint.starts_with("At least 15 characters."), "{hint}");
}

#[test]
fn a_configuration_that_cannot_be_had_is_asked_for_again() {
    let mut page = Page::open("/", Stored::Nothing);
    page.event(Event::Answered(page.request(path::CONFIG).unwrap().id, None));
    page.follow("/register");
    assert!(page.request(path::CONFIG).is_some());
    page.follow("/login");
    assert!(page.request(path::CONFIG).is_none(), "one is on its way");
}

#[test]
fn the_password_is_hidden_again_when_the_form_is_sent() {
    let mut page = Page::open("/login", Stored::Nothing);
    page.press(Action::TogglePassword(Form::Login));
    assert!(page.form(Form::Login).show_password);
    page.submit(Form::Login, "ada", "long enough");
    assert!(!page.form(Form::Login).show_password);
}

#[test]
fn links_between_the_forms_carry_the_return_path() {
    let page = Page::open("/login?next=%2Fprotected%3Fx", Stored::Nothing);
    let links = screen(&page.model).links;
    assert!(links.contains(&("register", "/register?next=%2Fprotected%3Fx".into())));
}
