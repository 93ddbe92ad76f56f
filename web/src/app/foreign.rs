//! Requests of other scripts on the page, `hallpass.fetch`: they get the token where it may go, wait
//! for the one refresh that is under way, and are repeated once after a refusal.

use hallpass_contract::Secret;

use super::{Effect, Turn};
use crate::interceptor::{Rules, Url};

/// Tells the requests apart.
pub type FetchId = u32;

/// What came of a request.
#[derive(Debug)]
pub enum Outcome {
    /// An answer with this status and this `WWW-Authenticate` header, empty without one.
    Answered(u16, String),
    /// No answer.
    Failed,
}

/// One request until it is delivered.
#[derive(Debug)]
pub(super) struct Foreign {
    id: FetchId,
    url: Url,
    state: State,
    /// It was refused once already.
    repeated: bool,
}

#[derive(Debug, Eq, PartialEq)]
enum State {
    /// For the configuration, or for a token that is worth sending.
    Waiting,
    /// With this token.
    Sent(Option<Secret>),
}

impl Turn<'_> {
    pub(super) fn fetch_asked(&mut self, id: FetchId, url: Url) {
        self.model.foreign.push(Foreign { id, url, state: State::Waiting, repeated: false });
        self.load_config();
    }

    pub(super) fn fetched(&mut self, id: FetchId, outcome: &Outcome) {
        let Some(index) = self.model.foreign.iter().position(|foreign| foreign.id == id) else {
            return;
        };
        let foreign = &mut self.model.foreign[index];
        // A script that is asked for a fresh login has to ask the person (RFC 9470).
        let refused = matches!(outcome, Outcome::Answered(401, challenge)
            if !challenge.contains("insufficient_user_authentication"));
        let State::Sent(token) = std::mem::replace(&mut foreign.state, State::Waiting) else {
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

    /// At the end of each turn: sends what waits no longer.
    pub(super) fn resume_fetches(&mut self) {
        self.send_fetches(false);
    }

    /// Sends what waits for a token with the one there is.
    pub(super) fn release_fetches(&mut self) {
        self.send_fetches(true);
    }

    fn send_fetches(&mut self, with_any_token: bool) {
        if self.model.foreign.is_empty() || self.model.config_request.is_some() {
            return;
        }
        // Without the configuration nobody knows where it may not go.
        let token = self.token().filter(|_| self.model.config.is_some());
        let good = with_any_token || self.token_is_worth_sending();
        let rules = Rules::new(&self.model.device.own_origin, self.model.config.as_ref());
        let mut must_refresh = false;
        let effects = &mut self.effects;
        self.model.foreign.retain_mut(|foreign| {
            if foreign.state != State::Waiting {
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
                foreign.state = State::Sent(token);
            }
            true
        });
        if must_refresh {
            self.begin_refresh();
        }
    }
}
