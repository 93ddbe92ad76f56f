//! The state of the application.

use hallpass_contract::{
    AdminUser, OpenReset, Protected, PublicConfig, Secret, Session as ListedSession, User,
};

use super::device::Device;
use super::field::{FORMS, Form};
use super::owed::OwedSignOut;
use super::script_request::ScriptRequest;
use super::task::{Pending, Prompt, Refresh, Task};
use crate::api::RequestId;
use crate::route::Route;
use crate::session::{Seconds, Session};

/// A form's messages; empty where there is none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FormState {
    /// About the form as a whole.
    pub alert: String,
    /// That the action is done, if the form says so itself.
    pub done: String,
    /// About the username.
    pub username_error: String,
    /// About the password.
    pub password_error: String,
    /// About the current password, in a form that also asks for a new one.
    pub current_error: String,
    /// The passwords are readable.
    pub show_password: bool,
    /// When the server takes the next attempt, if it has said so. Then the alert goes.
    pub(super) retry_at: Option<Seconds>,
    /// What the password looks like so far.
    pub typed: Typed,
}

/// What the page knows of a password while it is typed: never the password itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Typed {
    /// Its characters.
    pub chars: usize,
    /// The username is in it.
    pub names_user: bool,
}

/// Why the page could not be loaded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// In words.
    pub message: String,
    /// When the page is loaded again by itself; none if that would not help.
    pub(super) retry_at: Option<Seconds>,
    /// Trying again may help. Not so if the address is wrong.
    pub may_retry: bool,
}

/// What came of an action, said in the row that it was about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Note {
    /// The id of the row, or the name of a list where it is about all of that.
    pub about: String,
    /// What went wrong; empty if nothing did.
    pub error: String,
    /// What was done; empty if nothing was.
    pub done: String,
    /// When the server takes the next attempt, if it has said so. Then the error goes.
    pub(super) retry_at: Option<Seconds>,
}

/// Stands in place of a row that has left its list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gone {
    /// The list's name.
    pub list: &'static str,
    /// How many rows stand before it.
    pub index: usize,
    /// Why it has left.
    pub message: String,
}

/// A request of a form whose answer was lost. The server may have done what it asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Lost {
    pub(super) form: Form,
    /// The username in the form, if the form asks for one.
    pub(super) username: String,
}

/// What the server has sent for the page that is shown.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Content {
    /// The protected page.
    pub protected: Option<Protected>,
    /// The profile.
    pub profile: Option<User>,
    /// The user's sessions.
    pub sessions: Option<Vec<ListedSession>>,
    /// A page of all users.
    pub users: Option<Vec<AdminUser>>,
    /// Where the next page of users begins.
    pub next_users: Option<String>,
    /// The open reset links.
    pub resets: Option<Vec<OpenReset>>,
    /// The reset links have changed since they were loaded.
    pub(super) resets_are_old: bool,
    /// What came of the last action in a list.
    pub note: Option<Note>,
    /// The row that the last action has removed.
    pub gone: Option<Gone>,
    /// A new reset link: its user's id, its address, and until when it can be used.
    pub reset_link: Option<(String, Secret, String)>,
    /// Why a part of the page could not be loaded.
    pub failure: Option<Failure>,
    /// How many loads in a row have failed.
    pub(super) failures: u32,
    /// The user's roles do not suffice.
    pub forbidden: bool,
}

impl Content {
    /// Whether it shows how long ago something was.
    pub(super) fn has_times(&self) -> bool {
        self.protected.is_some()
            || self.profile.is_some()
            || self.sessions.is_some()
            || self.users.is_some()
            || self.resets.is_some()
    }
}

/// All that the application knows.
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
    /// What was loaded for the page.
    pub content: Content,
    /// What the status line says.
    pub notice: String,
    /// This device's clock at the last event.
    pub now: Seconds,
    /// The browser knows of no network.
    pub offline: bool,
    pub(super) device: Device,
    pub(super) forms: [FormState; FORMS.len()],
    pub(super) lost: Option<Lost>,
    /// The token of the reset link that led here.
    pub(super) reset_token: Secret,
    pub(super) owed: Option<OwedSignOut>,
    pub(super) pending: Vec<Pending>,
    pub(super) prompt: Option<Prompt>,
    pub(super) foreign: Vec<ScriptRequest>,
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
            content: Content::default(),
            notice: String::new(),
            now: 0,
            offline: false,
            device: Device::default(),
            forms: Default::default(),
            lost: None,
            reset_token: Secret::from(""),
            owed: None,
            pending: Vec::new(),
            prompt: None,
            foreign: Vec::new(),
            config_request: None,
            refresh: Refresh::Idle,
            refresh_not_before: Seconds::MIN,
            wake_at: None,
            memory_only: false,
            last_request: 0,
        }
    }
}

/// After so many seconds without an answer the page says that the network is slow.
pub(super) const SLOW: Seconds = 5;

impl Model {
    /// A model that knows the device alone.
    pub fn new(device: Device) -> Self {
        Self { device, ..Self::default() }
    }

    /// The browser and its tab.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The other application has sent this tab back.
    pub fn was_sent_back(&self) -> bool {
        matches!(&self.route, Route::Onward(path) if self.device.went_on.as_ref() == Some(path))
    }

    /// What a form has to say.
    pub fn form(&self, form: Form) -> &FormState {
        &self.forms[form as usize]
    }

    pub(super) fn form_mut(&mut self, form: Form) -> &mut FormState {
        &mut self.forms[form as usize]
    }

    /// Whether a form waits for its answer.
    pub fn is_busy(&self, form: Form) -> bool {
        let silent = self.prompt.iter().filter(|prompt| !prompt.asks);
        let silent = silent.flat_map(|prompt| prompt.waiting.iter().map(|(_, task)| task));
        let tasks = self.pending.iter().map(|pending| &pending.task);
        tasks.chain(silent).any(|task| task.form() == Some(form))
    }

    /// A row of a list waits for its answer.
    pub fn is_row_busy(&self, id: &str) -> bool {
        self.pending.iter().any(|pending| pending.task.row() == Some(id))
    }

    /// All other sessions are being ended.
    pub fn is_ending_others(&self) -> bool {
        self.pending.iter().any(|pending| matches!(pending.task, Task::EndOtherSessions))
    }

    /// The account has just been made and its first sign-in is on its way.
    pub fn is_first_login(&self) -> bool {
        self.pending.iter().any(|pending| matches!(pending.task, Task::FirstLogin { .. }))
    }

    /// The person is asked for the password before something goes on.
    pub fn asks_for_password(&self) -> bool {
        self.prompt.as_ref().is_some_and(|prompt| prompt.asks)
    }

    /// Something is being loaded or done for longer than people expect.
    pub fn is_slow(&self) -> bool {
        self.pending.iter().any(|pending| self.now.saturating_sub(pending.since) >= SLOW)
    }

    /// The server's clock at the last event, as far as it is known.
    pub fn server_time(&self) -> Seconds {
        let offset = self.session.as_ref().map_or(0, Session::clock_offset);
        self.now.saturating_add(offset)
    }

    /// The seconds until the server takes a form's next attempt; none if it takes one now.
    pub fn wait_of(&self, form: Form) -> Option<Seconds> {
        self.until(self.form(form).retry_at)
    }

    /// The seconds until the page is loaded again by itself.
    pub fn wait_of_page(&self) -> Option<Seconds> {
        self.until(self.content.failure.as_ref().and_then(|failure| failure.retry_at))
    }

    /// The seconds until the server takes the next attempt in this row or list.
    pub fn wait_of_row(&self, id: &str) -> Option<Seconds> {
        self.until(self.note_of(id).and_then(|note| note.retry_at))
    }

    /// What there is to say about the row of this id, or about the list of this name.
    pub fn note_of(&self, id: &str) -> Option<&Note> {
        self.content.note.as_ref().filter(|note| note.about == id)
    }

    /// Whether the page was opened by a reset link with a token.
    pub fn has_reset_token(&self) -> bool {
        !self.reset_token.expose().is_empty()
    }

    fn until(&self, moment: Option<Seconds>) -> Option<Seconds> {
        moment.map(|at| at.saturating_sub(self.now)).filter(|wait| *wait > 0)
    }
}
