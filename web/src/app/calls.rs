//! The page's requests. They carry the token if there is one, and are repeated once after a 401.
//! Each answer goes to the task that waits for it.

use hallpass_contract::{Secret, kind, path};

use super::event::Effect;
use super::task::{Call, Flight, Pending, Task};
use super::turn::Turn;
use crate::api::{Answer, Method, Request, RequestId, expect};

/// What the server asks for with a 401.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Demand {
    /// Another token.
    Token,
    /// The password.
    Password,
}

/// What a 401 asks for; nothing if it is about the password that was sent.
pub(super) fn demand(answer: &Answer) -> Option<Demand> {
    let reply = answer.as_ref().filter(|reply| reply.status == 401)?;
    match reply.problem().as_ref().map(|problem| problem.kind.as_str()) {
        Some(kind::INVALID_CREDENTIALS | kind::SECOND_FACTOR_REQUIRED | kind::CHALLENGE_OVER) => {
            None
        }
        Some(kind::NOT_FRESH) => Some(Demand::Password),
        _ => Some(Demand::Token),
    }
}

impl Turn<'_> {
    /// Sends a request without a token.
    pub(super) fn send(&mut self, method: Method, path: &str, body: Option<Secret>) -> RequestId {
        self.send_request(method, path, body, None)
    }

    /// Sends a request with the token.
    pub(super) fn send_with_token(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Secret>,
    ) -> RequestId {
        let token = self.token();
        self.send_request(method, path, body, token)
    }

    pub(super) fn token(&self) -> Option<Secret> {
        self.model.session.as_ref().map(|session| session.token.clone())
    }

    pub(super) fn send_request(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Secret>,
        token: Option<Secret>,
    ) -> RequestId {
        self.model.last_request = self.model.last_request.wrapping_add(1);
        let id = self.model.last_request;
        self.effects.push(Effect::Send(Request { id, method, path: path.to_owned(), body, token }));
        id
    }

    /// A request of a form that needs no session; the page waits for its answer.
    pub(super) fn post(&mut self, path: &'static str, body: Option<Secret>, task: Task) {
        if self.must_wait_for_sign_out() {
            return self.wait_for(Flight::Held(path, body), task);
        }
        let id = self.send(Method::Post, path, body);
        self.wait_for(Flight::Sent(id, None), task);
    }

    /// Makes a call as the signed-in user; the page waits for its answer. If the token is about to
    /// end, the refresh goes first.
    pub(super) fn call(
        &mut self,
        method: Method,
        path: impl Into<String>,
        body: Option<Secret>,
        task: Task,
    ) {
        let call = Call { method, path: path.into(), body, token: None, repeated: false };
        if self.token_is_worth_sending() {
            self.send_call(call, task);
        } else {
            self.wait_for(Flight::Waiting(call), task);
            self.begin_refresh();
        }
    }

    pub(super) fn send_call(&mut self, mut call: Call, task: Task) {
        call.token = self.token();
        let id = self.send_with_token(call.method, &call.path, call.body.clone());
        self.wait_for(Flight::Sent(id, Some(call)), task);
    }

    pub(super) fn wait_for(&mut self, flight: Flight, task: Task) {
        self.model.pending.push(Pending { flight, task, since: self.now });
    }

    pub(super) fn load_config(&mut self) {
        if self.model.config.is_none() && self.model.config_request.is_none() {
            self.model.config_request = Some(self.send(Method::Get, path::CONFIG, None));
        }
    }

    pub(super) fn answered(&mut self, id: RequestId, answer: &Answer) {
        self.set_clock(answer);
        if self.model.config_request == Some(id) {
            self.model.config_request = None;
            self.model.config = expect(answer, 200).ok();
            return;
        }
        if self.logout_answered(id, answer) || self.refresh_answered(id, answer) {
            return;
        }
        let sent =
            |pending: &mut Pending| matches!(pending.flight, Flight::Sent(sent, _) if sent == id);
        let Some(Pending { flight: Flight::Sent(_, call), task, .. }) =
            self.model.pending.extract_if(.., sent).next()
        else {
            return;
        };
        match (demand(answer), call) {
            (Some(Demand::Password), Some(call)) => self.ask_password(call, task),
            (Some(Demand::Token), Some(call)) if call.repeated => self.session_refused(),
            (Some(Demand::Token), Some(call)) => self.try_again(call, task),
            _ => self.deliver(task, answer),
        }
    }

    /// Repeats the call once, with a token that was renewed since, here or in another tab.
    fn try_again(&mut self, call: Call, task: Task) {
        let renewed = self.token() != call.token;
        let call = Call { repeated: true, ..call };
        if renewed && self.token_is_worth_sending() {
            self.send_call(call, task);
        } else {
            self.wait_for(Flight::Waiting(call), task);
            self.begin_refresh();
        }
    }

    /// Sends what waited for a token.
    pub(super) fn resume(&mut self) {
        for (call, task) in self.take_waiting() {
            self.send_call(call, task);
        }
    }

    pub(super) fn take_waiting(&mut self) -> Vec<(Call, Task)> {
        let waiting = |pending: &mut Pending| matches!(pending.flight, Flight::Waiting(_));
        let taken = self.model.pending.extract_if(.., waiting);
        taken
            .filter_map(|pending| match pending.flight {
                Flight::Waiting(call) => Some((call, pending.task)),
                Flight::Held(..) | Flight::Sent(..) => None,
            })
            .collect()
    }

    pub(super) fn deliver(&mut self, task: Task, answer: &Answer) {
        match task {
            Task::Login => self.login_answered(answer),
            Task::Register(credentials) => self.register_answered(answer, credentials),
            Task::Reset => self.reset_answered(answer),
            Task::FirstLogin { username, made } => {
                self.first_login_answered(answer, username, made);
            }
            Task::Load(part) => self.loaded(part, answer),
            Task::EndSession(id) => self.session_ended_answered(&id, answer),
            Task::EndOtherSessions => self.others_ended_answered(answer),
            Task::ChangePassword(_) => self.password_answered(answer),
            Task::DeleteAccount => self.deletion_answered(answer),
            Task::Reauthenticate => self.reauthenticated(answer),
            Task::PatchUser(id) => self.user_answered(id, answer),
            Task::EndUserSessions(id) => self.user_sessions_answered(id, answer),
            Task::OfferReset(id) => self.reset_offered(id, answer),
            Task::WithdrawReset(id) => self.reset_withdrawn(&id, answer),
        }
    }
}
