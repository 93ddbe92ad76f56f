//! What the page shows for a model: the values of the hooks in `index.html`.

mod parts;
mod resets;
mod rows;
mod words;

use hallpass_contract::ADMIN_ROLE;

use crate::app::{FORMS, Form, Model};
use crate::route::{Route, UsersPage, admin_path, login_path, register_path};
pub use parts::{FormView, Row, Screen};

/// Draws a model.
pub fn screen(model: &Model) -> Screen {
    let (view, title) = view(model);
    let (base, next) = (&model.device().base, model.route.next());
    Screen {
        view,
        title,
        texts: texts(model),
        shown: shown(model),
        links: vec![
            ("login", login_path(base, next)),
            ("register", register_path(base, next)),
            ("next-page", next_users(model)),
            ("onward", onward(&model.route).to_owned()),
        ],
        lists: vec![
            ("sessions", rows::sessions(model)),
            ("users", rows::users(model)),
            ("resets", resets::rows(model)),
        ],
        forms: FORMS.iter().map(|form| form_view(model, *form)).collect(),
        asks_for_password: model.asks_for_password(),
    }
}

fn view(model: &Model) -> (&'static str, &'static str) {
    if model.content.forbidden {
        return ("forbidden", "Not allowed · Hallpass");
    }
    match &model.route {
        Route::Home => ("home", "Hallpass"),
        Route::Login(_) => ("login", "Sign in · Hallpass"),
        Route::Register(_) => ("register", "Create account · Hallpass"),
        Route::Protected => ("protected", "Protected page · Hallpass"),
        Route::Account => ("account", "Your account · Hallpass"),
        Route::Admin(_) => ("admin", "Users · Hallpass"),
        Route::ResetPassword => ("reset-password", "Set a new password · Hallpass"),
        Route::Onward(_) => ("onward", "Signed in · Hallpass"),
        Route::NotFound => ("not-found", "Page not found · Hallpass"),
    }
}

/// Not the first users of all.
fn is_part_of_users(route: &Route) -> bool {
    matches!(route, Route::Admin(users) if *users != UsersPage::default())
}

fn next_users(model: &Model) -> String {
    let search = match &model.route {
        Route::Admin(users) => users.search.clone(),
        _ => None,
    };
    admin_path(&model.device().base, &UsersPage { search, after: model.content.next_users.clone() })
}

/// Where the link of the view `onward` leads.
fn onward(route: &Route) -> &str {
    match route {
        Route::Onward(path) => path,
        _ => "/",
    }
}

fn texts(model: &Model) -> Vec<(&'static str, String)> {
    let content = &model.content;
    let username = model.session.as_ref().map(|session| session.username.clone());
    let user = content.profile.as_ref().or(content.protected.as_ref().map(|it| &it.user));
    let since = user.map(|user| user.created_at.clone()).unwrap_or_default();
    let message = content.protected.as_ref().map(words::message);
    let failure = content.failure.as_ref().map(|failure| failure.message.clone());
    let retrying = model.wait_of_page().map(words::trying_again);
    vec![
        ("notice", model.notice.clone()),
        ("connection", words::connection(model).to_owned()),
        ("warning", words::warning(model).to_owned()),
        ("username", username.unwrap_or_default()),
        ("message", message.unwrap_or_default()),
        ("since-ago", words::relative(model, &since)),
        ("since", since),
        ("roles", user.map(|user| words::roles(&user.roles)).unwrap_or_default()),
        ("failure", failure.unwrap_or_default()),
        ("retrying", retrying.unwrap_or_default()),
    ]
    .into_iter()
    .chain(list_texts(model))
    .chain(FORMS.iter().map(|form| words::label(model, *form)))
    .collect()
}

/// The note on the last action on all sessions.
fn list_texts(model: &Model) -> [(&'static str, String); 3] {
    let [(_, error), (_, wait), (_, done)] = rows::note_cells(model, "sessions");
    [("sessions-error", error), ("sessions-wait", wait), ("sessions-done", done)]
}

fn form_view(model: &Model, form: Form) -> FormView {
    FormView {
        form,
        state: model.form(form).clone(),
        busy: model.is_busy(form),
        wait: model.wait_of(form).map(words::wait).unwrap_or_default(),
        hint: words::password_hint(model, form),
    }
}

fn shown(model: &Model) -> Vec<(&'static str, bool)> {
    let content = &model.content;
    let signed_in = model.session.is_some();
    // Open until the server has said otherwise: it decides anyway.
    let closed = model.config.as_ref().is_some_and(|config| config.registration == "closed");
    let failed = content.failure.is_some();
    let missing = match model.route {
        Route::Protected => content.protected.is_none(),
        Route::Account => content.profile.is_none() || content.sessions.is_none(),
        Route::Admin(_) => content.users.is_none() || content.resets.is_none(),
        _ => false,
    };
    vec![
        ("signed-in", signed_in),
        ("signed-out", !signed_in),
        ("admin", model.session.as_ref().is_some_and(|session| session.has_role(ADMIN_ROLE))),
        ("may-register", !signed_in && !closed),
        ("registration-open", !closed),
        ("registration-closed", closed),
        ("loading", missing && !failed),
        ("failed", failed),
        ("may-retry", content.failure.as_ref().is_some_and(|failure| failure.may_retry)),
        ("going-on", !failed && !model.was_sent_back()),
        ("sent-back", model.was_sent_back()),
        ("reset-token", model.has_reset_token()),
        ("no-reset-token", !model.has_reset_token()),
        ("content", content.protected.is_some()),
        ("profile", content.profile.is_some()),
        ("sessions", content.sessions.is_some()),
        ("other-sessions", content.sessions.as_ref().is_some_and(|sessions| sessions.len() > 1)),
        ("users", content.users.is_some()),
        ("no-users", content.users.as_ref().is_some_and(Vec::is_empty)),
        ("resets", content.resets.is_some()),
        ("no-resets", content.resets.as_ref().is_some_and(Vec::is_empty)),
        ("next-page", content.next_users.is_some()),
        ("first-page", is_part_of_users(&model.route)),
        ("start-over", is_part_of_users(&model.route)),
    ]
}
