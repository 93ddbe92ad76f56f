//! The renewal of the token: ahead of its end, after a refusal, and between tabs.

use hallpass_contract::path;

use crate::api::Method;
use crate::api::Reply;
use crate::app::navigation::{SESSION_ENDED, SIGNED_OUT_ELSEWHERE};
use crate::app::testing::*;
use crate::app::*;

/// When the token of [`EXPIRY`] is due.
const DUE: Seconds = EXPIRY - 30;
const RENEWED_EXPIRY: Seconds = EXPIRY + 870;

fn renewed() -> Stored {
    token("ada", RENEWED_EXPIRY)
}

fn renewal() -> Reply {
    json(200, &login("ada", RENEWED_EXPIRY, 900))
}

fn unauthorized() -> Reply {
    problem(401, "The session has ended; sign in again.", &[])
}

/// A signed-in page whose token is due, with its turn to refresh.
fn refreshing(target: &str) -> Page {
    let mut page = Page { model: Model::default(), now: DUE, effects: Vec::new() };
    page.event(Event::Started(target.into(), token("ada", EXPIRY)));
    assert!(page.does(&Effect::Lock));
    page.event(Event::Locked(token("ada", EXPIRY)));
    assert!(page.request(path::REFRESH).is_some());
    page
}

#[test]
fn the_token_is_renewed_ahead_of_its_end() {
    let mut page = Page::signed_in("/");
    assert!(page.does(&Effect::Wake(DUE - NOW)));
    page.now = DUE;
    page.event(Event::Woke(token("ada", EXPIRY)));
    assert_eq!(page.effects.iter().filter(|effect| **effect == Effect::Lock).count(), 1);
    page.event(Event::Locked(token("ada", EXPIRY)));
    let request = page.request(path::REFRESH).unwrap();
    assert_eq!(request.method, Method::Post);
    page.answer(&request, renewal());
    assert!(
        page.does(&Effect::Save(jwt("ada", RENEWED_EXPIRY).into(), RENEWED_EXPIRY - 900 - DUE))
    );
    assert!(page.does(&Effect::Unlock));
    assert!(page.effects.iter().any(|effect| matches!(effect, Effect::Wake(_))), "and so on");
}

#[test]
fn an_expired_token_is_not_sent_but_renewed_first() {
    let mut page = Page::open("/", Stored::Nothing);
    page.now = EXPIRY + 1;
    page.event(Event::Followed("/protected".into(), token("ada", EXPIRY)));
    assert_eq!(page.view(), "protected");
    assert_eq!(page.request(path::PROTECTED), None);
    page.event(Event::Locked(token("ada", EXPIRY)));
    let request = page.request(path::REFRESH).unwrap();
    page.answer(&request, json(200, &login("ada", RENEWED_EXPIRY, 900)));
    let content = page.request(path::PROTECTED).unwrap();
    assert_eq!(content.token, Some(jwt("ada", RENEWED_EXPIRY).into()));
}

#[test]
fn requests_wait_for_the_one_refresh_that_is_under_way() {
    let mut page = refreshing("/");
    let refresh = page.request(path::REFRESH).unwrap();
    page.event(Event::Followed("/protected".into(), token("ada", EXPIRY)));
    assert_eq!((page.request(path::PROTECTED), page.does(&Effect::Lock)), (None, false));
    page.answer(&refresh, renewal());
    assert!(page.request(path::PROTECTED).is_some());
}

#[test]
fn a_token_that_another_tab_has_renewed_is_taken_over_without_a_refresh() {
    let mut page = Page { model: Model::default(), now: DUE, effects: Vec::new() };
    page.event(Event::Started("/protected".into(), token("ada", EXPIRY)));
    page.event(Event::Locked(renewed()));
    assert_eq!(page.request(path::REFRESH), None);
    assert!(page.does(&Effect::Unlock));
    let content = page.request(path::PROTECTED).unwrap();
    assert_eq!(content.token, Some(jwt("ada", RENEWED_EXPIRY).into()));
}

#[test]
fn a_refused_token_is_renewed_and_the_request_repeated_once() {
    let mut page = Page::signed_in("/protected");
    let first = page.request(path::PROTECTED).unwrap();
    page.answer(&first, unauthorized());
    assert!(page.does(&Effect::Lock));
    page.event(Event::Locked(token("ada", EXPIRY)));
    let refresh = page.request(path::REFRESH).unwrap();
    page.answer(&refresh, renewal());
    let second = page.request(path::PROTECTED).unwrap();
    page.answer(&second, content_reply());
    assert!(page.model.content.protected.is_some());
}

#[test]
fn a_request_that_is_refused_twice_is_not_sent_a_third_time() {
    let mut page = Page::signed_in("/protected");
    page.answer(&page.request(path::PROTECTED).unwrap(), unauthorized());
    page.event(Event::Locked(token("ada", EXPIRY)));
    page.answer(&page.request(path::REFRESH).unwrap(), renewal());
    page.answer(&page.request(path::PROTECTED).unwrap(), unauthorized());
    assert_eq!((page.view(), page.model.notice.as_str()), ("login", SESSION_ENDED));
    assert!(!page.does(&Effect::Lock) && page.request(path::PROTECTED).is_none());
}

#[test]
fn a_refused_refresh_ends_the_session() {
    for status in [401, 403] {
        let mut page = refreshing("/protected");
        page.answer(&page.request(path::REFRESH).unwrap(), problem(status, "no", &[]));
        assert_eq!((page.view(), page.model.notice.as_str()), ("login", SESSION_ENDED));
        assert!(page.does(&Effect::Unlock));
        assert!(page.does(&Effect::Forget(Some(jwt("ada", EXPIRY).into()))));
        assert!(page.does(&Effect::Replace("/login?next=%2Fprotected".into())));
    }
}

#[test]
fn a_server_that_can_not_refresh_now_ends_nothing() {
    let mut page = refreshing("/");
    let refresh = page.request(path::REFRESH).unwrap();
    page.event(Event::Answered(refresh.id, None));
    assert!(page.does(&Effect::Unlock) && !page.does(&Effect::Lock), "no hurry");
    assert!(page.does(&Effect::Wake(2)), "while the server still takes the old cookie");
    assert!(page.model.session.is_some());
    page.now = DUE + 2;
    page.event(Event::Woke(token("ada", EXPIRY)));
    assert!(page.does(&Effect::Lock));
}

#[test]
fn while_the_old_token_is_good_a_failed_refresh_holds_nothing_up() {
    let mut page = refreshing("/protected");
    page.answer(&page.request(path::REFRESH).unwrap(), problem(503, "busy", &[]));
    let content = page.request(path::PROTECTED).unwrap();
    assert_eq!(content.token, Some(jwt("ada", EXPIRY).into()));
}

#[test]
fn once_the_old_token_has_expired_a_failed_refresh_is_told_and_can_be_tried_again() {
    let mut page = Page { model: Model::default(), now: EXPIRY, effects: Vec::new() };
    page.event(Event::Started("/protected".into(), token("ada", EXPIRY)));
    page.event(Event::Locked(token("ada", EXPIRY)));
    page.answer(&page.request(path::REFRESH).unwrap(), problem(503, "The server is busy.", &[]));
    assert_eq!(failure(&page), "The server is busy.");
    page.press(Action::Retry);
    assert!(page.does(&Effect::Lock));
}

#[test]
fn a_sign_out_during_a_refresh_is_not_undone_by_it() {
    let mut page = refreshing("/protected");
    let refresh = page.request(path::REFRESH).unwrap();
    page.press(Action::SignOut);
    page.answer(&refresh, renewal());
    assert!(page.model.session.is_none());
    assert_eq!(page.effects, [Effect::Unlock]);
}

#[test]
fn a_sign_out_in_another_tab_while_this_one_waits_for_its_turn_is_told() {
    let mut page = Page { model: Model::default(), now: DUE, effects: Vec::new() };
    page.event(Event::Started("/protected".into(), token("ada", EXPIRY)));
    page.event(Event::Locked(Stored::Nothing));
    assert_eq!((page.view(), page.model.notice.as_str()), ("login", SIGNED_OUT_ELSEWHERE));
    assert!(page.does(&Effect::Unlock) && page.request(path::REFRESH).is_none());
}

#[test]
fn a_lock_that_nobody_waits_for_any_more_is_let_go() {
    let mut page = Page { model: Model::default(), now: DUE, effects: Vec::new() };
    page.event(Event::Started("/".into(), token("ada", EXPIRY)));
    page.press(Action::SignOut);
    page.event(Event::Locked(Stored::Nothing));
    assert_eq!(page.effects, [Effect::Unlock]);
}

#[test]
fn without_storage_memory_keeps_the_renewed_session() {
    let mut page = Page::open("/login", Stored::Unavailable);
    page.submit(Form::Login, "ada", "long enough");
    page.answer(&page.request(path::LOGIN).unwrap(), login_reply());
    page.event(Event::StorageFailed);
    page.now = DUE;
    page.event(Event::Woke(Stored::Unavailable));
    page.event(Event::Locked(Stored::Unavailable));
    page.answer(&page.request(path::REFRESH).unwrap(), renewal());
    assert_eq!(page.model.session.as_ref().unwrap().token, jwt("ada", RENEWED_EXPIRY).into());
}

#[test]
fn a_tab_that_keeps_the_lock_for_ever_holds_nobody_up() {
    let mut page = Page { model: Model::default(), now: DUE, effects: Vec::new() };
    page.event(Event::Started("/protected".into(), token("ada", EXPIRY)));
    assert!(page.does(&Effect::Lock));
    page.wake(DUE + 34);
    assert_eq!(page.request(path::REFRESH), None);
    page.wake(DUE + 35);
    page.answer(&page.request(path::REFRESH).unwrap(), renewal());
    assert!(page.request(path::PROTECTED).is_some());
    page.event(Event::Locked(renewed()));
    assert_eq!(page.effects, [Effect::Unlock], "it comes when nobody waits for it any more");
}

#[test]
fn what_waits_for_a_refresh_is_not_done_as_somebody_who_signed_in_meanwhile() {
    let mut page = Page::at_account();
    page.now = DUE;
    page.submit(Form::Delete, "ada", "");
    assert!(page.does(&Effect::Lock) && page.request(path::ME).is_none());
    page.event(Event::Locked(Stored::Token(
        jwt_of_session("bob", RENEWED_EXPIRY, "b0b").into(),
        0,
    )));
    assert_eq!(page.model.session.as_ref().unwrap().username, "bob");
    let request = page.request(path::ME).unwrap();
    assert_eq!(request.method, Method::Get, "the page loads as bob's, and nothing is deleted");
    assert!(page.does(&Effect::Unlock));
}

#[test]
fn a_lock_that_comes_late_does_not_forget_the_refresh_that_went_ahead() {
    let mut page = Page { model: Model::default(), now: DUE, effects: Vec::new() };
    page.event(Event::Started("/protected".into(), token("ada", EXPIRY)));
    page.wake(DUE + 35);
    let refresh = page.request(path::REFRESH).unwrap();
    page.event(Event::Locked(token("ada", EXPIRY)));
    assert_eq!(page.effects, [Effect::Unlock]);
    page.answer(&refresh, renewal());
    assert!(page.request(path::PROTECTED).is_some());
}

#[test]
fn a_refresh_that_brings_somebody_elses_session_does_nothing_in_their_name() {
    let mut page = Page::at_account();
    page.now = DUE;
    page.submit(Form::Delete, "ada", "");
    page.event(Event::Locked(token("ada", EXPIRY)));
    let mut login = login("bob", RENEWED_EXPIRY, 900);
    login.access_token = jwt_of_session("bob", RENEWED_EXPIRY, "b0b").into();
    page.answer(&page.request(path::REFRESH).unwrap(), json(200, &login));
    assert_eq!(page.model.session.as_ref().unwrap().username, "bob");
    assert_eq!(page.request(path::ME).unwrap().method, Method::Get);
}
