//! Signing out. In the browser it takes effect at once. The server hears of it as soon as it can be
//! reached, from this page or from the next one that loads.
//!
//! Until then a mark in the storage says that a sign-out is owed. It is no secret. The refresh
//! cookie stays until the server has answered, and tells whose session it is. Once somebody signs
//! in, the cookie is another session's, so the mark goes.

use hallpass_contract::path;

use super::event::Effect;
use super::owed::OwedSignOut;
use super::task::{Flight, Pending};
use super::turn::Turn;
use crate::api::{Answer, Method, RequestId};
use crate::session::{Seconds, Stored};

pub(super) const SIGNED_OUT: &str = "You are signed out.";
pub(super) const SIGNED_OUT_HERE: &str = "You are signed out here. The server could not be told yet; it is told by itself when it can be reached and this site is open.";

/// How long after a failed try the next one is made. Each further wait is twice as long.
const FIRST_RETRY: Seconds = 5;

impl Turn<'_> {
    pub(super) fn sign_out(&mut self) {
        let token = self.token();
        if token.is_none() {
            return;
        }
        // The session is over here whatever the server answers, so nobody waits for the answer.
        self.model.owed = Some(OwedSignOut { token, ..OwedSignOut::default() });
        self.model.session = None;
        self.effects.push(Effect::OweSignOut(true));
        self.tell_sign_out();
        self.effects.push(Effect::Forget(None));
        self.go_home();
        self.model.notice = SIGNED_OUT.to_owned();
    }

    /// The storage says that an earlier page has signed out.
    pub(super) fn sign_out_owed(&mut self, stored: Stored) {
        self.storage_changed(stored);
        let owed = self.model.owed.get_or_insert_default();
        owed.retry_at = self.now;
    }

    fn tell_sign_out(&mut self) {
        let Some(owed) = &self.model.owed else { return };
        let token = owed.token.clone();
        let request = self.send_request(Method::Post, path::LOGOUT, None, token);
        if let Some(owed) = &mut self.model.owed {
            owed.request = Some(request);
        }
    }

    /// At the end of each turn: tells the server again, or says when to.
    pub(super) fn pay_sign_out(&mut self) -> Option<Seconds> {
        if self.model.session.is_some() && self.model.owed.take().is_some() {
            self.effects.push(Effect::OweSignOut(false));
        }
        let owed = self.model.owed.as_ref().filter(|owed| owed.request.is_none())?;
        if owed.retry_at > self.now {
            return Some(owed.retry_at);
        }
        self.tell_sign_out();
        None
    }

    /// The network is back.
    pub(super) fn pay_sign_out_now(&mut self) {
        if let Some(owed) = &mut self.model.owed {
            owed.retry_at = self.now;
        }
    }

    /// Whether this was the answer to the sign-out. The session is over here in any case.
    pub(super) fn logout_answered(&mut self, id: RequestId, answer: &Answer) -> bool {
        let Some(owed) = self.model.owed.as_mut().filter(|owed| owed.request == Some(id)) else {
            return false;
        };
        let over = answer.as_ref().is_some_and(|reply| matches!(reply.status, 200..=428));
        if over {
            self.model.owed = None;
            self.effects.push(Effect::OweSignOut(false));
            if self.model.notice == SIGNED_OUT_HERE {
                SIGNED_OUT.clone_into(&mut self.model.notice);
            }
        } else {
            owed.request = None;
            owed.retry_at = self.now.saturating_add(FIRST_RETRY << owed.tries.min(4));
            owed.tries += 1;
            if self.model.notice == SIGNED_OUT {
                SIGNED_OUT_HERE.clone_into(&mut self.model.notice);
            }
        }
        self.send_held();
        true
    }

    /// Whether a sign-in has to wait: the answer to a sign-out takes the cookie away.
    pub(super) fn must_wait_for_sign_out(&mut self) -> bool {
        self.pay_sign_out_now();
        self.pay_sign_out();
        self.model.owed.is_some()
    }

    fn send_held(&mut self) {
        let held = |pending: &mut Pending| matches!(pending.flight, Flight::Held(..));
        let held: Vec<_> = self.model.pending.extract_if(.., held).collect();
        for Pending { flight, task, .. } in held {
            if let Flight::Held(path, body) = flight {
                let id = self.send(Method::Post, path, body);
                self.wait_for(Flight::Sent(id, None), task);
            }
        }
    }
}
