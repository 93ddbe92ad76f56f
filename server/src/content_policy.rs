//! The Content-Security-Policy of our pages.

use http::HeaderValue;
use http::header::InvalidHeaderValue;

/// No inline script or style, nothing from elsewhere, no string turned into code.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
                      style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'";

/// The policy of pages that connect to nobody else.
pub(crate) const OWN_ORIGIN_ONLY: HeaderValue = HeaderValue::from_static(POLICY);

/// The policy of pages that may also connect to these origins. The caller must check them: an
/// origin with a semicolon would add a directive.
pub(crate) fn connecting_to(origins: &[String]) -> Result<HeaderValue, InvalidHeaderValue> {
    const CONNECT: &str = "connect-src 'self'";
    let connect = origins.iter().fold(CONNECT.to_owned(), |all, origin| all + " " + origin);
    HeaderValue::try_from(POLICY.replace(CONNECT, &connect))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_join_connect_src_and_nothing_else() {
        assert_eq!(connecting_to(&[]).unwrap(), OWN_ORIGIN_ONLY);
        let both = ["https://a.example".to_owned(), "http://localhost:3000".to_owned()];
        let policy = connecting_to(&both).unwrap();
        let directives = |policy: &HeaderValue| {
            policy.to_str().unwrap().split("; ").map(str::to_owned).collect::<Vec<_>>()
        };
        let differ: Vec<_> = directives(&policy)
            .into_iter()
            .filter(|directive| !directives(&OWN_ORIGIN_ONLY).contains(directive))
            .collect();
        assert_eq!(differ, ["connect-src 'self' https://a.example http://localhost:3000"]);
        assert_eq!(directives(&policy).len(), directives(&OWN_ORIGIN_ONLY).len());
    }
}
