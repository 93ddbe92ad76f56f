//! The open reset links on the admin page.

use hallpass_contract::{NamedUser, OpenReset, ResetLink, ResetList, path};

use crate::api::{Method, Request};
use crate::app::testing::*;
use crate::app::*;
use crate::screen::Row;

const LINK_OF_BOB: &str = "/api/admin/users/b0b/reset";

fn open(id: &str, username: &str) -> OpenReset {
    let named = |id: &str, username: &str| NamedUser { id: id.into(), username: username.into() };
    OpenReset {
        user: named(id, username),
        by: named("id", "ada"),
        created_at: "1970-01-01T00:06:40Z".into(),
        expires_at: "1970-01-01T00:36:40Z".into(),
    }
}

/// Links for bob, who is on the page, and for eve, who is not.
pub(super) fn at_links() -> Page {
    Page::at_admin_with(vec![open("b0b", "bob"), open("eve", "eve")])
}

fn links(page: &Page) -> Vec<Row> {
    let lists = page.screen().lists;
    lists.into_iter().find(|(name, _)| *name == "resets").unwrap().1
}

fn shows(page: &Page, part: &'static str) -> bool {
    page.screen().shown.contains(&(part, true))
}

fn withdraw(page: &mut Page, id: &str) -> Request {
    page.press(Action::WithdrawReset(id.into()));
    let path = path::ADMIN_USER_RESET.replace("{id}", id);
    page.request(&path).unwrap()
}

#[test]
fn the_open_links_are_loaded_with_the_page() {
    let page = at_links();
    let rows = links(&page);
    assert_eq!(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["b0b", "eve"]);
    for (name, said) in [
        ("name", "bob"),
        ("by", "ada"),
        ("made", "1970-01-01T00:06:40Z"),
        ("made-ago", "10 minutes ago"),
        ("until", "1970-01-01T00:36:40Z"),
        ("until-in", "in 20 minutes"),
    ] {
        assert_eq!(cell(&rows[0], name), said);
    }
    assert!(shows(&page, "resets") && !shows(&page, "no-resets"));
}

#[test]
fn without_open_links_the_page_says_so() {
    let page = Page::at_admin();
    assert!(links(&page).is_empty());
    assert!(shows(&page, "resets") && shows(&page, "no-resets"));
}

#[test]
fn a_withdrawn_link_is_gone_from_the_list_which_is_loaded_again() {
    let mut page = at_links();
    let request = withdraw(&mut page, "b0b");
    assert_eq!(request.method, Method::Delete);
    assert!(links(&page)[0].busy && !links(&page)[1].busy);
    page.answer(&request, no_content());
    let rows = links(&page);
    assert_eq!((rows.len(), rows[0].gone, rows[1].id.as_str()), (2, true, "eve"));
    assert_eq!(cell(&rows[0], "done"), "The reset link for bob is withdrawn.");
    assert!(page.does(&Effect::FocusAnswer("resets")));
    assert!(!page.screen().lists[1].1.iter().any(|row| row.gone), "it was said among the users");
    let list = page.request(path::ADMIN_RESETS).unwrap();
    page.answer(&list, json(200, &ResetList { resets: vec![open("zoe", "zoe")] }));
    let rows = links(&page);
    assert_eq!((rows.len(), rows[0].gone, rows[1].id.as_str()), (2, true, "zoe"));
}

#[test]
fn a_link_that_was_not_open_any_more_is_gone_in_other_words() {
    let mut page = at_links();
    let request = withdraw(&mut page, "eve");
    page.answer(&request, problem(404, "There is no open link.", &[]));
    let rows = links(&page);
    assert_eq!(cell(&rows[1], "done"), "The reset link for eve was not open any more.");
    assert!(rows[1].gone && page.request(path::ADMIN_RESETS).is_some());
}

#[test]
fn a_withdrawal_that_fails_says_why_in_the_row_of_the_link_alone() {
    let mut page = at_links();
    let request = withdraw(&mut page, "b0b");
    page.answer(&request, problem(500, "The disk is full.", &[]));
    assert_eq!(cell(&links(&page)[0], "error"), "The disk is full.");
    assert_eq!(cell(&links(&page)[1], "error"), "");
    assert_eq!(cell(&page.screen().lists[1].1[1], "error"), "", "bob's row among the users");
    let request = withdraw(&mut page, "b0b");
    page.answer(&request, problem(403, "Only for admins.", &[]));
    assert_eq!(page.view(), "forbidden");
}

#[test]
fn a_link_that_is_made_is_listed() {
    let mut page = Page::at_admin();
    page.press(Action::OfferReset("b0b".into()));
    let url = "https://login.example/reset-password#t0ken".into();
    let link = ResetLink { url, expires_at: "1970-01-01T00:36:40Z".into() };
    page.answer(&page.request(LINK_OF_BOB).unwrap(), json(200, &link));
    let list = page.request(path::ADMIN_RESETS).unwrap();
    page.answer(&list, json(200, &ResetList { resets: vec![open("b0b", "bob")] }));
    assert_eq!(links(&page)[0].id, "b0b");
    assert!(page.model.content.reset_link.is_some(), "the link stays in sight");
}

#[test]
fn a_list_that_was_asked_for_before_a_withdrawal_is_not_believed_after_it() {
    let mut page = at_links();
    let request = withdraw(&mut page, "b0b");
    page.answer(&request, no_content());
    let early = page.request(path::ADMIN_RESETS).unwrap();
    let request = withdraw(&mut page, "eve");
    page.answer(&request, no_content());
    let late = page.request(path::ADMIN_RESETS).unwrap();
    page.answer(&early, json(200, &ResetList { resets: vec![open("eve", "eve")] }));
    assert!(links(&page).iter().all(|row| row.gone));
    page.answer(&late, json(200, &ResetList { resets: Vec::new() }));
    assert!(shows(&page, "no-resets"));
}

#[test]
fn a_list_that_can_not_be_loaded_again_says_why_and_is_tried_again() {
    let mut page = at_links();
    let request = withdraw(&mut page, "b0b");
    page.answer(&request, no_content());
    page.answer(&page.request(path::ADMIN_RESETS).unwrap(), problem(503, "Busy.", &[]));
    assert_eq!(failure(&page), "Busy.");
    assert_eq!(links(&page)[1].id, "eve", "what is known stays");
    page.press(Action::Retry);
    assert!(page.request(path::ADMIN_RESETS).is_some() && page.request(USERS).is_none());
}

#[test]
fn a_withdrawal_that_takes_a_recent_login_goes_on_after_the_password() {
    let mut page = at_links();
    let request = withdraw(&mut page, "b0b");
    page.answer(&request, not_fresh());
    assert!(page.screen().asks_for_password);
    page.submit(Form::Fresh, "", "the password");
    page.answer(&page.request(path::REAUTHENTICATE).unwrap(), login_reply());
    assert_eq!(page.request(LINK_OF_BOB).unwrap().method, Method::Delete);
}

#[test]
fn a_link_is_withdrawn_once_and_only_if_it_is_listed() {
    let mut page = at_links();
    withdraw(&mut page, "b0b");
    page.press(Action::WithdrawReset("b0b".into()));
    assert_eq!(page.request(LINK_OF_BOB), None, "it is under way");
    page.press(Action::WithdrawReset("nobody".into()));
    assert!(page.is_silent());
}
