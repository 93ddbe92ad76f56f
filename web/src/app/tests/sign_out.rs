//! Signing out, with and without a server that hears of it.

use hallpass_contract::path;

use crate::api::{Method, Request};
use crate::app::sign_out::{SIGNED_OUT, SIGNED_OUT_HERE};
use crate::app::testing::*;
use crate::app::*;

fn signed_out() -> (Page, Request) {
    let mut page = Page::signed_in("/protected");
    page.press(Action::SignOut);
    let request = page.request(path::LOGOUT).unwrap();
    (page, request)
}

/// The network is away.
fn signed_out_offline() -> Page {
    let (mut page, request) = signed_out();
    page.event(Event::Answered(request.id, None));
    page
}

#[test]
fn a_sign_out_ends_the_session_on_the_server_too() {
    let (mut page, request) = signed_out();
    assert_eq!((request.method, request.token.is_some()), (Method::Post, true));
    assert!(page.does(&Effect::Forget(None)) && page.does(&Effect::OweSignOut(true)));
    page.answer(&request, no_content());
    assert_eq!(page.model.notice, SIGNED_OUT);
    assert!(page.does(&Effect::OweSignOut(false)));
}

#[test]
fn below_a_path_sign_out_and_guard_keep_to_it() {
    let below = || Device { base: "/auth".into(), ..device() };
    let mut page = Page::open_with(below(), "/auth/protected", token("ada", EXPIRY));
    assert_eq!(page.screen().view, "protected");
    page.press(Action::SignOut);
    assert!(page.does(&Effect::Push("/auth/".into())));
    page.event(Event::Followed("/auth/account".into(), Stored::Nothing));
    assert!(page.does(&Effect::Push("/auth/login?next=%2Fauth%2Faccount".into())));
    let links = page.screen().links;
    assert!(links.contains(&("register", "/auth/register?next=%2Fauth%2Faccount".into())));
    let page = Page::open_with(below(), "/protected", token("ada", EXPIRY));
    assert_eq!(page.screen().view, "not-found", "a neighbour's");
}

#[test]
fn a_sign_out_goes_on_when_the_page_is_closed_and_a_sign_in_does_not() {
    assert!(signed_out().1.outlives_page());
    let mut page = Page::at_account();
    page.press(Action::EndOtherSessions);
    assert!(page.request(path::SESSIONS).unwrap().outlives_page());
    let mut page = Page::open("/login", Stored::Nothing);
    page.submit(Form::Login, "ada", "long enough");
    assert!(!page.request(path::LOGIN).unwrap().outlives_page());
    assert!(!Page::signed_in("/protected").request(path::PROTECTED).unwrap().outlives_page());
}

#[test]
fn a_sign_out_that_was_not_heard_is_said_again() {
    for unheard in [None, Some(problem(500, "Broken.", &[])), Some(too_many("9"))] {
        let (mut page, request) = signed_out();
        page.event(Event::Answered(request.id, unheard));
        assert_eq!(page.model.notice, SIGNED_OUT_HERE);
        assert!(page.does(&Effect::Wake(5)) && !page.does(&Effect::OweSignOut(false)));
        page.now += 5;
        page.event(Event::Woke(Stored::Nothing));
        let again = page.request(path::LOGOUT).unwrap();
        assert_eq!(again.token, request.token, "in memory");
        page.event(Event::Answered(again.id, None));
        assert!(page.does(&Effect::Wake(10)));
        page.event(Event::Online(true));
        page.answer(&page.request(path::LOGOUT).unwrap(), no_content());
        assert_eq!(page.model.notice, SIGNED_OUT);
        assert!(page.does(&Effect::OweSignOut(false)));
    }
}

#[test]
fn a_session_that_the_server_knows_no_more_is_over() {
    let (mut page, request) = signed_out();
    page.answer(&request, problem(401, "No such session.", &[]));
    assert_eq!(page.model.notice, SIGNED_OUT);
    assert!(page.does(&Effect::OweSignOut(false)));
}

#[test]
fn the_next_page_tells_the_server_by_the_cookie_alone() {
    let mut page = Page::open("/", Stored::Nothing);
    page.event(Event::SignOutOwed(Stored::Nothing));
    let request = page.request(path::LOGOUT).unwrap();
    assert_eq!(request.token, None);
    page.answer(&request, no_content());
    assert!(page.does(&Effect::OweSignOut(false)));
}

#[test]
fn a_later_sign_in_is_not_ended_by_a_late_sign_out() {
    // In another tab: the cookie is the new session's by now.
    let mut page = signed_out_offline();
    page.event(Event::StorageChanged(token("bob", EXPIRY)));
    assert!(page.does(&Effect::OweSignOut(false)));
    page.event(Event::Online(true));
    assert!(page.request(path::LOGOUT).is_none());
    // As the next page finds it.
    let mut page = Page::signed_in("/");
    page.event(Event::SignOutOwed(token("ada", EXPIRY)));
    assert!(page.request(path::LOGOUT).is_none() && page.does(&Effect::OweSignOut(false)));
}

#[test]
fn a_sign_in_waits_for_the_sign_out_before_it() {
    for (form, target) in [(Form::Login, "/login"), (Form::Register, "/register")] {
        let first = if form == Form::Login { path::LOGIN } else { path::REGISTER };
        // The answer takes the cookie away, so it must not come after the one to the sign-in.
        let (mut page, request) = signed_out();
        page.follow(target);
        page.submit(form, "ada", "long enough");
        assert!(page.request(first).is_none() && page.model.is_busy(form));
        page.answer(&request, no_content());
        assert!(page.request(first).is_some());
        // One that was not heard is said once more.
        let mut page = signed_out_offline();
        page.follow(target);
        page.submit(form, "ada", "long enough");
        let again = page.request(path::LOGOUT).unwrap();
        assert!(page.request(first).is_none());
        page.event(Event::Answered(again.id, None));
        assert!(page.request(first).is_some(), "it is not held up for ever");
    }
}

#[test]
fn a_sign_in_that_was_left_while_it_waited_is_not_made() {
    let (mut page, request) = signed_out();
    page.follow("/login");
    page.submit(Form::Login, "ada", "long enough");
    page.follow("/");
    page.answer(&request, no_content());
    assert!(page.request(path::LOGIN).is_none());
}
