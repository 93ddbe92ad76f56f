//! Offline, slow and failing servers, and clocks that are wrong.

use hallpass_contract::path;

use crate::api::Reply;
use crate::app::testing::*;
use crate::app::*;

fn busy(seconds: &str) -> Reply {
    Reply { retry_after: seconds.into(), ..problem(503, "The server is busy.", &[]) }
}

#[test]
fn a_page_that_did_not_load_is_loaded_again_when_the_server_said_it_may() {
    let mut page = Page::signed_in("/protected");
    page.answer(&page.request(path::PROTECTED).unwrap(), busy("7"));
    assert_eq!(failure(&page), "The server is busy.");
    assert_eq!(text(&page, "retrying"), "Trying again by itself in 7 seconds.");
    assert!(page.does(&Effect::Wake(1)), "it counts down");
    page.wake(NOW + 6);
    assert_eq!(text(&page, "retrying"), "Trying again by itself in 1 second.");
    assert!(page.request(path::PROTECTED).is_none());
    page.wake(NOW + 7);
    page.answer(&page.request(path::PROTECTED).unwrap(), content_reply());
    assert!(page.model.content.protected.is_some() && failure(&page).is_empty());
}

#[test]
fn the_wait_doubles_and_ends_nowhere() {
    let mut page = Page::signed_in("/protected");
    let mut waits = Vec::new();
    for _ in 0..8 {
        let request = page.request(path::PROTECTED).unwrap();
        page.event(Event::Answered(request.id, None));
        let wait = page.model.wait_of_page().unwrap();
        waits.push(wait);
        // The refresh of a token that is due meanwhile is another matter.
        page.now += wait;
        page.event(Event::Woke(token("ada", EXPIRY)));
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn a_server_that_asks_for_no_patience_is_not_flooded() {
    let mut page = Page::signed_in("/protected");
    page.answer(&page.request(path::PROTECTED).unwrap(), busy("0"));
    assert!(page.request(path::PROTECTED).is_none());
    assert_eq!(page.model.wait_of_page(), Some(2));
}

#[test]
fn what_time_does_not_mend_is_not_tried_again_by_itself() {
    let mut page = Page::signed_in("/protected");
    page.answer(&page.request(path::PROTECTED).unwrap(), problem(500, "Broken.", &[]));
    assert_eq!((failure(&page), page.model.wait_of_page()), ("Broken.", None));
    page.press(Action::Retry);
    assert!(page.request(path::PROTECTED).is_some());
}

#[test]
fn only_the_part_that_is_missing_is_loaded_again() {
    let mut page = Page::signed_in("/account");
    page.event(Event::Answered(page.request(path::SESSIONS).unwrap().id, None));
    let mut page = Page::signed_in("/account");
    let (profile, sessions) =
        (page.request(path::ME).unwrap(), page.request(path::SESSIONS).unwrap());
    page.answer(&profile, registered());
    assert!(page.model.content.profile.is_none(), "a 201 is no answer to that");
    page.answer(&sessions, session_list());
    page.press(Action::Retry);
    assert!(page.request(path::ME).is_some() && page.request(path::SESSIONS).is_none());
}

#[test]
fn the_network_coming_back_is_reason_enough() {
    let mut page = Page::signed_in("/protected");
    page.event(Event::Online(false));
    assert!(text(&page, "connection").contains("offline"));
    let mut page = Page::signed_in("/protected");
    page.event(Event::Answered(page.request(path::PROTECTED).unwrap().id, None));
    page.event(Event::Online(true));
    assert!(page.request(path::PROTECTED).is_some());
    assert_eq!(text(&page, "connection"), "");
}

#[test]
fn a_form_is_never_sent_twice_by_itself_and_says_how_long_to_wait() {
    let mut page = Page::open("/login", Stored::Nothing);
    page.submit(Form::Login, "ada", "long enough");
    let request = page.request(path::LOGIN).unwrap();
    page.answer(&request, too_many("30"));
    assert_eq!(page.form(Form::Login).alert, "Too many attempts.");
    let wait = |page: &Page| page.screen().forms[Form::Login as usize].wait.clone();
    assert_eq!(wait(&page), "Try again in 30 seconds.");
    assert!(!page.model.is_busy(Form::Login));
    page.now += 10;
    page.event(Event::Woke(Stored::Nothing));
    assert_eq!(wait(&page), "Try again in 20 seconds.");
    page.now += 20;
    page.event(Event::Woke(Stored::Nothing));
    assert_eq!((wait(&page), page.form(Form::Login).alert.as_str()), (String::new(), ""));
    assert!(page.is_silent());
}

#[test]
fn a_slow_server_is_told_to_be_slow() {
    let mut page = Page::signed_in("/protected");
    assert!(page.does(&Effect::Wake(5)));
    assert_eq!(text(&page, "connection"), "");
    page.wake(NOW + 5);
    assert_eq!(text(&page, "connection"), "Still waiting for the server…");
    page.wake(NOW + 6);
    page.event(Event::Followed("/".into(), token("ada", EXPIRY)));
    assert_eq!(text(&page, "connection"), "");
}

#[test]
fn the_servers_date_corrects_a_clock_that_was_set_meanwhile() {
    let mut page = Page::signed_in("/protected");
    let reply = Reply { server_time: Some(NOW - 600), ..content_reply() };
    page.answer(&page.request(path::PROTECTED).unwrap(), reply);
    assert!(page.does(&Effect::SaveClock(-600)), "and not the token, which may be gone");
    page.now = EXPIRY;
    page.event(Event::Woke(Stored::Token(jwt("ada", EXPIRY).into(), -600)));
    assert!(!page.does(&Effect::Lock), "ten minutes are left");
}

#[test]
fn what_is_typed_stays_when_another_tab_renews_the_token() {
    let mut page = Page::at_account();
    page.submit(Form::Delete, "bob", "");
    page.event(Event::StorageChanged(token("ada", EXPIRY + 900)));
    assert!(!page.does(&Effect::ClearPasswords(None)));
    assert!(!page.form(Form::Delete).username_error.is_empty());
    assert_eq!(page.model.session.as_ref().unwrap().token, jwt("ada", EXPIRY + 900).into());
}

#[test]
fn what_was_typed_before_the_module_came_is_not_cleared() {
    let page = Page::open("/login", Stored::Nothing);
    assert!(!page.does(&Effect::ClearPasswords(None)));
}
