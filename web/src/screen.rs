//! What the page shows for a model, as names of hooks in `index.html` and the values they get.

use crate::app::{Content, FormState, Model};
use crate::route::{Route, login_path, register_path};

/// The page's variable parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Screen {
    /// The `data-view` that is visible.
    pub view: &'static str,
    /// The document's title.
    pub title: &'static str,
    /// The text of each `data-text`.
    pub texts: Vec<(&'static str, String)>,
    /// Whether each `data-show` is visible.
    pub shown: Vec<(&'static str, bool)>,
    /// The address of each `data-link`.
    pub links: Vec<(&'static str, String)>,
    /// The state of the form that is visible; the other one is at rest.
    pub form: FormState,
    /// The visible form waits for an answer.
    pub busy: bool,
}

/// Draws a model.
pub fn screen(model: &Model) -> Screen {
    let (view, title) = match model.route {
        Route::Home => ("home", "Hallpass"),
        Route::Login(_) => ("login", "Sign in · Hallpass"),
        Route::Register(_) => ("register", "Create account · Hallpass"),
        Route::Protected => ("protected", "Protected page · Hallpass"),
        Route::ResetPassword => ("reset-password", "Set a new password · Hallpass"),
        Route::NotFound => ("not-found", "Page not found · Hallpass"),
    };
    let next = model.route.next();
    Screen {
        view,
        title,
        texts: texts(model),
        shown: shown(model),
        links: vec![("login", login_path(next)), ("register", register_path(next))],
        form: model.form.clone(),
        busy: model.is_busy(),
    }
}

fn texts(model: &Model) -> Vec<(&'static str, String)> {
    let username = model.session.as_ref().map(|session| session.username.clone());
    let (message, since, roles, failure) = match &model.content {
        Content::Loading => Default::default(),
        Content::Failed(failure) => ("", "", String::new(), failure.as_str()),
        Content::Shown(protected) => (
            protected.message.as_str(),
            date(&protected.user.created_at),
            roles(&protected.user.roles),
            "",
        ),
    };
    let (login_label, register_label) = match (model.is_busy(), model.is_first_login()) {
        (false, _) => ("Sign in", "Create account"),
        (true, false) => ("Signing in…", "Creating account…"),
        (true, true) => ("Signing in…", "Signing in…"),
    };
    vec![
        ("notice", model.notice.to_owned()),
        ("username", username.unwrap_or_default()),
        ("message", message.to_owned()),
        ("since", since.to_owned()),
        ("roles", roles),
        ("failure", failure.to_owned()),
        ("login-label", login_label.to_owned()),
        ("register-label", register_label.to_owned()),
        ("reset-label", if model.is_busy() { "Saving…" } else { "Save password" }.to_owned()),
        ("password-hint", password_hint(model)),
    ]
}

fn password_hint(model: &Model) -> String {
    match &model.config {
        Some(config) => ["At least ", &config.password_min.to_string(), " characters."].concat(),
        None => "A long phrase is easy to remember and hard to guess.".to_owned(),
    }
}

/// The day of an RFC 3339 time.
fn date(time: &str) -> &str {
    time.split('T').next().unwrap_or_default()
}

fn roles(roles: &[String]) -> String {
    if roles.is_empty() { "none".to_owned() } else { roles.join(", ") }
}

fn shown(model: &Model) -> Vec<(&'static str, bool)> {
    let signed_in = model.session.is_some();
    // Open until the server has said otherwise: it decides anyway.
    let closed = model.config.as_ref().is_some_and(|config| config.registration == "closed");
    vec![
        ("signed-in", signed_in),
        ("signed-out", !signed_in),
        ("may-register", !signed_in && !closed),
        ("registration-open", !closed),
        ("registration-closed", closed),
        ("content-loading", model.content == Content::Loading),
        ("content-shown", matches!(model.content, Content::Shown(_))),
        ("content-failed", matches!(model.content, Content::Failed(_))),
    ]
}
