//! What OAuth clients ask, and what programs and browsers find below `/.well-known`.

use std::time::Duration;

use hallpass_contract::path;
use serde_json::json;

use super::oauth_schemas::{INTROSPECTION, METADATA, TOKEN_FORM};
use super::operation::{Operation, operation};
use super::schemas::reference;
use crate::oauth::{OauthError, OauthForm};
use crate::problem::Problem;
use crate::throttle::RetryAfter;

pub(super) const TAG: &str = "OAuth";

pub(super) fn operations() -> Vec<Operation> {
    vec![metadata(), introspect(), revoke(), change_password()]
}

fn metadata() -> Operation {
    let about = "For programs that know the issuer alone (RFC 8414): where the keys are, and the \
                 endpoints that there are. If the issuer has a path, the same is also at this path \
                 followed by that of the issuer. The URLs begin with `--public-url`, or else with \
                 the name by which the request came.";
    let no_host = Problem::no_host_name();
    operation(TAG, ("get", path::METADATA), "serverMetadata", "Describe the server", about)
        .answers_with(200, "The metadata.", "application/json", reference(METADATA))
        .with_header(200, "Access-Control-Allow-Origin", "`*`: pages of all origins may read it.")
        .refuses([no_host])
}

fn introspect() -> Operation {
    let about = "Whether a token is accepted now, and what it says (RFC 7662). For clients that \
                 `hallpass client add --may introspect` made. Of an access token, all its claims \
                 are told, with the name and the roles of the user as they are now. Of a refresh \
                 token, nothing but whether it is the current one of its session; it stays as it \
                 is. Whatever is wrong with a token, the answer is `{\"active\": false}`.";
    of_client(path::INTROSPECT, "introspect", "Ask about a token", about).answers_with(
        200,
        "What there is to say of the token.",
        "application/json",
        reference(INTROSPECTION),
    )
}

fn revoke() -> Operation {
    let about = "Ends the session of an access token or of a refresh token (RFC 7009). For clients \
                 that `hallpass client add --may revoke` made. After the answer, no server accepts \
                 any token of that session. A token that nobody knows gets the same answer. Both \
                 types can be revoked, so `unsupported_token_type` never comes.";
    of_client(path::REVOKE, "revokeToken", "Revoke a token", about)
        .done(200, "No server accepts the token.")
}

fn of_client(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    about: &'static str,
) -> Operation {
    let example = json!({ "token": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln" });
    operation(TAG, ("post", path), id, summary, about)
        .takes_form(OauthForm::MAX_BYTES, TOKEN_FORM, &example)
        .refuses([
            Problem::oauth(OauthError::InvalidRequest("send a token")),
            Problem::oauth(OauthError::UnauthorizedClient("this client may not do that")),
            RetryAfter(Duration::from_secs(1)).into(),
        ])
        .stores()
}

fn change_password() -> Operation {
    let about = "Password managers look here for the page on which people change their password.";
    let (route, id) = (("get", path::CHANGE_PASSWORD), "changePasswordPage");
    operation(TAG, route, id, "Find the page to change a password", about)
        .done(303, "The page.")
        .with_header(303, "Location", "Its path.")
}
