//! Requests of other scripts on the page, `hallpass.fetch`: they get the token where it may go,
//! wait for the one refresh that is under way, and are repeated once after a refusal.

use super::event::Effect;
use super::script_request::{FetchId, FetchOutcome, FetchState, ScriptRequest};
use super::turn::Turn;
use crate::interceptor::{Rules, Url};

impl Turn<'_> {
    pub(super) fn fetch_asked(&mut self, id: FetchId, url: Url) {
        self.model.foreign.push(ScriptRequest {
            id,
            url,
            state: FetchState::Waiting,
            repeated: false,
        });
        self.load_config();
    }

    pub(super) fn fetched(&mut self, id: FetchId, outcome: &FetchOutcome) {
        let Some(index) = self.model.foreign.iter().position(|foreign| foreign.id == id) else {
            return;
        };
        let foreign = &mut self.model.foreign[index];
        // A script that is asked for a fresh login has to ask the person (RFC 9470).
        let refused = matches!(outcome, FetchOutcome::Answered(401, challenge)
            if !challenge.contains("insufficient_user_authentication"));
        let FetchState::Sent(token) = std::mem::replace(&mut foreign.state, FetchState::Waiting)
        else {
            return;
        };
        if !refused || foreign.repeated || token.is_none() {
            self.model.foreign.remove(index);
            self.effects.push(Effect::Deliver(id));
            return;
        }
        foreign.repeated = true;
        if token == self.token() {
            self.begin_refresh();
        }
    }

    /// At the end of each turn: sends the requests that need not wait any more.
    pub(super) fn resume_fetches(&mut self) {
        self.send_fetches(false);
    }

    /// Sends the requests that wait for a token with the present one.
    pub(super) fn release_fetches(&mut self) {
        self.send_fetches(true);
    }

    fn send_fetches(&mut self, with_any_token: bool) {
        if self.model.foreign.is_empty() || self.model.config_request.is_some() {
            return;
        }
        // The configuration says where the token may go. Without it none is sent.
        let token = self.token().filter(|_| self.model.config.is_some());
        let good = with_any_token || self.token_is_worth_sending();
        let rules = Rules::new(&self.model.device.own_origin, self.model.config.as_ref());
        let mut must_refresh = false;
        let effects = &mut self.effects;
        self.model.foreign.retain_mut(|foreign| {
            if foreign.state != FetchState::Waiting {
                return true;
            }
            let token = token.clone().filter(|_| rules.admit(&foreign.url));
            if token.is_some() && !good {
                must_refresh = true;
            } else if foreign.repeated && token.is_none() {
                effects.push(Effect::Deliver(foreign.id));
                return false;
            } else {
                effects.push(Effect::Fetch(foreign.id, token.clone()));
                foreign.state = FetchState::Sent(token);
            }
            true
        });
        if must_refresh {
            self.begin_refresh();
        }
    }
}
