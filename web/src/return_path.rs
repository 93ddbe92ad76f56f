//! The paths that a sign-in may return to.

use std::fmt;

/// Longer return paths are no page of ours, and make for a URL that proxies refuse.
const MAX_RETURN_PATH_BYTES: usize = 2048;

/// A path on our own origin to which a sign-in may return. It comes from the URL, so anybody can
/// have written it: only what every URL parser takes for a path on this origin is let through.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReturnPath(String);

impl ReturnPath {
    /// None unless `text` is a plain absolute path of this origin, with or without a query.
    ///
    /// Browsers read `\` as `/`, drop tabs and line breaks, and take a leading `//` for a host; a
    /// `//` further on is refused as well, because `/.//host` normalizes to one that leads. The
    /// sign-in pages themselves are refused: returning to them would go in a circle. They are below
    /// `base`.
    pub fn parse(base: &str, text: &str) -> Option<Self> {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let plain = text.len() <= MAX_RETURN_PATH_BYTES
            && path.starts_with('/')
            && !path.contains("//")
            && !text.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace());
        let circular = matches!(path.strip_prefix(base), Some("/login" | "/register"));
        (plain && !circular).then(|| Self(text.to_owned()))
    }

    /// The same with this fragment, unless it has one. The skip link's fragment is of the page that
    /// it is on.
    pub fn with_fragment(self, base: &str, fragment: &str) -> Option<Self> {
        if matches!(fragment, "" | "main") || self.0.contains('#') {
            return Some(self);
        }
        Self::parse(base, &[&self.0, "#", fragment].concat())
    }

    /// The path, with its query and fragment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn return_path(text: &str) -> Option<String> {
        ReturnPath::parse("", text).map(|path| path.to_string())
    }

    #[test]
    fn a_return_path_on_this_origin_is_accepted() {
        for path in ["/", "/protected", "/protected?tab=1#top", "/a/b-c_d.e", "/q?u=http://x//y"] {
            assert_eq!(return_path(path).as_deref(), Some(path));
        }
    }

    #[test]
    fn a_return_path_that_could_leave_this_origin_is_refused() {
        for path in [
            "",
            "protected",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/.//evil.example",
            "/%2e//evil.example",
            "/\t/evil.example",
            "/\n/evil",
            " /protected",
            "/protected\u{0}",
            "/protected\u{7f}",
            "/a\u{85}b",
            "/a b",
            "?next=/",
            "#/protected",
        ] {
            assert_eq!(return_path(path), None, "{path:?}");
        }
        assert_eq!(return_path(&format!("/{}", "a".repeat(MAX_RETURN_PATH_BYTES))), None);
    }

    #[test]
    fn a_return_path_to_a_sign_in_page_is_refused() {
        for path in ["/login", "/login?next=/login", "/register#x"] {
            assert_eq!(return_path(path), None, "{path}");
        }
        let below = |text| ReturnPath::parse("/auth", text).is_some();
        assert!(!below("/auth/login?next=/") && !below("/auth/register"));
        // A neighbour's page may have the same name.
        assert!(below("/login") && below("/auth/x"));
    }
}
