//! The interceptor: which requests carry the access token.

use hallpass_contract::{PublicConfig, Secret};

/// A resolved address, as far as it decides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Url {
    /// Scheme, host and port, as browsers write them.
    pub origin: String,
    /// The path, without query and fragment.
    pub path: String,
}

/// Where the token may go.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    own_origin: &'a str,
    origins: &'a [String],
    excluded: &'a [String],
}

impl<'a> Rules<'a> {
    /// To the page's own origin, and where the server's configuration allows it beyond.
    pub fn new(own_origin: &'a str, config: Option<&'a PublicConfig>) -> Self {
        let (origins, excluded) = config
            .map(|config| (config.token_origins.as_slice(), config.no_token_paths.as_slice()))
            .unwrap_or_default();
        Self { own_origin, origins, excluded }
    }

    /// Whether a request to this address may carry the token: the origin is one of those, to the
    /// letter, and the path is not excluded. The opaque origin `null` is never allowed: all opaque
    /// pages share it.
    pub fn admit(&self, url: &Url) -> bool {
        let origin = url.origin.as_str();
        let known = origin == self.own_origin || self.origins.iter().any(|known| known == origin);
        known
            && !origin.is_empty()
            && origin != "null"
            && !self.excluded.iter().any(|pattern| matches(pattern, url))
    }
}

/// A pattern is a path. With `/*` at its end it is all paths below. An origin before the path
/// limits the pattern to that origin.
fn matches(pattern: &str, url: &Url) -> bool {
    let path = if pattern.starts_with('/') {
        pattern
    } else {
        match pattern.strip_prefix(url.origin.as_str()) {
            Some(path) if path.starts_with('/') => path,
            _ => return false,
        }
    };
    match path.strip_suffix('*') {
        Some(start) => url.path.starts_with(start),
        None => url.path == path,
    }
}

/// The value of a request's `Authorization` header (RFC 6750 section 2.1), or none where the token
/// must not go.
pub fn authorization(url: &Url, rules: &Rules<'_>, token: Option<&Secret>) -> Option<String> {
    let token = token.filter(|_| rules.admit(url))?;
    Some(["Bearer ", token.expose()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::config;

    const OWN: &str = "https://login.example";

    fn url(origin: &str, path: &str) -> Url {
        Url { origin: origin.into(), path: path.into() }
    }

    fn is_admitted(config: &PublicConfig, origin: &str, path: &str) -> bool {
        Rules::new(OWN, Some(config)).admit(&url(origin, path))
    }

    #[test]
    fn a_request_to_our_own_origin_carries_the_token() {
        let rules = Rules::new(OWN, None);
        let header = authorization(&url(OWN, "/api/me"), &rules, Some(&"t0ken".into()));
        assert_eq!(header.as_deref(), Some("Bearer t0ken"));
        assert_eq!(authorization(&url(OWN, "/api/me"), &rules, None), None, "signed out");
    }

    #[test]
    fn a_request_to_any_other_origin_carries_none() {
        let config = PublicConfig { token_origins: vec!["https://api.example".into()], ..config() };
        for origin in [
            "http://login.example",
            "https://login.example:8443",
            "https://login.example.evil.example",
            "https://api.example.evil.example",
            "https://sub.api.example",
            "http://api.example",
            "https://evil.example",
            "null",
            "",
        ] {
            assert!(!is_admitted(&config, origin, "/"), "{origin}");
        }
        assert!(is_admitted(&config, "https://api.example", "/"));
    }

    #[test]
    fn an_opaque_origin_is_nobodys_own() {
        for origin in ["null", ""] {
            assert!(!Rules::new(origin, None).admit(&url(origin, "/")));
        }
    }

    #[test]
    fn excluded_paths_carry_none() {
        let config = PublicConfig {
            token_origins: vec!["https://api.example".into()],
            no_token_paths: ["/status", "/public/*", "https://api.example/open/*"]
                .map(String::from)
                .into(),
            ..config()
        };
        for (origin, path, admitted) in [
            (OWN, "/status", false),
            (OWN, "/status/more", true),
            (OWN, "/public/a/b", false),
            (OWN, "/publicity", true),
            (OWN, "/open/x", true),
            ("https://api.example", "/open/x", false),
            ("https://api.example", "/public/", false),
            ("https://api.example", "/private", true),
        ] {
            assert_eq!(is_admitted(&config, origin, path), admitted, "{origin}{path}");
        }
    }
}
