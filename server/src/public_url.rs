//! The address under which browsers reach the server.

use std::fmt;

use url::{Origin, Url};

/// An address such as `https://login.example`, or `https://example.org/auth` for a server that
/// shares its host with others. The two parts are kept apart: requests and passkeys are compared
/// with the origin, and links and cookies have the path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicUrl {
    origin: String,
    base: String,
}

impl PublicUrl {
    /// Reads an address. It is strict, since the path goes into pages, headers and a cookie.
    ///
    /// # Errors
    ///
    /// A phrase that says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        const GIVE: &str = "give an http or https URL, such as https://login.example";
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| GIVE)?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        if !is_plain || !matches!(url.origin(), Origin::Tuple(_, _, _) if is_http(&url)) {
            return Err(GIVE.into());
        }
        if text.contains(['?', '#']) {
            return Err("leave out the query and the fragment".into());
        }
        let base = url.path().strip_suffix('/').unwrap_or_else(|| url.path());
        // `Url` reads a backslash as a slash and removes dot segments, in whatever spelling.
        let is_as_written = !text.contains(['\\', '%']) && !text.split('/').any(is_dots);
        if !is_as_written || !base.split('/').skip(1).all(is_segment) {
            return Err(
                "the path may have letters, digits and -._~ between single slashes, as in \
                        https://example.org/auth"
                    .into(),
            );
        }
        Ok(Self { origin: url.origin().ascii_serialization(), base: base.to_owned() })
    }

    /// Scheme, host and port, as browsers write them.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path below which the server is, such as `/auth`. Empty if it has the whole host.
    pub fn base(&self) -> &str {
        &self.base
    }
}

/// The address, without a slash at its end.
impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.base)
    }
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// RFC 3986 unreserved characters alone, which nobody encodes or escapes.
fn is_segment(segment: &str) -> bool {
    let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    !segment.is_empty() && segment.chars().all(is_unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_and_path_are_told_apart() {
        for (text, origin, base) in [
            ("https://login.example", "https://login.example", ""),
            ("https://Login.Example:443/", "https://login.example", ""),
            ("http://[::1]:8080", "http://[::1]:8080", ""),
            ("https://example.org/auth", "https://example.org", "/auth"),
            ("https://example.org:8443/auth/", "https://example.org:8443", "/auth"),
            ("https://example.org/Team_1/s.s-o~", "https://example.org", "/Team_1/s.s-o~"),
        ] {
            let url = PublicUrl::parse(text).unwrap();
            assert_eq!((url.origin(), url.base()), (origin, base), "{text}");
            assert_eq!(url.to_string(), format!("{origin}{base}"));
        }
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for text in [
            "",
            "login.example",
            "ftp://login.example/auth",
            "urn:login",
            "https://ada@login.example",
            "https://:secret@login.example/auth",
        ] {
            assert!(
                PublicUrl::parse(text).unwrap_err().contains("https://login.example"),
                "{text}"
            );
        }
        for text in ["https://a.example/auth?x", "https://a.example/?", "https://a.example/auth#x"]
        {
            assert!(PublicUrl::parse(text).unwrap_err().contains("query"), "{text}");
        }
        for path in [
            "//",
            "//auth",
            "/auth//",
            "/a//b",
            "/.",
            "/..",
            "/a/./b",
            "/a/../b",
            "/%2e%2e/b",
            "/a%20b",
            "/a b",
            "/a;b",
            "/a,b",
            "/a\"b",
            "/a'b",
            "/a<b",
            "/a&b",
            "/caf\u{e9}",
            "\\auth",
            "/a\\b",
            "/a:b",
            "/a=b",
            "/{a}",
            "/*",
        ] {
            let text = format!("https://example.org{path}");
            assert!(PublicUrl::parse(&text).unwrap_err().contains("single slashes"), "{text}");
        }
    }
}
