//! The admin page.

use hallpass_contract::{AdminUserBody, ResetLink, path};

use crate::api::Method;
use crate::app::testing::*;
use crate::app::*;
use crate::text::name;

const BOB: &str = "/api/admin/users/b0b";

fn row_of_bob(page: &Page) -> crate::screen::Row {
    page.screen().lists[1].1[1].clone()
}

#[test]
fn users_are_listed_a_page_at_a_time() {
    let mut page = Page::at_admin();
    let screen = page.screen();
    assert_eq!(screen.view, "admin");
    assert_eq!(screen.lists[1].1.len(), 2);
    assert!(screen.links.contains(&("next-page", "/admin?after=b0b".into())));
    assert!(screen.shown.contains(&("next-page", true)));
    page.follow("/admin?after=b0b");
    assert!(page.request("/api/admin/users?limit=20&after=b0b").is_some());
    assert!(page.screen().shown.contains(&("first-page", true)));
}

#[test]
fn the_next_page_of_a_search_is_one_of_that_search() {
    let mut page = Page::at_admin();
    assert!(page.screen().shown.contains(&("first-page", false)));
    page.follow("/admin?search=b%20b");
    let users = page.request("/api/admin/users?limit=20&search=b%20b").unwrap();
    page.answer(&users, json(200, &users_page(Some("b0b"))));
    let next = "/admin?search=b%20b&after=b0b";
    assert!(page.screen().links.contains(&("next-page", next.into())));
    assert!(page.screen().shown.contains(&("first-page", true)));
    page.follow(next);
    assert!(page.request("/api/admin/users?limit=20&search=b%20b&after=b0b").is_some());
}

#[test]
fn without_the_role_the_page_is_not_even_asked_for() {
    let mut page = Page::signed_in("/admin");
    assert_eq!(page.view(), "forbidden");
    assert!(!page.screen().shown.contains(&("admin", true)));
    assert!(page.request(USERS).is_none());
    page.press(Action::Retry);
    assert!(page.does(&Effect::Lock), "the role may be newer than the token");
    page.event(Event::Locked(token("ada", EXPIRY)));
    page.answer(&page.request(path::REFRESH).unwrap(), login_reply());
    let users = page.request(USERS).unwrap();
    page.answer(&users, problem(403, "Only for admins.", &[]));
    assert_eq!(page.view(), "forbidden", "the server decides");
}

#[test]
fn an_admin_who_is_none_any_more_sees_that_at_once() {
    let mut page = Page::at_admin();
    page.press(Action::Disable("b0b".into()));
    page.answer(&page.request(BOB).unwrap(), problem(403, "Only for admins.", &[]));
    assert_eq!(page.view(), "forbidden");
    assert!(page.does(&Effect::FocusHeading));
}

#[test]
fn roles_are_given_as_words() {
    let mut page = Page::at_admin();
    page.event(Event::RolesSubmitted("b0b".into(), " user,  billing:read ".into()));
    let request = page.request(BOB).unwrap();
    assert_eq!(request.method, Method::Patch);
    assert_eq!(request.body.as_ref().unwrap().expose(), r#"{"roles":["user","billing:read"]}"#);
    let user = admin_user("b0b", "bob", &["user", "billing:read"]);
    page.answer(&request, json(200, &AdminUserBody { user }));
    assert_eq!(row_of_bob(&page).values, [("roles", "user, billing:read".to_owned())]);
    assert_eq!(cell(&row_of_bob(&page), "done"), "Saved: bob.");
    assert!(page.model.notice.is_empty(), "which stands above all rows");
}

#[test]
fn a_user_is_disabled_and_enabled() {
    let mut page = Page::at_admin();
    page.press(Action::Disable("b0b".into()));
    let request = page.request(BOB).unwrap();
    assert_eq!(request.body.as_ref().unwrap().expose(), r#"{"disabled":true}"#);
    let mut user = admin_user("b0b", "bob", &[]);
    user.disabled = true;
    page.answer(&request, json(200, &AdminUserBody { user }));
    assert!(row_of_bob(&page).parts.contains(&("disabled", true)));
    page.press(Action::Enable("b0b".into()));
    let body = page.request(BOB).unwrap().body.unwrap();
    assert_eq!(body.expose(), r#"{"disabled":false}"#);
}

#[test]
fn what_the_server_objects_to_is_told_in_the_row() {
    let mut page = Page::at_admin();
    page.event(Event::RolesSubmitted("b0b".into(), "Not A Role!".into()));
    let objection = problem(422, "rules", &[("roles", "Use lower case.")]);
    page.answer(&page.request(BOB).unwrap(), objection);
    assert_eq!(cell(&row_of_bob(&page), "error"), "Use lower case.");
}

#[test]
fn a_change_of_the_own_roles_renews_the_token() {
    let mut page = Page::at_admin();
    page.event(Event::RolesSubmitted("id".into(), "user".into()));
    let request = page.request("/api/admin/users/id").unwrap();
    page.answer(&request, json(200, &AdminUserBody { user: admin_user("id", "ada", &["user"]) }));
    assert!(page.does(&Effect::Lock));
}

#[test]
fn a_user_is_signed_out_everywhere() {
    let mut page = Page::at_admin();
    page.press(Action::EndUserSessions("b0b".into()));
    let request = page.request("/api/admin/users/b0b/sessions").unwrap();
    assert_eq!(request.method, Method::Delete);
    page.answer(&request, no_content());
    assert_eq!(cell(&row_of_bob(&page), "done"), "bob is signed out everywhere.");
}

#[test]
fn a_reset_link_is_shown_until_the_next_action() {
    let mut page = Page::at_admin();
    page.press(Action::OfferReset("b0b".into()));
    let url = "https://login.example/reset-password#t0ken".to_owned();
    let link = ResetLink { url: url.clone(), expires_at: "2026-01-31T12:30:00Z".into() };
    let request = page.request("/api/admin/users/b0b/reset").unwrap();
    page.answer(&request, json(200, &link));
    let row = row_of_bob(&page);
    assert!(row.cells.contains(&("reset-url", url)) && row.parts.contains(&("reset", true)));
    page.press(Action::Disable("b0b".into()));
    assert!(row_of_bob(&page).parts.contains(&("reset", false)));
}

#[test]
fn a_user_who_is_gone_is_gone_from_the_list() {
    let mut page = Page::at_admin();
    page.press(Action::Disable("b0b".into()));
    page.answer(&page.request(BOB).unwrap(), problem(404, "There is no such user.", &[]));
    assert!(row_of_bob(&page).gone);
    assert_eq!(cell(&row_of_bob(&page), "done"), "bob is not there any more.");
    assert!(page.does(&Effect::FocusAnswer("users")));
}

#[test]
fn a_row_that_has_to_wait_counts_down_and_then_says_nothing() {
    let mut page = Page::at_admin();
    page.press(Action::OfferReset("b0b".into()));
    let request = page.request("/api/admin/users/b0b/reset").unwrap();
    page.answer(&request, too_many("30"));
    let said = |page: &Page| {
        let row = row_of_bob(page);
        (cell(&row, "error"), cell(&row, "wait"))
    };
    let both = ("Too many attempts.".into(), "Try again in 30 seconds.".into());
    assert_eq!(said(&page), both);
    page.now += 29;
    page.event(Event::StorageFailed);
    assert_eq!(said(&page).1, "Try again in 1 second.");
    page.now += 1;
    page.event(Event::StorageFailed);
    assert_eq!(said(&page), (String::new(), String::new()));
}

#[test]
fn the_words_of_a_name_are_marked_as_one() {
    let mut page = Page::at_admin();
    page.press(Action::EndUserSessions("b0b".into()));
    page.answer(&page.request("/api/admin/users/b0b/sessions").unwrap(), no_content());
    let row = row_of_bob(&page);
    let (_, done) = row.cells.iter().find(|(name, _)| *name == "done").unwrap();
    assert_eq!(*done, [&name("bob"), " is signed out everywhere."].concat());
}
