//! What tests of the pure code are made of.

use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::{
    FieldError, Login, PROBLEM_MEDIA_TYPE, Problem, Protected, User, UserBody, kind,
};

use crate::api::{Reply, Request};
use crate::app::{Effect, Event, Form, Model, update};
use crate::screen::screen;
use crate::session::{Seconds, Stored};

pub(crate) const NOW: Seconds = 1_000;
pub(crate) const EXPIRY: Seconds = 1_900;

/// The application with a clock, and the effects of the last event.
pub(crate) struct Page {
    pub(crate) model: Model,
    pub(crate) now: Seconds,
    pub(crate) effects: Vec<Effect>,
}

impl Page {
    pub(crate) fn open(target: &str, stored: Stored) -> Self {
        let mut page = Self { model: Model::default(), now: NOW, effects: Vec::new() };
        page.event(Event::Started(target.into(), stored));
        page
    }

    pub(crate) fn signed_in(target: &str) -> Self {
        Self::open(target, token("ada", EXPIRY))
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.effects = update(event, self.now, &mut self.model);
    }

    pub(crate) fn follow(&mut self, target: &str) {
        let stored = match &self.model.session {
            Some(session) => Stored::Token(session.token.clone(), session.clock_offset()),
            None => Stored::Nothing,
        };
        self.event(Event::Followed(target.into(), stored));
    }

    pub(crate) fn submit(&mut self, form: Form, username: &str, password: &str) {
        self.event(Event::Submitted(form, username.into(), password.into()));
    }

    /// The request to `path` among the last effects.
    pub(crate) fn request(&self, path: &str) -> Option<Request> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Send(request) if request.path == path => Some(request.clone()),
            _ => None,
        })
    }

    pub(crate) fn answer(&mut self, request: &Request, reply: Reply) {
        self.event(Event::Answered(request.id, Some(reply)));
    }

    pub(crate) fn view(&self) -> &'static str {
        screen(&self.model).view
    }

    pub(crate) fn does(&self, effect: &Effect) -> bool {
        self.effects.contains(effect)
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.effects.is_empty()
    }
}

pub(crate) fn token(username: &str, exp: Seconds) -> Stored {
    Stored::Token(jwt(username, exp).into(), 0)
}

pub(crate) fn login_reply() -> Reply {
    json(200, &login("ada", EXPIRY, 900))
}

pub(crate) fn content_reply() -> Reply {
    json(200, &Protected { message: "the secret".into(), user: user("ada") })
}

pub(crate) fn registered() -> Reply {
    json(201, &UserBody { user: user("ada") })
}

pub(crate) fn jwt(username: &str, exp: i64) -> String {
    let payload = serde_json::json!({
        "username": username, "iat": exp - 900, "exp": exp, "sub": "id", "sid": "sid",
    })
    .to_string();
    format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(payload.as_bytes()))
}

pub(crate) fn user(username: &str) -> User {
    User {
        id: "0190-id".into(),
        username: username.into(),
        roles: Vec::new(),
        created_at: "2026-01-31T12:00:00Z".into(),
    }
}

pub(crate) fn login(username: &str, exp: i64, expires_in: u64) -> Login {
    Login {
        access_token: jwt(username, exp).into(),
        token_type: "Bearer".into(),
        expires_in,
        user: user(username),
    }
}

pub(crate) fn json(status: u16, body: &impl serde::Serialize) -> Reply {
    Reply {
        status,
        content_type: "application/json".into(),
        body: serde_json::to_string(body).unwrap().into(),
        ..Reply::default()
    }
}

pub(crate) fn problem(status: u16, detail: &str, errors: &[(&str, &str)]) -> Reply {
    let problem = Problem {
        kind: kind::BLANK.into(),
        title: "Title".into(),
        status,
        detail: detail.into(),
        errors: errors
            .iter()
            .map(|&(field, message)| FieldError { field: field.into(), message: message.into() })
            .collect(),
    };
    Reply { content_type: PROBLEM_MEDIA_TYPE.into(), ..json(status, &problem) }
}
