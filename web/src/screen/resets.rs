//! The rows of the open reset links.

use super::parts::Row;
use super::rows::{note_cells, with_gone};
use super::words;
use crate::app::{Model, about_reset};

pub(super) fn rows(model: &Model) -> Vec<Row> {
    let resets = model.content.resets.iter().flatten();
    let rows = resets.map(|reset| {
        let id = &reset.user.id;
        let mut cells = vec![
            ("name", reset.user.username.clone()),
            ("by", reset.by.username.clone()),
            ("made", reset.created_at.clone()),
            ("made-ago", words::relative(model, &reset.created_at)),
            ("until", reset.expires_at.clone()),
            ("until-in", words::relative(model, &reset.expires_at)),
        ];
        cells.extend(note_cells(model, &about_reset(id)));
        Row { id: id.clone(), cells, busy: model.is_row_busy(id), ..Row::default() }
    });
    with_gone(rows.collect(), model, "resets")
}
