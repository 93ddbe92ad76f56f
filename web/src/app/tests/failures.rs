//! A failure is always told, in words that stand on the page.

use hallpass_contract::path;

use crate::api::{Answer, Reply, Request};
use crate::app::connection::NO_SUCH_PLACE;
use crate::app::testing::*;
use crate::app::*;
use crate::screen::FormView;

/// Something that a person does, up to the request that it makes.
type Deed = (&'static str, fn() -> (Page, Request));

const DEEDS: [Deed; 17] = [
    ("open the protected page", || page_with(Page::signed_in("/protected"), path::PROTECTED)),
    ("open the account: profile", || page_with(Page::signed_in("/account"), path::ME)),
    ("open the account: sessions", || page_with(Page::signed_in("/account"), path::SESSIONS)),
    ("open the users", || page_with(admin("/admin"), USERS)),
    ("open a page of users", || {
        page_with(admin("/admin?after=zzzz"), "/api/admin/users?limit=20&after=zzzz")
    }),
    ("sign in", || submitted(Page::open("/login", Stored::Nothing), Form::Login, path::LOGIN)),
    ("register", || {
        submitted(Page::open("/register", Stored::Nothing), Form::Register, path::REGISTER)
    }),
    ("set a password", || {
        let page = Page::open("/reset-password#t0ken", Stored::Nothing);
        submitted(page, Form::Reset, path::PASSWORD_RESET)
    }),
    ("change the password", || submitted(Page::at_account(), Form::Password, path::PASSWORD)),
    ("delete the account", || submitted(Page::at_account(), Form::Delete, path::ME)),
    ("end a session", || {
        let own = Action::EndSession("other".into());
        pressed(Page::at_account(), own, "/api/me/sessions/other")
    }),
    ("end all sessions", || pressed(Page::at_account(), Action::EndOtherSessions, path::SESSIONS)),
    ("disable a user", || {
        pressed(Page::at_admin(), Action::Disable("b0b".into()), "/api/admin/users/b0b")
    }),
    ("sign a user out", || {
        let action = Action::EndUserSessions("b0b".into());
        pressed(Page::at_admin(), action, "/api/admin/users/b0b/sessions")
    }),
    ("make a reset link", || {
        let action = Action::OfferReset("b0b".into());
        pressed(Page::at_admin(), action, "/api/admin/users/b0b/reset")
    }),
    ("open the reset links", || page_with(admin("/admin"), path::ADMIN_RESETS)),
    ("withdraw a reset link", || {
        let action = Action::WithdrawReset("b0b".into());
        pressed(super::resets::at_links(), action, "/api/admin/users/b0b/reset")
    }),
];

fn page_with(page: Page, path: &str) -> (Page, Request) {
    let request = page.request(path).unwrap();
    (page, request)
}

fn admin(target: &str) -> Page {
    let admin = jwt_with_roles("ada", EXPIRY, &["admin"]);
    Page::open(target, Stored::Token(admin.into(), 0))
}

fn submitted(mut page: Page, form: Form, path: &str) -> (Page, Request) {
    page.event(Event::Submitted(form, input("ada", "a long new password", "the old one")));
    page_with(page, path)
}

fn pressed(mut page: Page, action: Action, path: &str) -> (Page, Request) {
    page.press(action);
    page_with(page, path)
}

/// Refusals with as few words as a server, or something before it, can send.
fn refusals() -> Vec<Answer> {
    let mut refusals = vec![None, Some(Reply { status: 200, ..Reply::default() })];
    for status in [400, 404, 409, 413, 422, 429, 500, 502, 503] {
        refusals.push(Some(Reply { status, ..Reply::default() }));
        let errors: [&[(&str, &str)]; 8] = [
            &[],
            &[("after", "")],
            &[("after", "Give the id of a user.")],
            &[("username", "It is odd.")],
            &[("password", "It is odd.")],
            &[("new_password", "It is odd.")],
            &[("current_password", "It is odd.")],
            &[("", "It is odd.")],
        ];
        refusals.extend(errors.map(|errors| Some(problem(status, "", errors))));
    }
    refusals
}

/// The fields below which each form has a place for words, as `index.html` has them.
fn told_by_form(view: &FormView) -> String {
    let (form, state) = (view.form, &view.state);
    let mut told = state.alert.clone();
    if matches!(form, Form::Login | Form::Register | Form::Delete) {
        told.push_str(&state.username_error);
    }
    if form != Form::Delete {
        told.push_str(&state.password_error);
    }
    if form == Form::Password {
        told.push_str(&state.current_error);
    }
    told
}

/// All that the page has to say about what went wrong.
fn told(page: &Page) -> String {
    let screen = page.screen();
    let mut told = [text(page, "failure"), text(page, "sessions-error")].concat();
    told.push_str(&page.model.notice);
    told.extend(screen.forms.iter().map(told_by_form));
    for row in screen.lists.iter().flat_map(|(_, rows)| rows) {
        if row.gone {
            told.push_str(&cell(row, "done"));
        } else {
            told.push_str(&cell(row, "error"));
        }
    }
    told
}

#[test]
fn every_failure_is_told_in_words_that_are_on_the_page() {
    for (what, deed) in DEEDS {
        for refusal in refusals() {
            let (mut page, request) = deed();
            let before = told(&page);
            page.event(Event::Answered(request.id, refusal.clone()));
            assert_eq!(before, "", "{what}");
            assert!(!told(&page).trim().is_empty(), "{what}: {refusal:?}");
        }
    }
}

#[test]
fn a_place_that_is_not_in_the_list_of_users_is_told_and_left() {
    let mut page = admin("/admin?after=zzzz");
    let request = page.request("/api/admin/users?limit=20&after=zzzz").unwrap();
    let odd = problem(422, "a field breaks a rule", &[("after", "Give the id of a user.")]);
    page.answer(&request, odd);
    assert_eq!(failure(&page), NO_SUCH_PLACE);
    let shown = page.screen().shown;
    assert!(shown.contains(&("may-retry", false)), "it would fail for ever");
    assert!(shown.contains(&("start-over", true)));
}
