//! Requests under way, and what becomes of their answers.

use hallpass_contract::{Credentials, Secret};

use super::field::Form;
use crate::api::{Method, RequestId};
use crate::session::Seconds;

/// A request whose answer the page waits for. It is dropped when the page is left or the session
/// ends. An answer that comes later is ignored.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) flight: Flight,
    pub(super) task: Task,
    pub(super) since: Seconds,
}

/// How far the request has come.
#[derive(Debug)]
pub(super) enum Flight {
    /// It waits for a token that is not about to end.
    Waiting(Call),
    /// It waits for the answer to a sign-out: a path and a body.
    Held(&'static str, Option<Secret>),
    /// It was sent. A call with a token can be repeated once.
    Sent(RequestId, Option<Call>),
}

/// A request with the token.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Secret>,
    /// The token that it was sent with.
    pub(super) token: Option<Secret>,
    /// It was refused once, and has been repeated with another token.
    pub(super) repeated: bool,
}

/// How far the renewal of the token has come, and which token it is to replace.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) enum Refresh {
    /// Nothing is under way.
    #[default]
    Idle,
    /// This tab waits for the lock since then. Another tab may be renewing the token.
    Locking(Secret, Seconds),
    /// The server has been asked.
    Sent(RequestId, Secret),
}

/// What a request was sent for.
#[derive(Debug)]
pub(super) enum Task {
    Login,
    Reset,
    /// The credentials sign the new user in; they live no longer than this request.
    Register(Credentials),
    /// The sign-in that follows a registration as this user. The account may have been made by
    /// an earlier try, or by somebody else.
    FirstLogin {
        username: String,
        made: bool,
    },
    Load(Part),
    EndSession(String),
    EndOtherSessions,
    /// With the current password, which also confirms the login if it is too old.
    ChangePassword(Secret),
    DeleteAccount,
    Reauthenticate,
    PatchUser(String),
    EndUserSessions(String),
    OfferReset(String),
    WithdrawReset(String),
}

/// What is loaded for a page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Protected,
    Profile,
    Sessions,
    Users,
    Resets,
    /// Whether the server still takes the session, before another application's page is loaded.
    Onward,
}

impl Task {
    /// The form that waits for it.
    pub(super) fn form(&self) -> Option<Form> {
        match self {
            Self::Login => Some(Form::Login),
            Self::Register(_) | Self::FirstLogin { .. } => Some(Form::Register),
            Self::Reset => Some(Form::Reset),
            Self::ChangePassword(_) => Some(Form::Password),
            Self::DeleteAccount => Some(Form::Delete),
            Self::Reauthenticate => Some(Form::Fresh),
            _ => None,
        }
    }

    /// The row of a list that waits for it.
    pub(super) fn row(&self) -> Option<&str> {
        match self {
            Self::EndSession(id)
            | Self::PatchUser(id)
            | Self::EndUserSessions(id)
            | Self::OfferReset(id)
            | Self::WithdrawReset(id) => Some(id),
            _ => None,
        }
    }
}

/// Calls that the server takes only after a recent login; they go on once the password was given.
#[derive(Debug)]
pub(super) struct Prompt {
    pub(super) waiting: Vec<(Call, Task)>,
    /// The person is asked. Otherwise the form under way has the password.
    pub(super) asks: bool,
}
