//! The application: what happened, what is so, and what to do about it. Pure: the clock, the
//! storage, the network and the page are events that come in and effects that go out.

mod account;
mod action;
mod admin;
mod calls;
mod connection;
mod device;
mod foreign;
mod forms;
mod freshness;
mod lost;
mod model;
mod navigation;
mod notes;
mod refresh;
mod resets;
mod sign_out;
mod task;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use hallpass_contract::Secret;

use crate::api::{Answer, Request, RequestId};
use crate::interceptor::Url;
use crate::session::{Seconds, Stored};
pub use action::Action;
pub use device::{Cookies, Device};
pub use foreign::{FetchId, Outcome};
pub use model::{Content, Failure, FormState, Gone, Model, Note, Typed};
pub(crate) use resets::about_reset;

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
    /// A form was submitted.
    Submitted(Form, Input),
    /// Somebody typed into a field; this is in the form now.
    Edited(Form, Field, Input),
    /// The roles of the user with this id are to be those of the text.
    RolesSubmitted(String, String),
    /// A button was pressed.
    Pressed(Action),
    /// A request came to its end.
    Answered(RequestId, Answer),
    /// The lock of [`Effect::Lock`] is held; this is stored by now.
    Locked(Stored),
    /// The time of [`Effect::Wake`] has come; this is stored by now.
    Woke(Stored),
    /// A sign-out is owed to the server, as the storage says; this is stored by now.
    SignOutOwed(Stored),
    /// The browser has found the network, or lost it.
    Online(bool),
    /// A script of the page wants to call this address as the signed-in user.
    FetchAsked(FetchId, Url),
    /// What came of such a call.
    Fetched(FetchId, Outcome),
}

/// Something for the shell to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Add this path to the history.
    Push(String),
    /// Put this path in the place of the current one.
    Replace(String),
    /// Load this page, which is not ours, in the place of this one.
    Load(String),
    /// Send a request and answer with [`Event::Answered`].
    Send(Request),
    /// Send the request of a script with this token, if any, and answer with [`Event::Fetched`].
    Fetch(FetchId, Option<Secret>),
    /// Give the script the last answer to its request.
    Deliver(FetchId),
    /// Store the token and the clock offset; [`Event::StorageFailed`] if that cannot be done.
    Save(Secret, Seconds),
    /// Store the clock offset alone.
    SaveClock(Seconds),
    /// Remove the stored token; if one is named, only that one and not its successor from
    /// another tab.
    Forget(Option<Secret>),
    /// Mark in the storage that a sign-out is owed to the server, or that none is.
    OweSignOut(bool),
    /// Wait for the lock that all tabs share, hold it, and answer with [`Event::Locked`].
    Lock,
    /// Let go of the lock.
    Unlock,
    /// Answer with [`Event::Woke`] after so many seconds, and forget what was asked before.
    Wake(Seconds),
    /// Move the focus to the heading of the view.
    FocusHeading,
    /// Move the focus to what came of the last action in this list, after the row or the button
    /// that had it went.
    FocusAnswer(&'static str),
    /// Move the focus within a form.
    Focus(Form, Control),
    /// Empty the password fields, of one form; or of all, and what confirms a deletion.
    ClearPasswords(Option<Form>),
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
    /// `#password-form` of the account page.
    Password,
    /// `#delete-form` of the account page.
    Delete,
    /// `#fresh-form` of the dialog that asks for the password again.
    Fresh,
}

/// All forms, in the order of their numbers.
pub const FORMS: [Form; 6] =
    [Form::Login, Form::Register, Form::Reset, Form::Password, Form::Delete, Form::Fresh];

/// The fields of the forms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Field {
    /// `username`
    Username,
    /// `password`
    Password,
    /// `current_password`
    Current,
}

/// What is in a form's fields; empty where it has no such field.
#[derive(Clone, Debug)]
pub struct Input {
    /// `username`
    pub username: String,
    /// `password`
    pub password: Secret,
    /// `current_password`
    pub current: Secret,
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
    model.now = now;
    let mut turn = Turn { model, now, session_ended: false, effects: Vec::new() };
    match event {
        Event::Started(target, stored) => turn.start(&target, stored),
        Event::Followed(target, stored) => turn.follow(target, stored),
        Event::Traversed(target, stored) => turn.traverse(&target, stored),
        Event::StorageChanged(stored) => turn.storage_changed(stored),
        Event::StorageFailed => turn.storage_failed(),
        Event::Submitted(form, input) => turn.submit(form, input),
        Event::Edited(form, field, input) => turn.edited(form, field, &input),
        Event::RolesSubmitted(id, roles) => turn.set_roles(id, &roles),
        Event::Pressed(action) => turn.pressed(action),
        Event::Answered(id, answer) => turn.answered(id, &answer),
        Event::Locked(stored) => turn.locked(stored),
        Event::Woke(stored) => turn.woke(stored),
        Event::SignOutOwed(stored) => turn.sign_out_owed(stored),
        Event::Online(online) => turn.online(online),
        Event::FetchAsked(id, url) => turn.fetch_asked(id, url),
        Event::Fetched(id, outcome) => turn.fetched(id, &outcome),
    }
    turn.plan_ahead();
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
    fn pressed(&mut self, action: Action) {
        match action {
            Action::SignOut => self.sign_out(),
            Action::TogglePassword(form) => self.model.form_mut(form).show_password ^= true,
            Action::Retry => self.retry(),
            Action::Cancel => self.cancel_prompt(),
            Action::EndSession(id) => self.end_session_of(id),
            Action::EndOtherSessions => self.end_other_sessions(),
            Action::Disable(id) => self.disable(id, true),
            Action::Enable(id) => self.disable(id, false),
            Action::EndUserSessions(id) => self.end_sessions_of_user(id),
            Action::OfferReset(id) => self.offer_reset(id),
            Action::WithdrawReset(id) => self.withdraw_reset(id),
        }
    }
}
