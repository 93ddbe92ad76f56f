//! What happens to the application, and what it has the shell do.

use hallpass_contract::Secret;

use super::action::Action;
use super::field::{Control, Field, Form, Input};
use super::script_request::{FetchId, FetchOutcome};
use crate::api::{Answer, Request, RequestId};
use crate::interceptor::Url;
use crate::session::{Seconds, Stored};

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
    Fetched(FetchId, FetchOutcome),
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
