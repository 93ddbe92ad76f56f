//! Notes on what came of an action in a list. A note stands in the row, or where the row was.

use super::event::Effect;
use super::model::{Gone, Note};
use super::turn::Turn;
use crate::api::Fault;

impl Turn<'_> {
    /// Another action begins: the note on the last one goes.
    pub(super) fn clear_notes(&mut self) {
        self.model.notice.clear();
        self.model.content.note = None;
        self.model.content.gone = None;
        self.model.content.reset_link = None;
    }

    /// Notes in the row of this id, or below the list of this name, what was done.
    pub(super) fn note_done(&mut self, about: &str, done: String) {
        let about = about.to_owned();
        self.model.content.note = Some(Note { about, done, ..Note::default() });
    }

    /// Notes there what went wrong.
    pub(super) fn note_fault(&mut self, about: String, fault: Fault) {
        let retry_at = self.retry_at(&fault);
        let error = fault.in_words();
        self.model.content.note = Some(Note { about, error, retry_at, ..Note::default() });
    }

    /// The row has left the list. The focus was in it, and goes to what stands in its place.
    pub(super) fn note_gone(&mut self, list: &'static str, index: usize, message: String) {
        self.model.content.gone = Some(Gone { list, index, message });
        self.effects.push(Effect::FocusAnswer(list));
    }
}
