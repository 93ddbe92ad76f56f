//! The account page: sessions elsewhere, the password, and the end of the account.

use hallpass_contract::{PasswordChange, path};

use super::event::Effect;
use super::field::{Control, Form, Input};
use super::model::FormState;
use super::task::Task;
use super::turn::Turn;
use crate::api::{Answer, Method, expect_status, json_body};

pub(super) const SESSION_OVER: &str = "That session is signed out.";
pub(super) const OTHERS_OVER: &str = "All your other sessions are signed out.";
pub(super) const PASSWORD_CHANGED: &str =
    "Your password is changed, and all your other sessions are signed out.";
pub(super) const ACCOUNT_DELETED: &str = "Your account is deleted.";

/// The list of sessions.
const LIST: &str = "sessions";

impl Turn<'_> {
    pub(super) fn end_session_of(&mut self, id: String) {
        let listed = self.model.content.sessions.iter().flatten().any(|session| session.id == id);
        if listed && !self.model.is_row_busy(&id) {
            self.clear_notes();
            let path = path::SESSION.replace("{id}", &id);
            self.call(Method::Delete, path, None, Task::EndSession(id));
        }
    }

    /// One that is not there any more is as good as ended.
    pub(super) fn session_ended_answered(&mut self, id: &str, answer: &Answer) {
        match expect_status(answer, 204) {
            Err(fault) if fault.status != 404 => self.note_fault(id.to_owned(), fault),
            _ => {
                let Some(sessions) = &mut self.model.content.sessions else { return };
                if let Some(index) = sessions.iter().position(|session| session.id == id) {
                    sessions.remove(index);
                    self.note_gone(LIST, index, SESSION_OVER.to_owned());
                }
            }
        }
    }

    pub(super) fn end_other_sessions(&mut self) {
        if self.model.content.sessions.is_some() && !self.model.is_ending_others() {
            self.clear_notes();
            self.call(Method::Delete, path::SESSIONS, None, Task::EndOtherSessions);
        }
    }

    pub(super) fn others_ended_answered(&mut self, answer: &Answer) {
        match expect_status(answer, 204) {
            Ok(_) => {
                self.only_this_session();
                self.note_done(LIST, OTHERS_OVER.to_owned());
                self.effects.push(Effect::FocusAnswer(LIST));
            }
            Err(fault) => self.note_fault(LIST.to_owned(), fault),
        }
    }

    fn only_this_session(&mut self) {
        let sessions = self.model.content.sessions.iter_mut();
        sessions.for_each(|sessions| sessions.retain(|session| session.current));
    }

    pub(super) fn change_password(&mut self, input: Input) {
        let current = input.current.clone();
        let body = json_body(&PasswordChange {
            current_password: input.current,
            new_password: input.password,
        });
        self.call(Method::Post, path::PASSWORD, body, Task::ChangePassword(current));
    }

    pub(super) fn password_answered(&mut self, answer: &Answer) {
        match expect_status(answer, 204) {
            Ok(_) => {
                let done = PASSWORD_CHANGED.to_owned();
                *self.model.form_mut(Form::Password) = FormState { done, ..FormState::default() };
                self.effects.push(Effect::ClearPasswords(Some(Form::Password)));
                self.effects.push(Effect::Focus(Form::Password, Control::Submit));
                self.only_this_session();
            }
            Err(fault) => {
                self.remember_if_lost(Form::Password, "", &fault);
                self.show_fault(Form::Password, fault);
            }
        }
    }

    pub(super) fn delete_account(&mut self) {
        self.call(Method::Delete, path::ME, None, Task::DeleteAccount);
    }

    pub(super) fn deletion_answered(&mut self, answer: &Answer) {
        match expect_status(answer, 204) {
            Ok(_) => {
                self.model.session = None;
                self.effects.push(Effect::Forget(None));
                self.go_home();
                ACCOUNT_DELETED.clone_into(&mut self.model.notice);
            }
            Err(fault) => {
                self.remember_if_lost(Form::Delete, "", &fault);
                self.show_fault(Form::Delete, fault);
            }
        }
    }
}
