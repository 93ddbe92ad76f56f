//! Answers that were lost. The server may have done what was asked. If it refuses the next try, the
//! first one may have come through.

use hallpass_contract::FieldError;

use super::field::Form;
use super::model::Lost;
use super::turn::Turn;
use crate::api::Fault;

pub(super) const PERHAPS_MADE: &str = "There is an account of that name by now, perhaps from your first try. If it is yours, sign in with the password that you gave it.";
pub(super) const PERHAPS_SET: &str =
    "This link is used up, perhaps by your first try. Sign in with the new password.";
pub(super) const PERHAPS_CHANGED: &str =
    "If your first try came through, the new password is the current one by now.";
pub(super) const PERHAPS_DELETED: &str =
    "Your session has ended, perhaps because your account is deleted by now.";

impl Turn<'_> {
    /// Remembers a request that may have come through, until the page is left.
    pub(super) fn remember_if_lost(&mut self, form: Form, username: &str, fault: &Fault) {
        if matches!(fault.status, 0 | 200..=299 | 500 | 502..=504) && !fault.overloaded {
            self.model.lost = Some(Lost { form, username: username.to_owned() });
        }
    }

    /// Whether the answer to an earlier try of this form was lost.
    pub(super) fn was_lost(&self, form: Form, username: &str) -> bool {
        let lost = self.model.lost.as_ref();
        lost.is_some_and(|lost| lost.form == form && lost.username == username)
    }

    /// A password that was changed by a lost try is wrong in the next one.
    pub(super) fn explain_lost(&self, form: Form, fault: &mut Fault) {
        if form == Form::Password && fault.status == 401 && self.was_lost(form, "") {
            let field = "current_password".to_owned();
            fault.fields.push(FieldError { field, message: PERHAPS_CHANGED.to_owned() });
        }
    }
}
