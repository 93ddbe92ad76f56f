//! What an access token opens, and what anyone may know.

use hallpass_contract::{Health, Protected, PublicConfig, Verified, path};
use serde_json::json;

use super::operation::{Operation, operation};
use super::schemas::{JWK_SET, reference};
use crate::problem::Problem;

pub(super) const ACCESS: &str = "Access";
pub(super) const TAG: &str = "Service";

pub(super) fn access() -> Vec<Operation> {
    vec![verify(), protected(), jwks()]
}

fn verify() -> Operation {
    let about = "For other services, and for nginx `auth_request` and Traefik `ForwardAuth`: they \
                 pass the request on if this answers 200. Where the store can't tell, it answers \
                 401. A server of several that has lost touch with the database answers 503.";
    operation(ACCESS, ("get", path::VERIFY), "verify", "Check an access token", about)
        .answers::<Verified>(200, "The token is accepted.")
        .with_header(200, "X-Auth-Subject", "The user's id.")
        .with_header(
            200,
            "X-Auth-Username",
            "The user's name: printable ASCII as it is; `%` and all else percent-encoded UTF-8.",
        )
        .with_header(200, "X-Auth-Roles", "The user's roles, with commas between.")
        .refuses([Problem::only_for_setup(), Problem::out_of_touch(anyhow::anyhow!("an example"))])
}

fn protected() -> Operation {
    let about = "An example of content that only users who are signed in may see.";
    operation(ACCESS, ("get", path::PROTECTED), "protected", "Read the protected content", about)
        .answers::<Protected>(200, "The content.")
        .stores()
}

fn jwks() -> Operation {
    let about = "With these any service can verify access tokens by itself (RFC 7517). They hold \
                 the next key before it signs, so they can be cached across a rotation. Look \
                 again when a token names a `kid` that is not among them.";
    operation(ACCESS, ("get", path::JWKS), "jwks", "Fetch the public keys", about)
        .answers_with(200, "The keys.", "application/jwk-set+json", reference(JWK_SET))
        .cached()
        .with_header(200, "Access-Control-Allow-Origin", "`*`: pages of all origins may read them.")
        .stores()
}

pub(super) fn operations() -> Vec<Operation> {
    vec![config(), openapi(), page(), style(), healthz(), readyz()]
}

fn config() -> Operation {
    let about = "What a frontend must know before anyone has signed in.";
    operation(TAG, ("get", path::CONFIG), "config", "Read the public settings", about)
        .answers::<PublicConfig>(200, "The settings.")
}

fn openapi() -> Operation {
    let about = "This document.";
    operation(TAG, ("get", path::OPENAPI), "openapi", "Fetch the OpenAPI document", about)
        .answers_with(200, "The document.", "application/json", json!({ "type": "object" }))
        .cached()
}

fn page() -> Operation {
    let about = "The OpenAPI document as a page.";
    operation(TAG, ("get", path::DOCS), "docs", "Read about the API", about)
        .answers_with(200, "The page.", "text/html", json!({ "type": "string" }))
        .cached()
}

fn style() -> Operation {
    let about = "How that page looks.";
    operation(TAG, ("get", path::DOCS_STYLE), "docsStyle", "Fetch the page's stylesheet", about)
        .answers_with(200, "The stylesheet.", "text/css", json!({ "type": "string" }))
        .cached()
}

fn healthz() -> Operation {
    let about = "Answers as long as the process does.";
    operation(TAG, ("get", path::HEALTHZ), "healthz", "Probe the process", about)
        .answers::<Health>(200, "It answers.")
}

fn readyz() -> Operation {
    let about = "Tries the store, too. Answers 503 from the signal on that ends the server.";
    operation(TAG, ("get", path::READYZ), "readyz", "Probe the server", about)
        .answers::<Health>(200, "It can do its work.")
        .refuses([Problem::unavailable(anyhow::anyhow!("an example")), Problem::shutting_down()])
}
