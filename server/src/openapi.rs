//! The OpenAPI 3.1 document of the API, and an HTML page made from it. Both are made at the start.
//! Bodies come from the contract's types, errors from the same problems that the handlers answer
//! with.

mod account;
mod admin;
mod audit;
mod curl;
mod factors;
mod fields;
mod guard;
mod html;
mod integers;
mod json;
mod oauth;
mod oauth_schemas;
mod operation;
mod page;
mod passkeys;
mod refusal;
mod restrictions;
mod schemas;
mod service;
mod sessions;

use serde_json::{Map, Value, json};

use crate::assets::Asset;
use crate::endpoint::Listed;
use crate::proof::password::Policy;
use crate::public_url::PublicUrl;
use crate::refresh_cookie::RefreshCookie;
use operation::Operation;

/// The documents that are served.
#[derive(Debug)]
pub struct Documents {
    /// The OpenAPI document.
    pub openapi: Asset,
    /// The HTML page.
    pub page: Asset,
    /// The page's stylesheet.
    pub style: Asset,
}

impl Documents {
    /// Makes the documents of a server with these endpoints and this policy, reached under
    /// `public_url`.
    pub fn new(policy: Policy, public_url: Option<&PublicUrl>, endpoints: &[Listed]) -> Self {
        let document = document(policy, public_url, endpoints);
        let base = public_url.map_or("", PublicUrl::base);
        let mut bounded = document.clone();
        integers::bound(&mut bounded);
        let order: Vec<_> = operations().map(|of| (of.method, of.path)).collect();
        Self {
            openapi: Asset::generated("openapi.json", bounded.to_string()),
            page: Asset::generated("docs.html", page::page(&document, &order, base)),
            style: Asset::generated("style.css", include_str!("openapi/style.css")),
        }
    }
}

const ABOUT: &str = "\
Registration, login, sessions and access tokens.

Bodies are JSON in UTF-8, at most 16 KiB, or 32 KiB to change a password; fields that are not known are \
ignored, but in `PATCH /api/admin/users/{id}`. `HEAD` works wherever `GET` does. Ids are UUIDs (version \
7), times are RFC 3339 in UTC.

Every error is a problem document (RFC 9457), `application/problem+json`: `type`, `title`, `status` \
and `detail`, and for a form `errors` with a message for each field. What is wrong with a client or its \
request, `/oauth/introspect` and `/oauth/revoke` say as RFC 6749 has it, with `error`. A method that a path does not \
have is a 405 with `Allow`, and a request without exactly one `Host` header a 400.

An access token is sent as `Authorization: Bearer`. It lives for minutes; `POST /api/refresh` hands \
out the next one for the refresh cookie, which no script can read. A request that the cookie \
authenticates must come from the server's own pages. Some actions need a fresh token: one whose \
user gave their password not long ago. Without, the answer is a 401 with \
`insufficient_user_authentication` (RFC 9470), and `POST /api/me/reauthenticate` helps.

Every answer has an `X-Request-Id`, which is in the server's log, too.";

/// The tags, in the order of the page.
const TAGS: [(&str, &str); 8] = [
    (account::TAG, "How an account comes to be, gets another password, and goes."),
    (sessions::TAG, "Signing in, staying signed in, signing out."),
    (factors::TAG, "One-time codes, recovery codes and passkeys."),
    (service::ACCESS, "What an access token opens, and how others check one."),
    (oauth::TAG, "What services ask about tokens, and what programs find by the issuer."),
    (guard::TAG, "How proxies show the pages of other applications to whoever is signed in."),
    (admin::TAG, "What users with the role `admin` do with other users and with keys."),
    (service::TAG, "What a frontend, a program or an orchestrator asks about the server."),
];

/// The OpenAPI document.
pub(crate) fn document(
    policy: Policy,
    public_url: Option<&PublicUrl>,
    endpoints: &[Listed],
) -> Value {
    let server = public_url.map_or_else(|| "/".to_owned(), PublicUrl::to_string);
    let cookie = RefreshCookie::below(public_url.map_or("", PublicUrl::base));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hallpass",
            "summary": "A login service that you can measure",
            "description": ABOUT,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": server, "x-internal": false }],
        "tags": TAGS.map(|(name, text)| json!({ "name": name, "description": text })),
        "paths": paths(policy, endpoints),
        "components": {
            "schemas": schemas::schemas(policy),
            "securitySchemes": operation::security_schemes(cookie.name()),
        },
    })
}

/// All operations, in the order of the page.
fn operations() -> impl Iterator<Item = Operation> {
    let users = account::operations().into_iter().chain(sessions::operations());
    let users = users.chain(factors::operations()).chain(passkeys::operations());
    let admins = admin::operations()
        .into_iter()
        .chain([factors::reset()])
        .chain(restrictions::operations())
        .chain(audit::operations());
    let others = admins.chain(service::operations());
    let access = service::access().into_iter().chain(oauth::operations());
    users.chain(access).chain(guard::operations()).chain(others)
}

/// The endpoints of the route table, each with its description.
fn paths(policy: Policy, endpoints: &[Listed]) -> Map<String, Value> {
    let mut paths = Map::new();
    for operation in operations() {
        let is_it = |it: &&Listed| operation.is(it);
        let Some(endpoint) = endpoints.iter().find(is_it) else { continue };
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        let method = operation.method;
        item[method] = operation.needing(endpoint.needs).to_json();
        let body = item[method].pointer_mut("/requestBody/content/application~1json");
        body.into_iter().for_each(|body| schemas::suit(policy, &mut body["example"]));
    }
    paths
}
