//! What tests of the pure code are made of.

use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::{
    ADMIN_ROLE, AdminUser, FieldError, Login, OpenReset, PROBLEM_MEDIA_TYPE, Problem, Protected,
    PublicConfig, ResetList, Session as ListedSession, SessionList, User, UserBody, UserPage, kind,
    path,
};

use crate::api::{Reply, Request};
use crate::app::{Action, Device, Effect, Event, Form, FormState, Input, Model, update};
use crate::screen::{Row, Screen, screen};
use crate::session::Seconds;
pub(crate) use crate::session::Stored;
use crate::text::plain;

pub(crate) const NOW: Seconds = 1_000;
pub(crate) const EXPIRY: Seconds = 1_900;
pub(crate) const RENEWED: Seconds = 2_700;
pub(crate) const OWN: &str = "http://127.0.0.1:8080";
pub(crate) const USERS: &str = "/api/admin/users?limit=20";

/// The application with a clock, and the effects of the last event.
pub(crate) struct Page {
    pub(crate) model: Model,
    pub(crate) now: Seconds,
    pub(crate) effects: Vec<Effect>,
}

impl Page {
    pub(crate) fn open(target: &str, stored: Stored) -> Self {
        Self::open_with(device(), target, stored)
    }

    /// The same in another browser or tab.
    pub(crate) fn open_with(device: Device, target: &str, stored: Stored) -> Self {
        let mut page = Self { model: Model::new(device), now: NOW, effects: Vec::new() };
        page.event(Event::Started(target.into(), stored));
        page
    }

    /// The account page with two sessions.
    pub(crate) fn at_account() -> Self {
        let mut page = Self::signed_in("/account");
        let (profile, sessions) =
            (page.request(path::ME).unwrap(), page.request(path::SESSIONS).unwrap());
        page.answer(&profile, json(200, &UserBody { user: user("ada") }));
        page.answer(&sessions, session_list());
        page
    }

    /// The admin page with the admin and bob, and more users after these.
    pub(crate) fn at_admin() -> Self {
        Self::at_admin_with(Vec::new())
    }

    /// The same with these open reset links.
    pub(crate) fn at_admin_with(resets: Vec<OpenReset>) -> Self {
        let admin = jwt_with_roles("ada", EXPIRY, &[ADMIN_ROLE]);
        let mut page = Self::open("/admin", Stored::Token(admin.into(), 0));
        let (listed, open) =
            (page.request(USERS).unwrap(), page.request(path::ADMIN_RESETS).unwrap());
        page.answer(&listed, json(200, &users_page(Some("b0b"))));
        page.answer(&open, json(200, &ResetList { resets }));
        page
    }

    pub(crate) fn answer_config(&mut self) {
        let request = self.model.config_request.unwrap();
        self.event(Event::Answered(request, Some(json(200, &config()))));
    }

    /// The alarm rings at this time.
    pub(crate) fn wake(&mut self, now: Seconds) {
        self.now = now;
        self.event(Event::Woke(token("ada", EXPIRY)));
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
        self.event(Event::Submitted(form, input(username, password, "")));
    }

    pub(crate) fn press(&mut self, action: Action) {
        self.event(Event::Pressed(action));
    }

    pub(crate) fn screen(&self) -> Screen {
        screen(&self.model)
    }

    pub(crate) fn form(&self, form: Form) -> &FormState {
        self.model.form(form)
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

pub(crate) fn device() -> Device {
    Device { own_origin: OWN.into(), ..Device::default() }
}

pub(crate) fn session_list() -> Reply {
    let session = |id: &str, current| ListedSession {
        id: id.into(),
        created_at: "2026-01-31T12:00:00Z".into(),
        last_used_at: "2026-02-01T08:15:30Z".into(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into(),
        current,
    };
    json(200, &SessionList { sessions: vec![session("own", true), session("other", false)] })
}

pub(crate) fn admin_user(id: &str, username: &str, roles: &[&str]) -> AdminUser {
    let User { created_at, .. } = user(username);
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    AdminUser {
        id: id.into(),
        username: username.into(),
        roles,
        created_at,
        disabled: false,
        second_factor: false,
    }
}

pub(crate) fn no_content() -> Reply {
    Reply { status: 204, ..Reply::default() }
}

/// The login is too old for what was asked.
pub(crate) fn not_fresh() -> Reply {
    problem_of(kind::NOT_FRESH, 401, "Give your password again.", &[])
}

/// The store can't work right now, perhaps since the request has come through.
pub(crate) fn unavailable() -> Reply {
    busy(problem(503, "The server can't do its work right now; try again soon.", &[]))
}

/// Too many passwords wait already, so the request has not come through.
pub(crate) fn overloaded() -> Reply {
    busy(problem_of(kind::OVERLOADED, 503, "Too many people are signing in.", &[]))
}

fn busy(reply: Reply) -> Reply {
    Reply { retry_after: "1".into(), ..reply }
}

pub(crate) fn wrong_password(field: &str) -> Reply {
    problem_of(kind::INVALID_CREDENTIALS, 401, "", &[(field, "It is wrong.")])
}

pub(crate) fn failure(page: &Page) -> &str {
    page.model.content.failure.as_ref().map_or("", |failure| &failure.message)
}

/// What a row says in this cell.
pub(crate) fn cell(row: &Row, name: &str) -> String {
    let found = row.cells.iter().find(|(it, _)| *it == name);
    plain(&found.unwrap_or_else(|| panic!("no cell {name}")).1)
}

/// The text of this name.
pub(crate) fn text(page: &Page, name: &str) -> String {
    let texts = page.screen().texts;
    plain(&texts.into_iter().find(|(it, _)| *it == name).unwrap().1)
}

/// The throttle's answer.
pub(crate) fn too_many(seconds: &str) -> Reply {
    let detail = ["Too many attempts; try again in ", seconds, " seconds."].concat();
    Reply { retry_after: seconds.into(), ..problem(429, &detail, &[]) }
}

pub(crate) fn input(username: &str, password: &str, current: &str) -> Input {
    Input { username: username.into(), password: password.into(), current: current.into() }
}

/// The admin and bob, and what the next page begins after.
pub(crate) fn users_page(next: Option<&str>) -> UserPage {
    let users = vec![admin_user("id", "ada", &[ADMIN_ROLE]), admin_user("b0b", "bob", &[])];
    UserPage { users, next: next.map(str::to_owned) }
}

pub(crate) fn config() -> PublicConfig {
    PublicConfig {
        password_min: 15,
        registration: "open".into(),
        token_origins: Vec::new(),
        no_token_paths: Vec::new(),
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

/// The profile.
pub(crate) fn registered_now() -> Reply {
    json(200, &UserBody { user: user("ada") })
}

pub(crate) fn registered() -> Reply {
    json(201, &UserBody { user: user("ada") })
}

pub(crate) fn jwt(username: &str, exp: i64) -> String {
    jwt_with_roles(username, exp, &[])
}

pub(crate) fn jwt_with_roles(username: &str, exp: i64, roles: &[&str]) -> String {
    sign(&serde_json::json!({
        "username": username, "iat": exp - 900, "exp": exp, "sub": "id", "sid": "sid", "roles": roles,
    }))
}

pub(crate) fn jwt_of_session(username: &str, exp: i64, sid: &str) -> String {
    sign(&serde_json::json!({
        "username": username, "iat": exp - 900, "exp": exp, "sub": "id", "sid": sid,
    }))
}

fn sign(claims: &serde_json::Value) -> String {
    format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(claims.to_string().as_bytes()))
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
        setup_required: false,
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
    problem_of(kind::BLANK, status, detail, errors)
}

pub(crate) fn problem_of(kind: &str, status: u16, detail: &str, errors: &[(&str, &str)]) -> Reply {
    let problem = Problem {
        kind: kind.into(),
        title: "Title".into(),
        status,
        detail: detail.into(),
        errors: errors
            .iter()
            .map(|&(field, message)| FieldError { field: field.into(), message: message.into() })
            .collect(),
        challenge: None,
        methods: Vec::new(),
        options: None,
    };
    Reply { content_type: PROBLEM_MEDIA_TYPE.into(), ..json(status, &problem) }
}
