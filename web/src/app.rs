//! The application: what happened, what is so, and what to do about it. Pure: the clock, the
//! storage, the network and the page are events that come in and effects that go out.

mod forms;
mod model;
mod navigation;
mod refresh;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use hallpass_contract::{Secret, path};

use crate::api::{Answer, Fault, Method, Request, RequestId, expect};
use crate::route::Route;
use crate::session::{Seconds, Stored};
pub use model::{Content, FormState, Model};
use model::{Flight, Pending, Task};

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// The page has loaded, at this path with its fragment.
    Started(String, Stored),
    /// Somebody followed a link to a page of ours.
    Followed(String, Stored),
    /// Somebody went back or forward, or within the page, to this path with its fragment.
    Traversed(String, Stored),
    /// The stored session may not be the one in memory: another tab has written.
    StorageChanged(Stored),
    /// The token could not be saved.
    StorageFailed,
    /// A form was submitted with this username and password.
    Submitted(Form, String, Secret),
    /// Somebody typed into a field.
    Edited(Form, Field),
    /// The password is to be shown, or hidden again.
    PasswordToggled,
    /// The sign-out button.
    SignOut,
    /// The try-again button of a page that could not load its content.
    Retry,
    /// A request came to its end.
    Answered(RequestId, Answer),
    /// The lock of [`Effect::Lock`] is held; this is stored by now.
    Locked(Stored),
    /// The time of [`Effect::Wake`] has come; this is stored by now.
    Woke(Stored),
}

/// Something for the shell to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Add this path to the history.
    Push(String),
    /// Put this path in the place of the current one.
    Replace(String),
    /// Send a request and answer with [`Event::Answered`].
    Send(Request),
    /// Store the token and the clock offset; [`Event::StorageFailed`] if that cannot be done.
    Save(Secret, Seconds),
    /// Remove the stored token; if one is named, only that one and not its successor from
    /// another tab.
    Forget(Option<Secret>),
    /// Wait for the lock that all tabs share, hold it, and answer with [`Event::Locked`].
    Lock,
    /// Let go of the lock.
    Unlock,
    /// Answer with [`Event::Woke`] after so many seconds, and forget what was asked before.
    Wake(Seconds),
    /// Move the focus to the heading of the view.
    FocusHeading,
    /// Move the focus within a form.
    Focus(Form, Control),
    /// Empty the password fields.
    ClearPasswords,
    /// Write a username into a form.
    FillUsername(Form, String),
}

/// The forms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// `#login-form`
    Login,
    /// `#register-form`
    Register,
    /// `#reset-form`
    Reset,
}

/// The fields of the forms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Field {
    /// `username`
    Username,
    /// `password`
    Password,
}

/// What can have the focus in a form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Control {
    /// A field.
    Field(Field),
    /// The button.
    Submit,
}

/// Says what follows from an event at the time `now`.
pub fn update(event: Event, now: Seconds, model: &mut Model) -> Vec<Effect> {
    let mut turn = Turn { model, now, session_ended: false, effects: Vec::new() };
    match event {
        Event::Started(target, stored) => turn.start(&target, stored),
        Event::Followed(target, stored) => turn.follow(target, stored),
        Event::Traversed(target, stored) => turn.traverse(&target, stored),
        Event::StorageChanged(stored) => turn.storage_changed(stored),
        Event::StorageFailed => turn.storage_failed(),
        Event::Submitted(form, username, password) => turn.submit(form, &username, password),
        Event::Edited(form, field) => turn.edited(form, field),
        Event::PasswordToggled => turn.model.form.show_password ^= true,
        Event::SignOut => turn.sign_out(),
        Event::Retry => turn.retry(),
        Event::Answered(id, answer) => turn.answered(id, &answer),
        Event::Locked(stored) => turn.locked(stored),
        Event::Woke(stored) => turn.woke(stored),
    }
    turn.keep_alive();
    turn.effects
}

/// One call of [`update`] while it makes up its mind.
struct Turn<'a> {
    model: &'a mut Model,
    now: Seconds,
    /// A session was found to be over in this turn.
    session_ended: bool,
    effects: Vec<Effect>,
}

impl Turn<'_> {
    /// A request of anyone.
    fn send(&mut self, method: Method, path: &'static str, body: Option<Secret>) -> RequestId {
        self.send_request(method, path, body, None)
    }

    /// A request of the signed-in user.
    fn send_with_token(&mut self, method: Method, path: &'static str) -> RequestId {
        let token = self.model.session.as_ref().map(|session| session.token.clone());
        self.send_request(method, path, None, token)
    }

    fn send_request(
        &mut self,
        method: Method,
        path: &'static str,
        body: Option<Secret>,
        token: Option<Secret>,
    ) -> RequestId {
        self.model.last_request = self.model.last_request.wrapping_add(1);
        let id = self.model.last_request;
        self.effects.push(Effect::Send(Request { id, method, path, body, token }));
        id
    }

    fn load_config(&mut self) {
        if self.model.config.is_none() && self.model.config_request.is_none() {
            self.model.config_request = Some(self.send(Method::Get, path::CONFIG, None));
        }
    }

    fn load_content(&mut self) {
        self.model.content = Content::Loading;
        self.call(Method::Get, path::PROTECTED, Task::Content);
    }

    fn retry(&mut self) {
        if self.model.route == Route::Protected && self.model.pending.is_none() {
            self.load_content();
            self.effects.push(Effect::FocusHeading);
        }
    }

    fn answered(&mut self, id: RequestId, answer: &Answer) {
        if self.model.config_request == Some(id) {
            self.model.config_request = None;
            self.model.config = expect(answer, 200).ok();
            return;
        }
        if self.refresh_answered(id, answer) {
            return;
        }
        let awaited =
            |pending: &mut Pending| matches!(pending.flight, Flight::Sent(sent, _) if sent == id);
        let Some(Pending { flight: Flight::Sent(_, call), task }) =
            self.model.pending.take_if(awaited)
        else {
            return;
        };
        let refused = answer.as_ref().is_some_and(|reply| reply.status == 401);
        let task = match if refused { self.try_again(call, task) } else { Err(task) } {
            Ok(()) => return,
            Err(task) => task,
        };
        match task {
            Task::Login => self.login_answered(answer),
            Task::Register(credentials) => self.register_answered(answer, credentials),
            Task::Reset => self.reset_answered(answer),
            Task::FirstLogin(username) => self.first_login_answered(answer, username),
            Task::Content => self.content_answered(answer),
        }
    }

    fn content_answered(&mut self, answer: &Answer) {
        match expect(answer, 200) {
            Ok(protected) => self.model.content = Content::Shown(protected),
            Err(Fault { status: 401, .. }) => self.session_refused(),
            Err(fault) => self.model.content = Content::Failed(fault.message),
        }
    }
}
