//! Keeps the session going: the token is renewed ahead of its end, by one tab for all of them, and
//! once more when the server refuses it.

use hallpass_contract::path;

use super::model::{Call, Flight, Pending, Refresh, Task};
use super::navigation::SIGNED_OUT_ELSEWHERE;
use super::{Content, Effect, Form, Turn, forms};
use crate::api::{Answer, Fault, Method, RequestId};
use crate::session::{Seconds, Stored};

/// How long after a refresh that failed, though not for good, the next one begins by itself.
const BACKOFF: Seconds = 5;

impl Turn<'_> {
    /// Makes a call as the signed-in user; the page waits for its answer. If the token is about to
    /// end, the refresh goes first.
    pub(super) fn call(&mut self, method: Method, path: &'static str, task: Task) {
        let call = Call { method, path, repeated: false };
        if self.is_due() || self.model.refresh != Refresh::Idle {
            self.model.pending = Some(Pending { flight: Flight::Waiting(call), task });
            self.begin_refresh();
        } else {
            self.send_call(call, task);
        }
    }

    fn send_call(&mut self, call: Call, task: Task) {
        let id = self.send_with_token(call.method, call.path);
        self.model.pending = Some(Pending { flight: Flight::Sent(id, Some(call)), task });
    }

    /// What to do about a call that the server answered with a 401 is decided here: one refresh and
    /// one more try. Whether that is under way.
    pub(super) fn try_again(&mut self, call: Option<Call>, task: Task) -> Result<(), Task> {
        match call {
            Some(call) if !call.repeated && self.model.session.is_some() => {
                let call = Call { repeated: true, ..call };
                self.model.pending = Some(Pending { flight: Flight::Waiting(call), task });
                self.begin_refresh();
                Ok(())
            }
            _ => Err(task),
        }
    }

    fn is_due(&self) -> bool {
        self.model.session.as_ref().is_some_and(|session| session.is_due(self.now))
    }

    /// Only one tab refreshes at a time: it waits for its turn.
    fn begin_refresh(&mut self) {
        if self.model.refresh == Refresh::Idle
            && let Some(session) = &self.model.session
        {
            self.model.refresh = Refresh::Locking(session.token.clone());
            self.effects.push(Effect::Lock);
        }
    }

    /// It is this tab's turn, and `stored` is what the others have left.
    pub(super) fn locked(&mut self, stored: Stored) {
        let Refresh::Locking(stale) = std::mem::take(&mut self.model.refresh) else {
            self.effects.push(Effect::Unlock);
            return;
        };
        let was_signed_in = self.model.session.is_some();
        self.adopt(stored);
        match &self.model.session {
            Some(session) if session.token == stale => {
                let id = self.send_with_token(Method::Post, path::REFRESH);
                self.model.refresh = Refresh::Sent(id, stale);
            }
            Some(_) => {
                self.effects.push(Effect::Unlock);
                self.resume();
            }
            None => {
                self.effects.push(Effect::Unlock);
                if was_signed_in {
                    self.replace(self.model.target.clone());
                    self.model.notice = SIGNED_OUT_ELSEWHERE;
                }
            }
        }
    }

    /// Whether this was the answer to the refresh.
    pub(super) fn refresh_answered(&mut self, id: RequestId, answer: &Answer) -> bool {
        let stale = match std::mem::take(&mut self.model.refresh) {
            Refresh::Sent(sent, stale) if sent == id => stale,
            other => {
                self.model.refresh = other;
                return false;
            }
        };
        let unchanged = self.model.session.as_ref().is_some_and(|now| now.token == stale);
        match forms::started(answer, self.now) {
            // Somebody has signed out or in meanwhile.
            _ if !unchanged => self.effects.push(Effect::Unlock),
            Ok(session) => {
                self.keep(session);
                self.effects.push(Effect::Unlock);
                self.resume();
            }
            Err(fault) => {
                self.effects.push(Effect::Unlock);
                self.refresh_failed(fault);
            }
        }
        true
    }

    fn refresh_failed(&mut self, fault: Fault) {
        if matches!(fault.status, 401 | 403) {
            return self.session_refused();
        }
        // The server can't be reached or is busy, which says nothing about the session.
        self.model.refresh_not_before = self.now.saturating_add(BACKOFF);
        let waiting = |pending: &mut Pending| matches!(pending.flight, Flight::Waiting(_));
        let Some(pending) = self.model.pending.take_if(waiting) else { return };
        match pending.flight {
            Flight::Waiting(call) if !call.repeated && !self.has_expired() => {
                self.send_call(call, pending.task);
            }
            _ => self.fail(&pending.task, fault),
        }
    }

    fn has_expired(&self) -> bool {
        self.model.session.as_ref().is_none_or(|session| session.is_expired(self.now))
    }

    fn fail(&mut self, task: &Task, fault: Fault) {
        match task {
            Task::Content => self.model.content = Content::Failed(fault.message),
            Task::Login | Task::FirstLogin(_) => self.show_fault(Form::Login, fault),
            Task::Register(_) => self.show_fault(Form::Register, fault),
            Task::Reset => self.show_fault(Form::Reset, fault),
        }
    }

    /// Sends what waited for the refresh.
    fn resume(&mut self) {
        let waiting = |pending: &mut Pending| matches!(pending.flight, Flight::Waiting(_));
        if let Some(pending) = self.model.pending.take_if(waiting)
            && let Flight::Waiting(call) = pending.flight
        {
            self.send_call(call, pending.task);
        }
    }

    /// At the end of each turn: begins a refresh that is due, or asks to be woken when one will be.
    pub(super) fn keep_alive(&mut self) {
        let Some(session) = &self.model.session else {
            self.model.wake_at = None;
            return;
        };
        let due_at = session.due_at().max(self.model.refresh_not_before);
        if due_at <= self.now {
            self.begin_refresh();
        } else if self.model.wake_at != Some(due_at) {
            self.model.wake_at = Some(due_at);
            self.effects.push(Effect::Wake(due_at - self.now));
        }
    }

    pub(super) fn woke(&mut self, stored: Stored) {
        self.model.wake_at = None;
        self.storage_changed(stored);
    }
}
