//! The open reset links on the admin page.

use hallpass_contract::path;

use super::task::{Part, Task};
use super::turn::Turn;
use crate::api::{Answer, Method, expect_status};
use crate::text::name;

/// The list of open reset links.
const LIST: &str = "resets";

/// The key of a note about the reset link of this user. The user's own row has another key.
pub(crate) fn about_reset(id: &str) -> String {
    [LIST, "/", id].concat()
}

impl Turn<'_> {
    pub(super) fn withdraw_reset(&mut self, id: String) {
        let listed = self.model.content.resets.iter().flatten().any(|it| it.user.id == id);
        if listed && !self.model.is_row_busy(&id) {
            self.clear_notes();
            let path = path::ADMIN_USER_RESET.replace("{id}", &id);
            self.call(Method::Delete, path, None, Task::WithdrawReset(id));
        }
    }

    /// A link that is no longer open need not be withdrawn, but it may have been used.
    pub(super) fn reset_withdrawn(&mut self, id: &str, answer: &Answer) {
        match expect_status(answer, 204) {
            Ok(_) => self.reset_is_gone(id, " is withdrawn."),
            Err(fault) if fault.status == 404 => {
                self.reset_is_gone(id, " was not open any more.");
            }
            Err(fault) if fault.status == 403 => self.forbid(),
            Err(fault) => self.note_fault(about_reset(id), fault),
        }
    }

    fn reset_is_gone(&mut self, id: &str, what: &str) {
        let Some(resets) = &mut self.model.content.resets else { return };
        if let Some(index) = resets.iter().position(|reset| reset.user.id == id) {
            let user = resets.remove(index).user;
            let message = ["The reset link for ", &name(&user.username), what].concat();
            self.note_gone(LIST, index, message);
        }
        self.reload_resets();
    }

    /// The list has changed. A request for it that is under way may bring the old list, so it is
    /// dropped. The rows stay until the new list is there.
    pub(super) fn reload_resets(&mut self) {
        self.model.content.resets_are_old = true;
        self.model.pending.retain(|it| !matches!(it.task, Task::Load(Part::Resets)));
        self.load(Part::Resets);
    }
}
