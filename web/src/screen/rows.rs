//! The rows of the lists.

use super::{Row, words};
use crate::app::Model;

pub(super) fn sessions(model: &Model) -> Vec<Row> {
    let sessions = model.content.sessions.iter().flatten();
    sessions
        .map(|session| {
            let agent = words::agent(&session.user_agent);
            let started = words::minute(&session.created_at);
            Row {
                id: session.id.clone(),
                cells: vec![
                    ("agent", agent.clone()),
                    ("started", started.clone()),
                    ("used", words::minute(&session.last_used_at)),
                    // So that two buttons differ to whoever hears them.
                    ("which", [" ", &agent, ", since ", &started].concat()),
                    ("error", error_of(model, &session.id)),
                ],
                parts: vec![("current", session.current), ("other", !session.current)],
                values: Vec::new(),
                busy: model.is_row_busy(&session.id)
                    || (model.is_ending_others() && !session.current),
            }
        })
        .collect()
}

pub(super) fn users(model: &Model) -> Vec<Row> {
    let users = model.content.users.iter().flatten();
    users
        .map(|user| {
            let link = model.content.reset_link.as_ref().filter(|(id, ..)| *id == user.id);
            let (url, until) = link
                .map(|(_, url, until)| (url.expose().to_owned(), words::minute(until)))
                .unwrap_or_default();
            Row {
                id: user.id.clone(),
                cells: vec![
                    ("name", user.username.clone()),
                    ("since", words::day(&user.created_at).to_owned()),
                    ("reset-url", url),
                    ("reset-until", until),
                    ("error", error_of(model, &user.id)),
                ],
                parts: vec![
                    ("enabled", !user.disabled),
                    ("disabled", user.disabled),
                    ("reset", link.is_some()),
                ],
                values: vec![("roles", user.roles.join(", "))],
                busy: model.is_row_busy(&user.id),
            }
        })
        .collect()
}

/// What went wrong with the row of this id.
pub(super) fn error_of(model: &Model, id: &str) -> String {
    let error = model.content.row_error.as_ref().filter(|(row, _)| row == id);
    error.map(|(_, message)| message.clone()).unwrap_or_default()
}
