//! `hallpass.fetch`: requests of other scripts.

use hallpass_contract::{PublicConfig, path};

use crate::app::testing::*;
use crate::app::*;
use crate::interceptor::Url;

fn ask(page: &mut Page, id: FetchId, origin: &str, path: &str) {
    page.event(Event::FetchAsked(id, Url { origin: origin.into(), path: path.into() }));
}

fn answered(page: &mut Page, id: FetchId, status: u16) {
    page.event(Event::Fetched(id, FetchOutcome::Answered(status, String::new())));
}

/// Signed in, with the configuration here.
fn page() -> Page {
    let mut page = Page::signed_in("/");
    let config = PublicConfig {
        token_origins: vec!["https://api.example".into()],
        no_token_paths: vec!["/public/*".into()],
        ..config()
    };
    page.answer(&page.request(path::CONFIG).unwrap(), json(200, &config));
    page
}

fn with_token(id: FetchId, exp: i64) -> Effect {
    Effect::Fetch(id, Some(jwt("ada", exp).into()))
}

#[test]
fn the_token_goes_where_it_may_and_nowhere_else() {
    let mut page = page();
    for (id, origin, path, carries) in [
        (1, OWN, "/x", true),
        (2, "https://api.example", "/x", true),
        (3, "https://api.example", "/public/x", false),
        (4, "https://evil.example", "/x", false),
    ] {
        ask(&mut page, id, origin, path);
        let expected = if carries { with_token(id, EXPIRY) } else { Effect::Fetch(id, None) };
        assert_eq!(page.effects, [expected], "{origin}{path}");
        answered(&mut page, id, 200);
        assert_eq!(page.effects, [Effect::Deliver(id)]);
    }
}

#[test]
fn nothing_is_sent_before_it_is_known_where_the_token_may_go() {
    let mut page = Page::signed_in("/");
    let request = page.request(path::CONFIG).unwrap();
    ask(&mut page, 1, OWN, "/public/x");
    assert!(page.is_silent());
    page.answer(&request, json(200, &config()));
    assert!(page.does(&with_token(1, EXPIRY)));
}

#[test]
fn requests_wait_for_one_refresh_together() {
    let mut page = page();
    page.now = EXPIRY - 10;
    ask(&mut page, 1, OWN, "/x");
    assert_eq!(page.effects.first(), Some(&Effect::Lock));
    ask(&mut page, 2, OWN, "/y");
    assert!(page.is_silent());
    page.event(Event::Locked(token("ada", EXPIRY)));
    page.answer(&page.request(path::REFRESH).unwrap(), json(200, &login("ada", RENEWED, 900)));
    assert!(page.does(&with_token(1, RENEWED)) && page.does(&with_token(2, RENEWED)));
}

#[test]
fn a_refused_request_is_repeated_once_with_a_new_token() {
    let mut page = page();
    ask(&mut page, 1, OWN, "/x");
    answered(&mut page, 1, 401);
    assert_eq!(page.effects.first(), Some(&Effect::Lock));
    page.event(Event::Locked(token("ada", EXPIRY)));
    page.answer(&page.request(path::REFRESH).unwrap(), json(200, &login("ada", RENEWED, 900)));
    assert!(page.does(&with_token(1, RENEWED)));
    answered(&mut page, 1, 401);
    assert_eq!(page.effects, [Effect::Deliver(1)]);
}

#[test]
fn a_request_for_which_the_token_was_renewed_meanwhile_needs_no_refresh() {
    let mut page = page();
    ask(&mut page, 1, OWN, "/x");
    page.event(Event::StorageChanged(token("ada", RENEWED)));
    answered(&mut page, 1, 401);
    assert_eq!(page.effects, [with_token(1, RENEWED)]);
}

#[test]
fn a_refused_refresh_delivers_the_refusal() {
    let mut page = page();
    ask(&mut page, 1, OWN, "/x");
    answered(&mut page, 1, 401);
    page.event(Event::Locked(token("ada", EXPIRY)));
    page.answer(&page.request(path::REFRESH).unwrap(), problem(401, "over", &[]));
    assert!(page.model.session.is_none() && page.does(&Effect::Deliver(1)));
}

#[test]
fn a_server_that_can_not_refresh_now_holds_no_script_up() {
    let mut page = page();
    page.now = EXPIRY - 10;
    ask(&mut page, 1, OWN, "/x");
    page.event(Event::Locked(token("ada", EXPIRY)));
    page.event(Event::Answered(page.request(path::REFRESH).unwrap().id, None));
    assert!(page.does(&with_token(1, EXPIRY)));
}

#[test]
fn a_failure_and_a_demand_for_the_password_are_the_scripts_business() {
    let mut page = page();
    ask(&mut page, 1, OWN, "/x");
    page.event(Event::Fetched(1, FetchOutcome::Failed));
    assert_eq!(page.effects, [Effect::Deliver(1)]);
    ask(&mut page, 2, OWN, "/x");
    let challenge = "Bearer error=\"insufficient_user_authentication\", max_age=300".to_owned();
    page.event(Event::Fetched(2, FetchOutcome::Answered(401, challenge)));
    assert_eq!(page.effects, [Effect::Deliver(2)]);
}

#[test]
fn a_signed_out_visitors_scripts_send_no_token() {
    let mut page = Page::open("/", Stored::Nothing);
    page.answer_config();
    ask(&mut page, 1, OWN, "/x");
    assert_eq!(page.effects, [Effect::Fetch(1, None)]);
    answered(&mut page, 1, 401);
    assert_eq!(page.effects, [Effect::Deliver(1)]);
}

#[test]
fn without_the_configuration_no_script_gets_the_token() {
    let mut page = Page::signed_in("/");
    let request = page.request(path::CONFIG).unwrap();
    ask(&mut page, 1, OWN, "/public/x");
    page.event(Event::Answered(request.id, None));
    assert_eq!(page.effects.first(), Some(&Effect::Fetch(1, None)));
}
