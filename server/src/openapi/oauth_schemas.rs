//! The schemas of what OAuth clients send and get.

use serde_json::{Value, json};

pub(super) const METADATA: &str = "ServerMetadata";
pub(super) const INTROSPECTION: &str = "Introspection";
pub(super) const TOKEN_FORM: &str = "TokenForm";

/// The body of an error that OAuth clients get.
pub(super) const ERROR: &str = "OauthError";

/// All of them, by name.
pub(super) fn schemas() -> [(&'static str, Value); 4] {
    [
        (METADATA, server_metadata()),
        (TOKEN_FORM, token_form()),
        (INTROSPECTION, introspection()),
        (ERROR, error()),
    ]
}

fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

fn texts(about: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": about })
}

fn seconds(about: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "description": about })
}

fn server_metadata() -> Value {
    json!({
        "type": "object",
        "description": "What programs learn by the issuer (RFC 8414 section 2).",
        "required": ["issuer", "jwks_uri", "response_types_supported"],
        "properties": {
            "issuer": text("The `iss` of all tokens."),
            "jwks_uri": text("Where the public keys are."),
            "introspection_endpoint": text("Where clients ask about tokens."),
            "introspection_endpoint_auth_methods_supported": texts("How clients authenticate there."),
            "revocation_endpoint": text("Where clients revoke tokens."),
            "revocation_endpoint_auth_methods_supported": texts("How clients authenticate there."),
            "service_documentation": text("A page about the API."),
            "response_types_supported": texts("None: people sign in by `POST /api/login`."),
            "grant_types_supported": texts("None."),
        },
    })
}

fn token_form() -> Value {
    let hint =
        "`access_token` or `refresh_token`. It changes nothing: the server sees which it is.";
    json!({
        "type": "object",
        "description": "The token that it is about.",
        "required": ["token"],
        "properties": {
            "token": { "type": "string", "minLength": 1, "description": "The token." },
            "token_type_hint": text(hint),
        },
    })
}

fn introspection() -> Value {
    json!({
        "type": "object",
        "description": "What there is to say of a token (RFC 7662 section 2.2). All but `active` is \
                        there for an access token that is active, and for no other token.",
        "required": ["active"],
        "properties": {
            "active": { "type": "boolean", "description": "Whether the token is accepted now." },
            "token_type": text("`Bearer`."),
            "iss": text("The issuer."),
            "sub": text("The user's id."),
            "aud": {
                "type": ["string", "array"],
                "items": { "type": "string" },
                "description": "Whom the token is for.",
            },
            "exp": seconds("When it expires, in seconds since 1970."),
            "iat": seconds("When it was issued."),
            "nbf": seconds("Before that it is not accepted."),
            "jti": text("The token's id."),
            "client_id": text("The client through which the user signed in."),
            "sid": text("The session's id."),
            "username": text("The user's name now."),
            "roles": texts("The user's roles now."),
            "auth_time": seconds("When the user last proved who they are."),
            "amr": texts("How they proved it (RFC 8176)."),
        },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "description": "An error as OAuth clients expect it (RFC 6749 section 5.2).",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "string",
                "enum": ["invalid_request", "invalid_client", "unauthorized_client"],
                "description": "What is wrong.",
            },
            "error_description": text("What to do about it, for a developer."),
        },
    })
}
