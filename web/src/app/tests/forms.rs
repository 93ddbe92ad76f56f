//! Registration and login.

use hallpass_contract::{PublicConfig, path};

use crate::app::forms::{ACCOUNT_MADE, ACCOUNT_READY};
use crate::app::lost::PERHAPS_MADE;
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
fn a_return_path_to_another_application_is_loaded_as_a_page() {
    for (next, page_of) in [
        ("%2Fdocs", "/docs"),
        ("%2Fapp%2Fx%3Fa%3D1%26b%3D2%23part", "/app/x?a=1&b=2#part"),
        ("/app/x?a=1&b=2", "/app/x?a=1&b=2"),
        ("%2Fapp%2Fx#part", "/app/x#part"),
    ] {
        let mut page = Page::open(&["/login?next=", next].concat(), Stored::Nothing);
        page.submit(Form::Login, "ada", "long enough");
        page.answer(&page.request(path::LOGIN).unwrap(), login_reply());
        assert_eq!(page.view(), "onward", "{next}");
        assert!(page.screen().links.contains(&("onward", page_of.into())), "{next}");
        page.answer(&page.request(path::ME).unwrap(), registered_now());
        assert!(page.does(&Effect::Load(page_of.into())), "{next}: {:?}", page.effects);
    }
}

#[test]
fn whoever_is_signed_in_already_goes_on_to_another_application_if_the_session_is_alive() {
    let mut page = Page::signed_in("/login?next=%2Fdocs");
    assert_eq!(page.view(), "onward");
    page.answer(&page.request(path::ME).unwrap(), registered_now());
    assert!(page.does(&Effect::Load("/docs".into())));
    let mut page = Page::signed_in("/login?next=%2Fdocs");
    page.answer(&page.request(path::ME).unwrap(), problem(401, "It has ended.", &[]));
    page.event(Event::Locked(token("ada", EXPIRY)));
    page.answer(&page.request(path::REFRESH).unwrap(), problem(401, "It has ended.", &[]));
    assert_eq!((page.view(), page.model.target.as_str()), ("login", "/login?next=%2Fdocs"));
}

#[test]
fn an_application_that_sends_everybody_back_is_not_loaded_over_and_over() {
    let sent_on = Device { went_on: Some("/app/x".into()), ..device() };
    let stored = || token("ada", EXPIRY);
    let page = Page::open_with(sent_on.clone(), "/login?next=%2Fapp%2Fx", stored());
    assert!(page.request(path::ME).is_none());
    assert!(page.screen().shown.contains(&("sent-back", true)));
    let mut page = Page::open_with(sent_on, "/login?next=%2Fapp%2Fx", Stored::Nothing);
    page.submit(Form::Login, "ada", "long enough");
    page.answer(&page.request(path::LOGIN).unwrap(), login_reply());
    assert!(page.request(path::ME).is_some(), "a new sign-in may help");
}

#[test]
fn a_fragment_survives_the_guard_and_the_sign_in() {
    let mut page = Page::open("/account?a=1&b=2#password-title", Stored::Nothing);
    let login = "/login?next=%2Faccount%3Fa%3D1%26b%3D2%23password-title";
    assert_eq!(page.model.target, login);
    page.submit(Form::Login, "ada", "long enough");
    page.answer(&page.request(path::LOGIN).unwrap(), login_reply());
    assert!(page.does(&Effect::Replace("/account?a=1&b=2#password-title".into())));
    page.event(Event::Traversed("/account?a=1&b=2#main".into(), token("ada", EXPIRY)));
    assert!(!page.does(&Effect::ClearPasswords(None)), "a jump within the page");
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

/// The first try has no answer, and the second finds the name taken.
fn registered_twice(lost: Option<crate::api::Reply>) -> Page {
    let mut page = Page::open("/register?next=%2Faccount", Stored::Nothing);
    page.submit(Form::Register, "ada", "long enough");
    page.event(Event::Answered(page.request(path::REGISTER).unwrap().id, lost));
    assert!(!page.form(Form::Register).alert.is_empty());
    page.now += 1;
    page.submit(Form::Register, "ada", "long enough");
    page.answer(&page.request(path::REGISTER).unwrap(), problem(409, "The name is taken.", &[]));
    page
}

#[test]
fn a_registration_whose_answer_was_lost_signs_in_at_the_next_try() {
    for lost in [None, Some(unavailable()), Some(problem(502, "", &[])), Some(json(201, &"cut"))] {
        let mut page = registered_twice(lost);
        page.answer(&page.request(path::LOGIN).unwrap(), login_reply());
        assert_eq!((page.view(), page.model.notice.as_str()), ("account", ACCOUNT_READY));
    }
}

#[test]
fn a_registration_whose_answer_was_lost_offers_to_sign_in() {
    let mut page = registered_twice(None);
    let wrong = problem(401, "The username or the password is wrong.", &[]);
    page.answer(&page.request(path::LOGIN).unwrap(), wrong);
    assert_eq!((page.view(), page.model.notice.as_str()), ("login", PERHAPS_MADE));
    assert!(page.does(&Effect::FillUsername(Form::Login, "ada".into())));
}

#[test]
fn a_name_that_was_taken_before_is_somebody_elses() {
    for first in [Some(problem(429, "Too many.", &[])), Some(overloaded()), None] {
        let other = if first.is_none() { "bob" } else { "ada" };
        let mut page = Page::open("/register", Stored::Nothing);
        page.submit(Form::Register, "ada", "long enough");
        page.event(Event::Answered(page.request(path::REGISTER).unwrap().id, first));
        page.now += 1;
        page.submit(Form::Register, other, "long enough");
        let taken = problem(409, "The name is taken.", &[]);
        page.answer(&page.request(path::REGISTER).unwrap(), taken);
        assert!(page.request(path::LOGIN).is_none());
        assert_eq!(page.form(Form::Register).alert, "The name is taken.");
    }
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
    assert_eq!(page.view(), "protected");
    assert!(page.model.notice.contains("only this page knows"), "{}", page.model.notice);
    assert!(page.model.notice.contains("would go on at the server"), "{}", page.model.notice);
    page.event(Event::Followed("/protected".into(), Stored::Nothing));
    assert_eq!(page.view(), "protected");
}

fn signed_in_with(cookies: Cookies, form: Form) -> Page {
    let target = if form == Form::Login { "/login" } else { "/register" };
    let mut page = Page::open_with(Device { cookies, ..device() }, target, Stored::Nothing);
    assert_eq!(
        text(&page, "warning").is_empty(),
        cookies == Cookies::Kept,
        "before anything is typed"
    );
    page.submit(form, "ada", "long enough");
    if form == Form::Register {
        page.answer(&page.request(path::REGISTER).unwrap(), registered());
    }
    page.answer(&page.request(path::LOGIN).unwrap(), login_reply());
    page
}

#[test]
fn a_browser_that_keeps_no_cookie_is_told_of_at_the_sign_in() {
    for (cookies, why) in [(Cookies::PlainHttp, "plain http"), (Cookies::Blocked, "no cookies")] {
        for form in [Form::Login, Form::Register] {
            let page = signed_in_with(cookies, form);
            assert!(page.model.notice.contains("15 minutes"), "{}", page.model.notice);
            assert!(page.model.notice.contains(why), "{}", page.model.notice);
        }
    }
    assert_eq!(signed_in_with(Cookies::Kept, Form::Login).model.notice, "");
    assert_eq!(signed_in_with(Cookies::Kept, Form::Register).model.notice, ACCOUNT_READY);
}

#[test]
fn a_browser_that_keeps_nothing_at_all_is_told_so() {
    let mut page = signed_in_with(Cookies::Blocked, Form::Login);
    page.event(Event::StorageFailed);
    let notice = &page.model.notice;
    assert!(notice.contains("until you close or reload it, and for 15 minutes"), "{notice}");
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
