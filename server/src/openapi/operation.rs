//! One operation of the API, and its part of the document.

use std::collections::BTreeMap;
use std::time::Duration;

use hallpass_contract::{ADMIN_ROLE, GUARD_COOKIE};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::json::FORM;
use super::refusal::refusal;
use super::schemas::reference;
use crate::body::{self, Form};
use crate::endpoint::{Listed, Needs};
use crate::metrics::ANY;
use crate::oauth::OauthError;
use crate::problem::Problem;
use crate::proof::password::PoolError;
use crate::throttle::RetryAfter;
use crate::token::TokenError;

/// The names of the ways to authenticate.
const TOKEN: &str = "accessToken";
const COOKIE: &str = "refreshCookie";
const GUARD: &str = "guardCookie";
const CLIENT: &str = "clientSecret";

/// A method of a path.
pub(super) struct Operation {
    pub(super) path: &'static str,
    /// In lower case, as in the document.
    pub(super) method: &'static str,
    fields: Map<String, Value>,
    parameters: Vec<Value>,
    answers: BTreeMap<u16, Value>,
    refusals: Vec<Problem>,
}

/// An operation, without what its caller needs: that comes from the route table.
pub(super) fn operation(
    tag: &str,
    (method, path): (&'static str, &'static str),
    id: &str,
    summary: &str,
    description: &str,
) -> Operation {
    let mut fields = Map::new();
    for (name, text) in [("operationId", id), ("summary", summary), ("description", description)] {
        fields.insert(name.to_owned(), text.into());
    }
    fields.insert("tags".to_owned(), json!([tag]));
    fields.insert("security".to_owned(), json!([]));
    let (parameters, answers, refusals) = (Vec::new(), BTreeMap::new(), Vec::new());
    Operation { path, method, fields, parameters, answers, refusals }
}

impl Operation {
    /// Whether it describes this endpoint.
    pub(super) fn is(&self, endpoint: &Listed) -> bool {
        let is_any = endpoint.method == ANY && self.method == "get";
        let is_method = is_any || self.method.eq_ignore_ascii_case(endpoint.method);
        self.path == endpoint.path && is_method
    }

    /// Adds who may use it, and the answers for everybody else.
    pub(super) fn needing(mut self, needs: Needs) -> Self {
        use Needs::{
            Admin, AdminOverUser, Client, Cookie, CookieOrRedirect, FreshAdmin, FreshOrSetup,
            FreshToken, GuardCookie, GuardCookieOrRedirect, Nothing, TokenOrCookie,
        };
        let is_admin = matches!(needs, Admin | AdminOverUser | FreshAdmin);
        let roles: &[&str] = if is_admin { &[ADMIN_ROLE] } else { &[] };
        let security = match needs {
            Nothing => json!([]),
            Client => json!([{ CLIENT: [] }]),
            Cookie => json!([{ COOKIE: [] }]),
            TokenOrCookie => json!([{ TOKEN: [] }, { COOKIE: [] }]),
            GuardCookie | GuardCookieOrRedirect => json!([{ GUARD: [] }]),
            CookieOrRedirect => json!([{ COOKIE: [] }]),
            _ => json!([{ TOKEN: roles }]),
        };
        self.fields.insert("security".to_owned(), security);
        if matches!(needs, FreshToken | FreshOrSetup | FreshAdmin) {
            self.fields.insert("x-fresh".to_owned(), true.into());
        }
        self.refusals.splice(0..0, refusals_of(needs));
        match needs {
            Cookie => self.same_origin(json!({ "type": "string", "enum": ["same-origin"] })),
            // Needed only without an access token.
            TokenOrCookie => self.same_origin(json!({ "type": "string" })),
            _ => self,
        }
    }

    fn same_origin(self, schema: Value) -> Self {
        let about = "With the cookie it must be `same-origin`; browsers see to it. Without this \
                     header, an `Origin` that is the server's own does as well.";
        self.parameter("header", "Sec-Fetch-Site", about, schema)
    }

    /// Describes `{id}` in its path.
    pub(super) fn of(self, whose: &str) -> Self {
        self.of_kind(whose, json!({ "type": "string", "format": "uuid" }))
    }

    /// As [`of`](Self::of), where it is no UUID.
    pub(super) fn of_kind(mut self, whose: &str, schema: Value) -> Self {
        self = self.parameter("path", "id", whose, schema).refuses([Problem::not_found()]);
        self.parameters.iter_mut().for_each(|parameter| {
            parameter["required"] = (parameter["in"] == "path").into();
        });
        self
    }

    /// Adds a parameter: something that may be sent besides the body.
    pub(super) fn parameter(mut self, place: &str, name: &str, text: &str, schema: Value) -> Self {
        let mut parameter = json!({ "name": name, "in": place, "description": text });
        parameter["schema"] = schema;
        self.parameters.push(parameter);
        self
    }

    /// As [`parameter`](Self::parameter), for one that must be sent.
    pub(super) fn needed(self, place: &str, name: &str, text: &str, schema: Value) -> Self {
        let mut operation = self.parameter(place, name, text, schema);
        operation.parameters.iter_mut().rev().take(1).for_each(|it| it["required"] = true.into());
        operation
    }

    /// Adds the request body. `schema` is the one of `T` or a stricter one.
    pub(super) fn takes<T: Form>(mut self, schema: &str, example: &Value) -> Self {
        let content = json!({ "schema": reference(schema), "example": example });
        let body = json!({ "required": true, "content": { "application/json": content } });
        self.fields.insert("requestBody".to_owned(), body);
        self.refuses(body::refusals::<T>())
    }

    /// Adds the request body, a form of at most so many bytes.
    pub(super) fn takes_form(mut self, most: usize, schema: &str, example: &Value) -> Self {
        let content = json!({ "schema": reference(schema), "example": example });
        let body = json!({ "required": true, "content": { FORM: content } });
        self.fields.insert("requestBody".to_owned(), body);
        self.refuses(body::form_refusals(most))
    }

    /// Adds an answer in JSON.
    pub(super) fn answers<T: ToSchema>(self, status: u16, text: &str) -> Self {
        self.answers_with(status, text, "application/json", reference(&T::name()))
    }

    /// Adds an answer of this media type.
    pub(super) fn answers_with(
        mut self,
        status: u16,
        text: &str,
        media_type: &str,
        schema: Value,
    ) -> Self {
        let mut content = json!({});
        content[media_type]["schema"] = schema;
        self.answers.insert(status, json!({ "description": text, "content": content }));
        self
    }

    /// Adds an answer without a body.
    pub(super) fn done(mut self, status: u16, text: &str) -> Self {
        self.answers.insert(status, json!({ "description": text }));
        self
    }

    /// Adds a header to the answer of that status.
    pub(super) fn with_header(mut self, status: u16, name: &str, text: &str) -> Self {
        let answer = self.answers.entry(status).or_default();
        let schema = json!({ "type": "string" });
        answer["headers"][name] =
            json!({ "description": text, "required": true, "schema": schema });
        self
    }

    /// Adds a 304 for clients that name the entity tag they have.
    pub(super) fn cached(self) -> Self {
        let about = "The `ETag` of what the client has already.";
        self.parameter("header", "If-None-Match", about, json!({ "type": "string" }))
            .done(304, "It is still the same.")
            .with_header(200, "ETag", "The tag of this answer.")
            .with_header(304, "ETag", "The tag of this answer.")
    }

    /// Adds these problems as answers.
    pub(super) fn refuses(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        self.refusals.extend(problems);
        self
    }

    /// Adds the answers of operations that use passwords: too many attempts, or an overloaded
    /// server.
    pub(super) fn throttled(self) -> Self {
        let wait = Duration::from_secs(20);
        self.refuses([RetryAfter(wait).into()]).hashes()
    }

    fn hashes(self) -> Self {
        let retry_after = Duration::from_secs(2);
        self.refuses([PoolError::Overloaded { retry_after }.into()])
    }

    /// Adds the answer of operations that use the store: it may fail.
    pub(super) fn stores(self) -> Self {
        let cause = || anyhow::anyhow!("an example");
        self.refuses([Problem::internal(cause()), Problem::unavailable(cause())])
    }

    /// The operation as the document shows it.
    pub(super) fn to_json(&self) -> Value {
        let mut fields = self.fields.clone();
        if !self.parameters.is_empty() {
            fields.insert("parameters".to_owned(), self.parameters.clone().into());
        }
        let mut by_status: BTreeMap<u16, Vec<&Problem>> = BTreeMap::new();
        for problem in &self.refusals {
            by_status.entry(problem.status().as_u16()).or_default().push(problem);
        }
        let refusals = by_status.iter().map(|(status, problems)| (*status, refusal(problems)));
        let answers = self.answers.clone().into_iter().chain(refusals);
        let answers: Map<_, _> =
            answers.map(|(status, answer)| (status.to_string(), answer)).collect();
        fields.insert("responses".to_owned(), answers.into());
        fields.into()
    }
}

/// The answers to a caller who lacks what an endpoint needs.
fn refusals_of(needs: Needs) -> Vec<Problem> {
    use Needs::{
        Admin, AdminOverUser, Client, Cookie, CookieOrRedirect, FreshAdmin, FreshOrSetup,
        FreshToken, GuardCookie, GuardCookieOrRedirect, Nothing, Token, TokenOrCookie,
    };
    let mut refusals = match needs {
        Nothing | GuardCookie | GuardCookieOrRedirect | CookieOrRedirect => return Vec::new(),
        Client => return vec![Problem::oauth(OauthError::InvalidClient)],
        Cookie => vec![Problem::no_refresh_cookie(), Problem::session_ended()],
        _ => vec![Problem::no_credentials(), TokenError::Expired.into(), Problem::session_ended()],
    };
    if matches!(needs, Token | FreshToken | Admin | AdminOverUser | FreshAdmin) {
        refusals.push(Problem::second_factor_setup_required());
    }
    if matches!(needs, FreshToken | FreshOrSetup | FreshAdmin | AdminOverUser) {
        refusals.push(Problem::not_fresh(Duration::from_secs(300)));
    }
    if matches!(needs, Admin | AdminOverUser | FreshAdmin) {
        refusals.push(Problem::missing_role(ADMIN_ROLE));
    }
    if matches!(needs, Cookie | TokenOrCookie) {
        refusals.push(Problem::cross_site());
    }
    refusals
}

/// How callers authenticate.
pub(super) fn security_schemes(refresh_cookie: &str) -> Value {
    json!({
        TOKEN: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token of a login (RFC 6750), a JWT in the shape of RFC 9068, made and checked as RFC8725 asks: each key has one algorithm, and type, issuer and audience are looked at. Its `amr` says how the user proved who they are (RFC 8176): `[\"pwd\"]`, by a password; `[\"pwd\", \"otp\", \"mfa\"]`, by a password and a one-time or recovery code; `hwk` or `swk`, by a passkey that stays in one device or not.",
        },
        CLIENT: {
            "type": "http",
            "scheme": "basic",
            "description": "The name and the secret of a client that `hallpass client add` made. \
                            They can be sent as `client_id` and `client_secret` of the form instead.",
        },
        COOKIE: {
            "type": "apiKey",
            "in": "cookie",
            "name": refresh_cookie,
            "description": "The refresh token; browsers keep it and send it from the server's own \
                            pages, out of reach of their scripts.",
        },
        GUARD: {
            "type": "apiKey",
            "in": "cookie",
            "name": GUARD_COOKIE,
            "description": "The cookie of a guarded site. It opens that site's pages, and nothing else.",
        },
    })
}
