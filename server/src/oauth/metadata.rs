//! What programs learn of the server by its issuer (RFC 8414).

use hallpass_contract::path;
use serde_json::{Value, json};
use url::Url;

/// How clients authenticate.
const METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// The metadata of a server with this issuer, which is reached at `address`.
pub(crate) fn metadata(issuer: &str, address: &str) -> Value {
    let at = |path: &str| format!("{address}{path}");
    json!({
        "issuer": issuer,
        "jwks_uri": at(path::JWKS),
        "introspection_endpoint": at(path::INTROSPECT),
        "introspection_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint": at(path::REVOKE),
        "revocation_endpoint_auth_methods_supported": METHODS,
        "service_documentation": at(path::DOCS),
        // Tokens come from the server's own login. RFC 8414 demands the first of these, and takes
        // it for other grants where the second is missing.
        "response_types_supported": [],
        "grant_types_supported": [],
    })
}

/// Where programs look that know the issuer: its path comes last (RFC 8414 section 3.1). None if it
/// has no path, and the metadata are at [`path::METADATA`] alone.
pub(crate) fn metadata_path(issuer: &str) -> Option<String> {
    let url = Url::parse(issuer).ok()?;
    let path = url.path().trim_end_matches('/');
    (!path.is_empty() && url.has_host()).then(|| format!("{}{path}", path::METADATA))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_issuer_comes_last() {
        let tenant = "/.well-known/oauth-authorization-server/tenant/1";
        for (issuer, path) in [
            ("https://login.example", None),
            ("https://login.example/", None),
            ("https://login.example/tenant/1", Some(tenant)),
            ("https://login.example/tenant/1/", Some(tenant)),
            ("urn:example:issuer", None),
            ("just a name", None),
        ] {
            assert_eq!(metadata_path(issuer).as_deref(), path, "{issuer}");
        }
    }
}
