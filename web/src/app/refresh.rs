//! Renews the token ahead of its end, and once more when the server refuses it. One tab does so for
//! all of them.

use hallpass_contract::path;

use super::event::Effect;
use super::forms;
use super::navigation::same_session;
use super::task::Refresh;
use super::turn::Turn;
use crate::api::{Answer, Method, RequestId};
use crate::session::{Seconds, Stored};

/// How long after a refresh that failed, but may succeed later, the next one begins by itself.
const BACKOFF: Seconds = 5;

/// The same if no answer came.
const LOST: Seconds = 2;

/// How long another tab may hold the lock: longer than any request of its lasts. One that is frozen
/// with it must not hold all the others up.
const LOCK_PATIENCE: Seconds = 35;

impl Turn<'_> {
    /// Whether the token is neither about to end nor being renewed.
    pub(super) fn token_is_worth_sending(&self) -> bool {
        let due = self.model.session.as_ref().is_some_and(|session| session.is_due(self.now));
        !due && self.model.refresh == Refresh::Idle
    }

    /// Only one tab refreshes at a time: it waits for its turn.
    pub(super) fn begin_refresh(&mut self) {
        if self.model.refresh == Refresh::Idle
            && let Some(session) = &self.model.session
        {
            self.model.refresh = Refresh::Locking(session.token.clone(), self.now);
            self.effects.push(Effect::Lock);
        }
    }

    /// It is this tab's turn, and `stored` is what the others have left.
    pub(super) fn locked(&mut self, stored: Stored) {
        let Refresh::Locking(stale, _) = &self.model.refresh else {
            return self.effects.push(Effect::Unlock);
        };
        let stale = stale.clone();
        self.model.refresh = Refresh::Idle;
        let before = self.model.session.clone();
        self.adopt(stored);
        if !same_session(before.as_ref(), self.model.session.as_ref()) {
            // What waits was asked for by somebody else.
            self.effects.push(Effect::Unlock);
            return self.session_changed();
        }
        match &self.model.session {
            Some(session) if session.token == stale => {
                let id = self.send_with_token(Method::Post, path::REFRESH, None);
                self.model.refresh = Refresh::Sent(id, stale);
            }
            _ => {
                self.effects.push(Effect::Unlock);
                self.resume();
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
        let unchanged = self.token().is_some_and(|token| token == stale);
        match forms::started(answer, self.now) {
            // Somebody has signed out or in meanwhile.
            _ if !unchanged => {
                self.effects.push(Effect::Unlock);
                self.resume();
            }
            Ok(session) => {
                let same = same_session(self.model.session.as_ref(), Some(&session));
                self.keep(session);
                self.effects.push(Effect::Unlock);
                if same {
                    self.resume();
                } else {
                    // The cookie was somebody else's by now, who has signed in beside us.
                    self.replace(self.model.target.clone());
                }
            }
            Err(fault) => {
                self.effects.push(Effect::Unlock);
                match fault.status {
                    401 | 403 => self.session_refused(),
                    _ => self.refresh_failed(answer),
                }
            }
        }
        true
    }

    /// The server can't be reached or is busy, which says nothing about the session. What waited
    /// is sent with the old token while that is good, and fails for the same reason after that.
    fn refresh_failed(&mut self, answer: &Answer) {
        // An answer that was lost is sent again for the old cookie.
        let backoff = if answer.is_some() { BACKOFF } else { LOST };
        self.model.refresh_not_before = self.now.saturating_add(backoff);
        for (call, task) in self.take_waiting() {
            if call.repeated || self.has_expired() {
                self.deliver(task, answer);
            } else {
                self.send_call(call, task);
            }
        }
        self.release_fetches();
    }

    fn has_expired(&self) -> bool {
        self.model.session.as_ref().is_none_or(|session| session.is_expired(self.now))
    }

    /// Begins a refresh that is due, or says when one will be.
    pub(super) fn keep_alive(&mut self) -> Option<Seconds> {
        let due_at = self.model.session.as_ref()?.due_at().max(self.model.refresh_not_before);
        if due_at > self.now {
            return Some(due_at);
        }
        self.begin_refresh();
        None
    }

    pub(super) fn woke(&mut self, stored: Stored) {
        self.model.wake_at = None;
        self.storage_changed(stored.clone());
        if self.patience_ends().is_some_and(|at| at <= self.now) {
            self.locked(stored);
        }
    }

    /// When this tab goes ahead without the lock.
    pub(super) fn patience_ends(&self) -> Option<Seconds> {
        match self.model.refresh {
            Refresh::Locking(_, since) => Some(since.saturating_add(LOCK_PATIENCE)),
            _ => None,
        }
    }
}
