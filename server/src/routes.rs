//! The route table.

use hallpass_contract::path;
use warp::Filter as _;

use crate::filters::{Route, any_of, bearer, get, json_body, post, resource, with};
use crate::handlers::{account, frontend, guarded, health, public};
use crate::state::App;

/// Everything the server answers.
pub fn routes(app: &App) -> Route {
    any_of([
        // The one that is asked most goes first.
        resource(
            path::VERIFY,
            "GET, HEAD",
            [get(bearer(app).then(guarded::verify))],
        ),
        resource(
            path::PROTECTED,
            "GET, HEAD",
            [get(bearer(app).then(guarded::protected))],
        ),
        resource(path::ME, "GET, HEAD", [get(bearer(app).then(guarded::me))]),
        resource(
            path::LOGIN,
            "POST",
            [post(json_body(app).and(with(app)).then(account::login))],
        ),
        resource(
            path::REGISTER,
            "POST",
            [post(json_body(app).and(with(app)).then(account::register))],
        ),
        resource(
            path::CONFIG,
            "GET, HEAD",
            [get(with(app).then(public::config))],
        ),
        resource(
            path::HEALTHZ,
            "GET, HEAD",
            [get(warp::any().boxed().then(health::healthz))],
        ),
        resource(
            path::READYZ,
            "GET, HEAD",
            [get(with(app).then(health::readyz))],
        ),
        frontend::route(app),
    ])
}
