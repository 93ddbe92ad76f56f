//! The route table.

use hallpass_contract::path;
use warp::Filter as _;

use crate::filters::{
    Resource, Table, admin, admin_over, admin_over_and_body, bearer, bearer_and_body,
    bearer_for_proxies, client, delete, everything_else, first_of, fresh, fresh_admin,
    fresh_and_body, get, head, id, json_body, leaver, patch, post, query, resource, with,
};
use crate::handlers::{
    account, admin as admins, docs, frontend, guarded, health, login, public, reset, sessions,
};
use crate::state::App;

/// Everything the server answers.
pub fn routes(app: &App) -> Table {
    let table = table(app);
    let paths = table.iter().map(|resource| (resource.path, resource.methods.as_slice()));
    let series = app.metrics.http.routes(paths);
    Table { route: first_of(table, everything_else(app, frontend::serve)), series }
}

/// The API.
#[rustfmt::skip] // it reads as a table
pub fn table(app: &App) -> Vec<Resource> {
    vec![
        // The one that is asked most goes first.
        resource(path::VERIFY,         [get(bearer_for_proxies(app).and(with(app)).then(guarded::verify))]),
        resource(path::PROTECTED,      [get(bearer(app).then(guarded::protected))]),
        resource(path::LOGIN,          [post(json_body(app).and(client(app)).and(with(app)).then(login::login))]),
        resource(path::REFRESH,        [post(head(app).then(login::refresh))]),
        resource(path::LOGOUT,         [post(leaver(app).and(with(app)).then(login::logout))]),
        resource(path::REGISTER,       [post(json_body(app).and(client(app)).and(with(app)).then(account::register))]),
        resource(path::PASSWORD_RESET, [post(json_body(app).and(client(app)).and(with(app)).then(reset::take_up))]),

        resource(path::ME, [
            get(bearer(app).then(guarded::me)),
            delete(fresh(app).and(with(app)).then(account::delete)),
        ]),
        resource(path::REAUTHENTICATE, [post(bearer_and_body(app).and(with(app)).then(login::reauthenticate))]),
        resource(path::PASSWORD,       [post(fresh_and_body(app).and(with(app)).then(account::change_password))]),
        resource(path::SESSIONS, [
            get(bearer(app).and(with(app)).then(sessions::list)),
            delete(bearer(app).and(with(app)).then(sessions::end_others)),
        ]),
        resource(path::SESSION, [delete(bearer(app).and(id(path::SESSION)).and(with(app)).then(sessions::end))]),

        resource(path::ADMIN_USERS,         [get(admin(app).and(query()).and(with(app)).then(admins::users))]),
        resource(path::ADMIN_USER,          [patch(admin_over_and_body(app, path::ADMIN_USER).and(with(app)).then(admins::edit))]),
        resource(path::ADMIN_USER_SESSIONS, [delete(admin_over(app, path::ADMIN_USER_SESSIONS).and(with(app)).then(admins::end_sessions))]),
        resource(path::ADMIN_USER_RESET, [
            post(fresh_admin(app).and(id(path::ADMIN_USER_RESET)).and(with(app)).then(reset::offer)),
            delete(admin_over(app, path::ADMIN_USER_RESET).and(with(app)).then(reset::withdraw)),
        ]),
        resource(path::ADMIN_RESETS,        [get(admin(app).and(with(app)).then(reset::list))]),
        resource(path::ROTATE_KEYS,         [post(fresh_admin(app).and(with(app)).then(admins::rotate_keys))]),

        resource(path::CONFIG,     [get(with(app).then(public::config))]),
        resource(path::JWKS,       [get(head(app).then(public::jwks))]),
        resource(path::OPENAPI,    [get(head(app).then(docs::openapi))]),
        resource(path::DOCS,       [get(head(app).then(docs::page))]),
        resource(path::DOCS_STYLE, [get(head(app).then(docs::style))]),
        resource(path::HEALTHZ,    [get(with(app).then(health::healthz))]),
        resource(path::READYZ,     [get(with(app).then(health::readyz))]),
    ]
}
