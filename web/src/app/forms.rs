//! Registration and login.

use hallpass_contract::{Credentials, FieldError, Login, PasswordReset, Secret, UserBody, path};

use super::{Control, Effect, Field, Flight, Form, FormState, Pending, Task, Turn};
use crate::api::{
    Answer, Fault, Method, credentials_body, expect, expect_status, not_understood, reset_body,
};
use crate::route::{Route, login_path};
use crate::session::Session;

pub(super) const ACCOUNT_READY: &str = "Your account is ready and you are signed in.";
pub(super) const PASSWORD_SET: &str = "Your new password is saved. Sign in with it.";
pub(super) const ACCOUNT_MADE: &str = "Your account has been created. Sign in to go on.";

impl Turn<'_> {
    /// Ignored while an answer is awaited: the second half of a double click finds the form busy.
    pub(super) fn submit(&mut self, form: Form, username: &str, password: Secret) {
        if self.model.pending.is_some() || self.current_form() != Some(form) {
            return;
        }
        self.model.notice = "";
        // A phone's keyboard leaves a space behind the word that it completes.
        let credentials = Credentials { username: username.trim().to_owned(), password };
        self.model.form = missing_fields(form, &credentials);
        if let Some(field) = first_invalid(&self.model.form) {
            self.effects.push(Effect::Focus(form, Control::Field(field)));
            return;
        }
        let credentials_json = || credentials_body(&credentials);
        let (path, body, task) = match form {
            Form::Login => (path::LOGIN, credentials_json(), Task::Login),
            Form::Register => (path::REGISTER, credentials_json(), Task::Register(credentials)),
            Form::Reset => {
                let token = self.model.fragment.clone();
                let reset = PasswordReset { token, new_password: credentials.password };
                (path::PASSWORD_RESET, reset_body(&reset), Task::Reset)
            }
        };
        self.post(path, body, task);
    }

    pub(super) fn edited(&mut self, form: Form, field: Field) {
        if self.current_form() == Some(form) {
            match field {
                Field::Username => self.model.form.username_error.clear(),
                Field::Password => self.model.form.password_error.clear(),
            }
        }
    }

    pub(super) fn login_answered(&mut self, answer: &Answer) {
        match started(answer, self.now) {
            Ok(session) => self.signed_in(session),
            Err(fault) => {
                let refused = fault.status == 401;
                self.show_fault(Form::Login, fault);
                if refused {
                    self.effects.push(Effect::ClearPasswords);
                    let password = Control::Field(Field::Password);
                    self.effects.push(Effect::Focus(Form::Login, password));
                }
            }
        }
    }

    pub(super) fn reset_answered(&mut self, answer: &Answer) {
        match expect_status(answer, 204) {
            Ok(_) => {
                self.replace(login_path(None));
                self.model.notice = PASSWORD_SET;
            }
            Err(fault) => self.show_fault(Form::Reset, fault),
        }
    }

    pub(super) fn register_answered(&mut self, answer: &Answer, credentials: Credentials) {
        match expect::<UserBody>(answer, 201) {
            Ok(_) => {
                let body = credentials_body(&credentials);
                self.post(path::LOGIN, body, Task::FirstLogin(credentials.username));
            }
            Err(fault) => self.show_fault(Form::Register, fault),
        }
    }

    /// The account exists by now whatever the answer, so a failure is one of signing in.
    pub(super) fn first_login_answered(&mut self, answer: &Answer, username: String) {
        match started(answer, self.now) {
            Ok(session) => {
                self.signed_in(session);
                self.model.notice = ACCOUNT_READY;
            }
            Err(fault) => {
                self.replace(login_path(self.model.route.next()));
                self.model.notice = ACCOUNT_MADE;
                self.effects.push(Effect::FillUsername(Form::Login, username));
                self.show_fault(Form::Login, fault);
            }
        }
    }

    fn current_form(&self) -> Option<Form> {
        match self.model.route {
            Route::Login(_) => Some(Form::Login),
            Route::Register(_) => Some(Form::Register),
            Route::ResetPassword => Some(Form::Reset),
            Route::Home | Route::Protected | Route::NotFound => None,
        }
    }

    fn post(&mut self, path: &'static str, body: Option<Secret>, task: Task) {
        let id = self.send(Method::Post, path, body);
        self.model.pending = Some(Pending { flight: Flight::Sent(id, None), task });
    }

    /// The focus goes to what needs attention; the button has lost it by being disabled.
    pub(super) fn show_fault(&mut self, form: Form, fault: Fault) {
        self.model.form = form_state(fault);
        let control = first_invalid(&self.model.form).map_or(Control::Submit, Control::Field);
        self.effects.push(Effect::Focus(form, control));
    }
}

pub(super) fn started(answer: &Answer, now: i64) -> Result<Session, Fault> {
    let login: Login = expect(answer, 200)?;
    Session::start(&login, now).ok_or_else(|| not_understood(200))
}

fn missing_fields(form: Form, credentials: &Credentials) -> FormState {
    let asks_for_name = form != Form::Reset;
    let mut form = FormState::default();
    if asks_for_name && credentials.username.is_empty() {
        "Enter a username.".clone_into(&mut form.username_error);
    }
    if credentials.password.expose().is_empty() {
        "Enter a password.".clone_into(&mut form.password_error);
    }
    form
}

/// A message about a field that the form does not have is told for the form as a whole.
fn form_state(fault: Fault) -> FormState {
    let mut form = FormState { alert: fault.message, ..FormState::default() };
    for FieldError { field, message } in &fault.fields {
        let place = match field.as_str() {
            "username" => &mut form.username_error,
            "password" | "new_password" => &mut form.password_error,
            _ => &mut form.alert,
        };
        if !place.is_empty() {
            place.push(' ');
        }
        place.push_str(message);
    }
    form
}

fn first_invalid(form: &FormState) -> Option<Field> {
    if !form.username_error.is_empty() {
        Some(Field::Username)
    } else if !form.password_error.is_empty() {
        Some(Field::Password)
    } else {
        None
    }
}
