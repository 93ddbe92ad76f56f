//! Actions that take a recent login. If the login is too old, the person is asked for the password,
//! and the action goes on by itself.

use hallpass_contract::{FieldError, Reauthentication, Secret, kind, path};

use super::event::Effect;
use super::field::{Control, Field, Form};
use super::forms;
use super::model::FormState;
use super::task::{Call, Prompt, Task};
use super::turn::Turn;
use crate::api::{Answer, Fault, Method, Reply, json_body};
use crate::route::Route;

pub(super) const WRONG_PASSWORD: &str = "That is not your password.";

impl Turn<'_> {
    /// The login is too old for this call. Whoever has just typed the password is not asked again.
    pub(super) fn ask_password(&mut self, call: Call, task: Task) {
        if let Some(prompt) = &mut self.model.prompt {
            return prompt.waiting.push((call, task));
        }
        match task {
            Task::ChangePassword(current) if !current.expose().is_empty() => {
                // Should the server object once more, the person is asked.
                let task = Task::ChangePassword(Secret::from(""));
                self.model.prompt = Some(Prompt { waiting: vec![(call, task)], asks: false });
                self.reauthenticate(current);
            }
            task => self.prompt_for(vec![(call, task)]),
        }
    }

    /// Asks for the password, unless the person is being asked: what waits for the answer goes on
    /// waiting.
    pub(super) fn prompt_unless_open(&mut self) {
        if self.model.prompt.is_none() {
            self.prompt_for(Vec::new());
        }
    }

    fn prompt_for(&mut self, waiting: Vec<(Call, Task)>) {
        self.model.prompt = Some(Prompt { waiting, asks: true });
        *self.model.form_mut(Form::Fresh) = FormState::default();
        self.effects.push(Effect::Focus(Form::Fresh, Control::Field(Field::Password)));
    }

    pub(super) fn reauthenticate(&mut self, password: Secret) {
        let body = json_body(&Reauthentication { password: Some(password), ..Default::default() });
        self.call(Method::Post, path::REAUTHENTICATE, body, Task::Reauthenticate);
    }

    /// Sends what a passkey has signed: in the place of the password that the person is asked for,
    /// or to sign in.
    pub(super) fn show_passkey(&mut self, body: String) {
        let body = Some(Secret::from(body));
        if self.model.asks_for_password() {
            self.call(Method::Post, path::REAUTHENTICATE, body, Task::Reauthenticate);
        } else if matches!(self.model.route, Route::Login(_)) && !self.model.is_busy(Form::Login) {
            self.post(path::PASSKEY_LOGIN, body, Task::Login);
        }
    }

    pub(super) fn reauthenticated(&mut self, answer: &Answer) {
        let Some(prompt) = self.model.prompt.take() else { return };
        match forms::started(answer, self.now) {
            Ok(session) => {
                self.keep(session);
                self.effects.push(Effect::ClearPasswords(Some(Form::Fresh)));
                for (call, task) in prompt.waiting {
                    self.send_call(Call { repeated: false, ..call }, task);
                }
            }
            Err(fault) if prompt.asks => {
                self.model.prompt = Some(prompt);
                self.refused(Form::Fresh, in_own_words(answer, fault, "password"));
            }
            Err(fault) => {
                let fault = in_own_words(answer, fault, "current_password");
                self.show_fault(Form::Password, fault);
                let others = prompt.waiting.into_iter();
                let others: Vec<_> =
                    others.filter(|(_, task)| !matches!(task, Task::ChangePassword(_))).collect();
                if !others.is_empty() {
                    self.prompt_for(others);
                }
            }
        }
    }

    /// Drops the actions that wait. What is typed elsewhere on the page stays.
    pub(super) fn cancel_prompt(&mut self) {
        let Some(prompt) = self.model.prompt.take_if(|prompt| prompt.asks) else { return };
        let asked = |task: &Task| matches!(task, Task::Reauthenticate);
        self.model.pending.retain(|pending| !asked(&pending.task));
        self.effects.push(Effect::ClearPasswords(Some(Form::Fresh)));
        // Its button was disabled when the dialog came, so the browser can't give the focus back.
        if let Some(form) = prompt.waiting.iter().find_map(|(_, task)| task.form()) {
            self.effects.push(Effect::Focus(form, Control::Submit));
        }
    }
}

/// The server's message speaks of name or password. Here only the password can be wrong, or a
/// passkey.
fn in_own_words(answer: &Answer, fault: Fault, field: &str) -> Fault {
    let problem = answer.as_ref().and_then(Reply::problem);
    let of_password = problem.is_some_and(|problem| {
        problem.kind == kind::INVALID_CREDENTIALS && !problem.detail.contains("passkey")
    });
    if !of_password {
        return fault;
    }
    let error = FieldError { field: field.to_owned(), message: WRONG_PASSWORD.to_owned() };
    Fault { message: String::new(), fields: vec![error], ..fault }
}
