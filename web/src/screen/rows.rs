//! The rows of the lists.

use super::parts::Row;
use super::words;
use crate::app::{Model, Note};

pub(super) fn sessions(model: &Model) -> Vec<Row> {
    let sessions = model.content.sessions.iter().flatten();
    let rows = sessions.map(|session| {
        let mut cells = vec![
            ("agent", words::agent(&session.user_agent)),
            ("started", session.created_at.clone()),
            // So that two buttons differ to whoever hears them.
            ("which", words::agent(&session.user_agent)),
            ("which-since", session.created_at.clone()),
            ("started-ago", words::relative(model, &session.created_at)),
            ("used", session.last_used_at.clone()),
            ("used-ago", words::relative(model, &session.last_used_at)),
        ];
        cells.extend(note_cells(model, &session.id));
        Row {
            id: session.id.clone(),
            cells,
            parts: vec![("current", session.current), ("other", !session.current)],
            busy: model.is_row_busy(&session.id) || (model.is_ending_others() && !session.current),
            ..Row::default()
        }
    });
    with_gone(rows.collect(), model, "sessions")
}

pub(super) fn users(model: &Model) -> Vec<Row> {
    let users = model.content.users.iter().flatten();
    let rows = users.map(|user| {
        let link = model.content.reset_link.as_ref().filter(|(id, ..)| *id == user.id);
        let (url, until) = link
            .map(|(_, url, until)| (url.expose().to_owned(), until.clone()))
            .unwrap_or_default();
        let mut cells = vec![
            ("name", user.username.clone()),
            ("since", user.created_at.clone()),
            ("since-ago", words::relative(model, &user.created_at)),
            ("reset-url", url),
            ("reset-until-in", words::relative(model, &until)),
            ("reset-until", until),
        ];
        cells.extend(note_cells(model, &user.id));
        Row {
            id: user.id.clone(),
            cells,
            parts: vec![
                ("enabled", !user.disabled),
                ("disabled", user.disabled),
                ("reset", link.is_some()),
            ],
            values: vec![("roles", user.roles.join(", "))],
            busy: model.is_row_busy(&user.id),
            ..Row::default()
        }
    });
    with_gone(rows.collect(), model, "users")
}

/// What came of the last action in the row of this id, or in the list of this name.
pub(super) fn note_cells(model: &Model, id: &str) -> [(&'static str, String); 3] {
    let Note { error, done, .. } = model.note_of(id).cloned().unwrap_or_default();
    let wait = model.wait_of_row(id).map(words::wait).unwrap_or_default();
    [("error", error), ("wait", wait), ("done", done)]
}

/// In the place of the row that has left the list stands why.
pub(super) fn with_gone(mut rows: Vec<Row>, model: &Model, list: &str) -> Vec<Row> {
    if let Some(gone) = model.content.gone.as_ref().filter(|gone| gone.list == list) {
        let cells = vec![("done", gone.message.clone())];
        let row = Row { id: gone.message.clone(), cells, gone: true, ..Row::default() };
        rows.insert(gone.index.min(rows.len()), row);
    }
    rows
}
