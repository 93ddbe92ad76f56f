//! The route table.

use hallpass_contract::path;
use warp::Filter as _;

use crate::filters::{
    Route, any_of, bearer, everything_else, get, json_body, post, resource, with,
};
use crate::handlers::{account, frontend, guarded, health, public};
use crate::state::App;

/// Everything the server answers.
#[rustfmt::skip] // it reads as a table
pub fn routes(app: &App) -> Route {
    any_of([
        // The one that is asked most goes first.
        resource(path::VERIFY,    [get(bearer(app).then(guarded::verify))]),
        resource(path::PROTECTED, [get(bearer(app).then(guarded::protected))]),
        resource(path::ME,        [get(bearer(app).then(guarded::me))]),
        resource(path::LOGIN,     [post(json_body(app).and(with(app)).then(account::login))]),
        resource(path::REGISTER,  [post(json_body(app).and(with(app)).then(account::register))]),
        resource(path::CONFIG,    [get(with(app).then(public::config))]),
        resource(path::HEALTHZ,   [get(warp::any().boxed().then(health::healthz))]),
        resource(path::READYZ,    [get(with(app).then(health::readyz))]),
        everything_else(app, frontend::serve),
    ])
}
