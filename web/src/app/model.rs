//! What is so.

use hallpass_contract::{Credentials, Protected, PublicConfig, Secret};

use crate::api::{Method, RequestId};
use crate::route::Route;
use crate::session::{Seconds, Session};

/// What the current form has to say; empty strings say nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FormState {
    /// Concerns the form as a whole.
    pub alert: String,
    /// Concerns the username.
    pub username_error: String,
    /// Concerns the password.
    pub password_error: String,
    /// The password is readable.
    pub show_password: bool,
}

/// The content of the protected page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Content {
    /// Not asked for, or not here yet.
    #[default]
    Loading,
    /// What the server sent.
    Shown(Protected),
    /// Why there is none.
    Failed(String),
}

/// The request whose answer the page waits for. Whatever leaves the page or ends the session drops
/// it, so an answer that comes later finds nobody waiting.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) flight: Flight,
    pub(super) task: Task,
}

/// How far the request has come.
#[derive(Debug)]
pub(super) enum Flight {
    /// It waits for a token that is worth sending.
    Waiting(Call),
    /// Its answer is awaited. What the signed-in user calls can be called once more.
    Sent(RequestId, Option<Call>),
}

/// What is called with the token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// It was refused once already, and the token is another one since.
    pub(super) repeated: bool,
}

/// How far the renewal of the token has come. Each names the token that it is to replace.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) enum Refresh {
    /// Nothing is under way.
    #[default]
    Idle,
    /// Another tab may be at it; this one waits for its turn.
    Locking(Secret),
    /// The server has been asked.
    Sent(RequestId, Secret),
}

#[derive(Debug)]
pub(super) enum Task {
    Login,
    Reset,
    /// The credentials sign the new user in; they live no longer than this request.
    Register(Credentials),
    /// The sign-in that follows a registration as this user.
    FirstLogin(String),
    Content,
}

/// All that is so.
#[derive(Debug)]
pub struct Model {
    /// The path in the address bar.
    pub target: String,
    /// What that path names.
    pub route: Route,
    /// Who is signed in.
    pub session: Option<Session>,
    /// What the server tells every frontend, once it has.
    pub config: Option<PublicConfig>,
    /// The form of the current view.
    pub form: FormState,
    /// The content of the protected page.
    pub content: Content,
    /// What the status line says.
    pub notice: &'static str,
    /// What follows the `#` in the address; of a reset link it is the token.
    pub(super) fragment: Secret,
    pub(super) pending: Option<Pending>,
    pub(super) config_request: Option<RequestId>,
    pub(super) refresh: Refresh,
    /// After a refresh that failed, the next one waits until then.
    pub(super) refresh_not_before: Seconds,
    /// When the shell was asked to wake us.
    pub(super) wake_at: Option<Seconds>,
    /// Set when the storage has failed: memory alone knows the session until the next sign-in.
    pub(super) memory_only: bool,
    pub(super) last_request: RequestId,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            target: String::new(),
            route: Route::NotFound,
            session: None,
            config: None,
            form: FormState::default(),
            content: Content::default(),
            notice: "",
            fragment: Secret::from(""),
            pending: None,
            config_request: None,
            refresh: Refresh::Idle,
            refresh_not_before: Seconds::MIN,
            wake_at: None,
            memory_only: false,
            last_request: 0,
        }
    }
}

impl Model {
    /// A form waits for its answer.
    pub fn is_busy(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| !matches!(pending.task, Task::Content))
    }

    /// The account has just been made and its first sign-in is on its way.
    pub fn is_first_login(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| matches!(pending.task, Task::FirstLogin(_)))
    }
}
