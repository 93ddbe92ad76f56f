//! The forms: what is missing in them, what is sent, and what the answer says about which field.

use hallpass_contract::{Credentials, FieldError, PasswordReset, Secret, UserBody, path};

use super::event::Effect;
use super::field::{Control, Field, Form, Input};
use super::lost::{PERHAPS_MADE, PERHAPS_SET};
use super::model::FormState;
use super::model::Typed;
use super::task::Task;
use super::turn::Turn;
use crate::api::{Answer, Fault, expect, expect_status, json_body, not_understood};
use crate::route::{Route, login_path};
use crate::session::{Seconds, Session, Started};
use crate::text;

pub(super) const ACCOUNT_READY: &str = "Your account is ready and you are signed in.";
pub(super) const PASSWORD_SET: &str = "Your new password is saved. Sign in with it.";
pub(super) const PASSWORD_SAVED: &str = "The new password is saved.";
pub(super) const ACCOUNT_MADE: &str = "Your account has been created. Sign in to go on.";

impl Turn<'_> {
    /// Ignored while an answer is awaited: the second half of a double click finds the form busy.
    pub(super) fn submit(&mut self, form: Form, mut input: Input) {
        if !self.is_shown(form) || self.model.is_busy(form) {
            return;
        }
        self.model.notice.clear();
        // A phone's keyboard leaves a space behind the word that it completes.
        input.username = input.username.trim().to_owned();
        let missing = self.missing_fields(form, &input);
        self.say(form, missing);
        if let Some(field) = first_invalid(self.model.form(form)) {
            return self.effects.push(Effect::Focus(form, Control::Field(field)));
        }
        let Input { username, password, .. } = input;
        match form {
            Form::Login => self.post_credentials(path::LOGIN, username, password, |_| Task::Login),
            Form::Register => {
                self.post_credentials(path::REGISTER, username, password, Task::Register);
            }
            Form::Reset => {
                let token = self.model.reset_token.clone();
                let body = json_body(&PasswordReset { token, new_password: password });
                self.post(path::PASSWORD_RESET, body, Task::Reset);
            }
            Form::Password => self.change_password(Input { username, password, ..input }),
            Form::Delete => self.delete_account(),
            Form::Fresh => self.reauthenticate(password),
        }
    }

    fn post_credentials(
        &mut self,
        path: &'static str,
        username: String,
        password: Secret,
        task: impl FnOnce(Credentials) -> Task,
    ) {
        let credentials = Credentials { username, password };
        let body = json_body(&credentials);
        self.post(path, body, task(credentials));
    }

    pub(super) fn edited(&mut self, form: Form, field: Field, input: &Input) {
        if !self.is_shown(form) {
            return;
        }
        let username = match form {
            Form::Password => self.model.session.as_ref().map(|session| session.username.clone()),
            _ => Some(input.username.clone()),
        };
        let typed = typed(&input.password, username.as_deref().unwrap_or_default());
        let form = self.model.form_mut(form);
        form.typed = typed;
        match field {
            Field::Username => form.username_error.clear(),
            Field::Password => form.password_error.clear(),
            Field::Current => form.current_error.clear(),
        }
    }

    pub(super) fn login_answered(&mut self, answer: &Answer) {
        match started(answer, self.now) {
            Ok(session) => self.signed_in(session),
            Err(fault) => self.refused(Form::Login, fault),
        }
    }

    pub(super) fn reset_answered(&mut self, answer: &Answer) {
        match expect_status(answer, 204) {
            Ok(_) if self.model.session.is_some() => self.leave_reset(PASSWORD_SAVED),
            Ok(_) => self.leave_reset(PASSWORD_SET),
            Err(fault) => {
                let refused = fault.fields.iter().any(|error| error.field == "token");
                if refused && self.was_lost(Form::Reset, "") {
                    return self.leave_reset(PERHAPS_SET);
                }
                self.remember_if_lost(Form::Reset, "", &fault);
                self.show_fault(Form::Reset, fault);
            }
        }
    }

    fn leave_reset(&mut self, notice: &str) {
        if self.model.session.is_some() {
            // Perhaps it was another account's. If it was this one's, its session is over.
            self.replace(self.home());
            self.begin_refresh();
        } else {
            self.replace(login_path(&self.model.device.base, None));
        }
        notice.clone_into(&mut self.model.notice);
    }

    pub(super) fn register_answered(&mut self, answer: &Answer, credentials: Credentials) {
        match expect::<UserBody>(answer, 201) {
            Ok(_) => self.first_login(credentials, true),
            Err(fault) => {
                let name = &credentials.username;
                if fault.status == 409 && self.was_lost(Form::Register, name) {
                    return self.first_login(credentials, false);
                }
                self.remember_if_lost(Form::Register, name, &fault);
                self.show_fault(Form::Register, fault);
            }
        }
    }

    fn first_login(&mut self, credentials: Credentials, made: bool) {
        let body = json_body(&credentials);
        let Credentials { username, .. } = credentials;
        self.post(path::LOGIN, body, Task::FirstLogin { username, made });
    }

    /// The account exists, whatever the answer. So a failure is one of signing in.
    pub(super) fn first_login_answered(&mut self, answer: &Answer, username: String, made: bool) {
        match started(answer, self.now) {
            Ok(session) => {
                self.signed_in(session);
                let lasts = std::mem::take(&mut self.model.notice);
                self.model.notice = [ACCOUNT_READY, " ", &lasts].concat().trim_end().to_owned();
            }
            Err(fault) => {
                let base = &self.model.device.base;
                self.replace(login_path(base, self.model.route.next()));
                let notice = if made { ACCOUNT_MADE } else { PERHAPS_MADE };
                notice.clone_into(&mut self.model.notice);
                self.effects.push(Effect::FillUsername(Form::Login, username));
                self.show_fault(Form::Login, fault);
            }
        }
    }

    fn is_shown(&self, form: Form) -> bool {
        match form {
            Form::Login => matches!(self.model.route, Route::Login(_)),
            Form::Register => matches!(self.model.route, Route::Register(_)),
            Form::Reset => self.model.route == Route::ResetPassword && self.model.has_reset_token(),
            Form::Password | Form::Delete => self.model.route == Route::Account,
            Form::Fresh => self.model.asks_for_password(),
        }
    }

    fn missing_fields(&self, form: Form, input: &Input) -> FormState {
        let mut missing = FormState::default();
        match form {
            Form::Login | Form::Register if input.username.is_empty() => {
                "Enter a username.".clone_into(&mut missing.username_error);
            }
            Form::Delete => {
                let name = self.model.session.as_ref().map(|session| session.username.as_str());
                if name != Some(input.username.as_str()) {
                    missing.username_error =
                        ["Type “", &text::name(name.unwrap_or_default()), "” to go on."].concat();
                }
                return missing;
            }
            _ => {}
        }
        if form == Form::Password && input.current.expose().is_empty() {
            "Enter your current password.".clone_into(&mut missing.current_error);
        }
        if input.password.expose().is_empty() {
            "Enter a password.".clone_into(&mut missing.password_error);
        }
        missing
    }

    /// A password was wrong: what is left to do is to type it again.
    pub(super) fn refused(&mut self, form: Form, fault: Fault) {
        let refused = fault.status == 401;
        self.show_fault(form, fault);
        if refused {
            self.model.form_mut(form).typed = Typed::default();
            self.effects.push(Effect::ClearPasswords(Some(form)));
            self.effects.push(Effect::Focus(form, Control::Field(Field::Password)));
        }
    }

    /// The focus goes to what needs attention; the button has lost it by being disabled.
    pub(super) fn show_fault(&mut self, form: Form, mut fault: Fault) {
        self.explain_lost(form, &mut fault);
        let retry_at = self.retry_at(&fault);
        let state = form_state(form, fault, retry_at);
        let control = first_invalid(&state).map_or(Control::Submit, Control::Field);
        self.say(form, state);
        self.effects.push(Effect::Focus(form, control));
    }

    /// Replaces the form's messages. What is typed stays.
    fn say(&mut self, form: Form, state: FormState) {
        let form = self.model.form_mut(form);
        *form = FormState { typed: form.typed, ..state };
    }
}

pub(super) fn started(answer: &Answer, now: Seconds) -> Result<Session, Fault> {
    let login: Started = expect(answer, 200)?;
    Session::start(&login, now).ok_or_else(|| not_understood(200))
}

fn typed(password: &Secret, username: &str) -> Typed {
    let password = password.expose();
    // ASCII alone: Unicode's lower case is 12 KB of tables. The server has them, and decides.
    let (name, text) = (username.trim().to_ascii_lowercase(), password.to_ascii_lowercase());
    let names_user = name.len() >= 3 && text.contains(&name);
    Typed { chars: password.chars().count(), names_user }
}

/// A message about a field that the form does not show stands above the form.
fn form_state(form: Form, fault: Fault, retry_at: Option<Seconds>) -> FormState {
    let mut state = FormState { alert: fault.message, retry_at, ..FormState::default() };
    for FieldError { field, message } in &fault.fields {
        let place = match (field.as_str(), form) {
            ("username", Form::Login | Form::Register | Form::Delete) => &mut state.username_error,
            (_, Form::Delete) => &mut state.alert,
            ("password" | "new_password", _) => &mut state.password_error,
            ("current_password", Form::Password) => &mut state.current_error,
            _ => &mut state.alert,
        };
        if !place.is_empty() {
            place.push(' ');
        }
        place.push_str(message);
    }
    state
}

fn first_invalid(form: &FormState) -> Option<Field> {
    let errors = [
        (&form.username_error, Field::Username),
        (&form.current_error, Field::Current),
        (&form.password_error, Field::Password),
    ];
    errors.into_iter().find(|(error, _)| !error.is_empty()).map(|(_, field)| field)
}
