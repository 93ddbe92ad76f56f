//! Paths, the views they name, and the guard that stands before the protected ones.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Where somebody goes who signs in without having wanted to go anywhere.
pub const AFTER_SIGN_IN: &str = "/protected";

/// Longer return paths are no page of ours, and make for a URL that proxies refuse.
const MAX_RETURN_PATH_BYTES: usize = 2048;

/// Left as they are in a query value: RFC 3986 unreserved characters.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A place in the frontend, as its URL names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Route {
    /// `/`
    Home,
    /// `/login?next=`: where to go on to.
    Login(Option<ReturnPath>),
    /// `/register?next=`: where to go on to.
    Register(Option<ReturnPath>),
    /// `/protected`: guarded.
    Protected,
    /// Any other path.
    NotFound,
}

impl Route {
    /// Reads a path with its query and fragment, as in an address bar after the origin.
    pub fn parse(target: &str) -> Self {
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match path {
            "/" => Self::Home,
            "/login" => Self::Login(next(query)),
            "/register" => Self::Register(next(query)),
            "/protected" => Self::Protected,
            _ => Self::NotFound,
        }
    }

    /// Where a sign-in on this page leads.
    pub fn onward(&self) -> &str {
        self.next().map_or(AFTER_SIGN_IN, ReturnPath::as_str)
    }

    /// The return path that this page carries along.
    pub fn next(&self) -> Option<&ReturnPath> {
        match self {
            Self::Login(next) | Self::Register(next) => next.as_ref(),
            Self::Home | Self::Protected | Self::NotFound => None,
        }
    }
}

/// The path of the sign-in page that returns to `next`.
pub fn login_path(next: Option<&ReturnPath>) -> String {
    with_next("/login", next)
}

/// The path of the registration page that returns to `next`.
pub fn register_path(next: Option<&ReturnPath>) -> String {
    with_next("/register", next)
}

fn with_next(page: &str, next: Option<&ReturnPath>) -> String {
    let mut path = page.to_owned();
    if let Some(next) = next {
        path.push_str("?next=");
        path.extend(utf8_percent_encode(next.as_str(), QUERY_VALUE));
    }
    path
}

/// What the guard says to somebody who wants to see a route.
#[derive(Debug, Eq, PartialEq)]
pub enum Admission {
    /// Come in.
    Show,
    /// Sign in first, at this path.
    SignInFirst(String),
    /// Already signed in: go on to this path.
    GoOn(String),
}

/// The guard. `target` is the path that led to `route`, to which a sign-in returns.
pub fn admit(route: &Route, target: &str, signed_in: bool) -> Admission {
    match route {
        Route::Protected if !signed_in => {
            Admission::SignInFirst(login_path(ReturnPath::parse(target).as_ref()))
        }
        Route::Login(_) | Route::Register(_) if signed_in => {
            Admission::GoOn(route.onward().to_owned())
        }
        _ => Admission::Show,
    }
}

/// A path on our own origin to which a sign-in may return. It comes from the URL, so anybody can
/// have written it: only what every URL parser takes for a path on this origin is let through.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReturnPath(String);

impl ReturnPath {
    /// None unless `text` is a plain absolute path of this origin, with or without a query.
    ///
    /// Browsers read `\` as `/`, drop tabs and line breaks, and take a leading `//` for a host; a
    /// `//` further on is refused as well, because `/.//host` normalizes to one that leads. The
    /// sign-in pages themselves are refused: returning to them would go in a circle.
    pub fn parse(text: &str) -> Option<Self> {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let plain = text.len() <= MAX_RETURN_PATH_BYTES
            && path.starts_with('/')
            && !path.contains("//")
            && !text
                .chars()
                .any(|c| c == '\\' || c.is_control() || c.is_whitespace());
        let circular = matches!(path, "/login" | "/register");
        (plain && !circular).then(|| Self(text.to_owned()))
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

/// The `next` of a query string, if it may be followed. Of several the first counts.
fn next(query: &str) -> Option<ReturnPath> {
    let raw = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("next="))?;
    let spaced = raw.replace('+', " ");
    ReturnPath::parse(&percent_decode_str(&spaced).decode_utf8().ok()?)
}

/// What the shell knows about a click on a link.
#[derive(Clone, Debug, Default)]
pub struct LinkClick {
    /// The link's resolved origin.
    pub origin: String,
    /// The link's resolved path, query and fragment.
    pub target: String,
    /// The primary button, and no key that asks the browser for another tab, window or download.
    pub plain: bool,
    /// The link names a browsing context or a download of its own.
    pub elsewhere: bool,
}

/// The path to navigate to without loading a page, or none where the browser should follow the
/// link itself: other origins, other tabs, fragments of this page, and paths that are the server's.
pub fn internal_target<'a>(click: &'a LinkClick, own_origin: &str) -> Option<&'a str> {
    let ours = click.plain
        && !click.elsewhere
        && click.origin == own_origin
        && !click.target.contains('#')
        && Route::parse(&click.target) != Route::NotFound;
    ours.then_some(click.target.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn return_path(text: &str) -> Option<String> {
        ReturnPath::parse(text).map(|path| path.to_string())
    }

    #[test]
    fn each_path_names_its_view() {
        assert_eq!(Route::parse("/"), Route::Home);
        assert_eq!(Route::parse("/?utm=1#top"), Route::Home);
        assert_eq!(Route::parse("/login"), Route::Login(None));
        assert_eq!(Route::parse("/register#x"), Route::Register(None));
        assert_eq!(Route::parse("/protected?a=b"), Route::Protected);
        assert_eq!(Route::parse("/protected/"), Route::NotFound);
        assert_eq!(Route::parse("/LOGIN"), Route::NotFound);
    }

    #[test]
    fn the_guard_sends_a_signed_out_visitor_to_login_and_remembers_the_way() {
        let admission = admit(&Route::Protected, "/protected?a=1&b=%20", false);
        let expected = "/login?next=%2Fprotected%3Fa%3D1%26b%3D%2520";
        assert_eq!(admission, Admission::SignInFirst(expected.into()));
        assert_eq!(Route::parse(expected).onward(), "/protected?a=1&b=%20");
    }

    #[test]
    fn the_guard_lets_a_signed_in_visitor_through() {
        assert_eq!(
            admit(&Route::Protected, "/protected", true),
            Admission::Show
        );
        assert_eq!(admit(&Route::Home, "/", true), Admission::Show);
    }

    #[test]
    fn the_guard_leaves_public_pages_alone() {
        for path in ["/", "/login", "/register", "/nowhere"] {
            assert_eq!(
                admit(&Route::parse(path), path, false),
                Admission::Show,
                "{path}"
            );
        }
    }

    #[test]
    fn a_signed_in_visitor_of_a_sign_in_page_is_sent_on() {
        for (path, onward) in [
            ("/login", "/protected"),
            ("/register?next=%2F%3Fa", "/?a"),
            ("/login?next=https%3A%2F%2Fevil.example", "/protected"),
        ] {
            let admission = admit(&Route::parse(path), path, true);
            assert_eq!(admission, Admission::GoOn(onward.into()), "{path}");
        }
    }

    #[test]
    fn a_return_path_on_this_origin_is_accepted() {
        for path in [
            "/",
            "/protected",
            "/protected?tab=1#top",
            "/a/b-c_d.e",
            "/q?u=http://x//y",
        ] {
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
        assert_eq!(
            return_path(&format!("/{}", "a".repeat(MAX_RETURN_PATH_BYTES))),
            None
        );
    }

    #[test]
    fn a_return_path_to_a_sign_in_page_is_refused() {
        for path in ["/login", "/login?next=/login", "/register#x"] {
            assert_eq!(return_path(path), None, "{path}");
        }
    }

    #[test]
    fn an_encoded_evil_return_path_is_refused_after_decoding() {
        for next in [
            "%2F%2Fevil.example",
            "/%5Cevil",
            "%68ttps:evil",
            "/%09/evil",
            "/a+b",
            "%ff",
        ] {
            assert_eq!(
                Route::parse(&format!("/login?next={next}")),
                Route::Login(None),
                "{next}"
            );
        }
    }

    #[test]
    fn the_return_path_travels_between_login_and_registration() {
        let route = Route::parse("/login?a=b&next=%2Fprotected%3Fx%3D1&next=%2F");
        assert_eq!(
            register_path(route.next()),
            "/register?next=%2Fprotected%3Fx%3D1"
        );
        assert_eq!(
            Route::parse(&register_path(route.next())).onward(),
            "/protected?x=1"
        );
        assert_eq!(login_path(None), "/login");
    }

    fn click(target: &str) -> LinkClick {
        LinkClick {
            origin: "http://127.0.0.1:8080".into(),
            target: target.into(),
            plain: true,
            elsewhere: false,
        }
    }

    #[test]
    fn a_plain_click_on_a_page_of_ours_loads_no_page() {
        let login = click("/login?next=%2F");
        assert_eq!(
            internal_target(&login, "http://127.0.0.1:8080"),
            Some("/login?next=%2F")
        );
    }

    #[test]
    fn the_browser_follows_every_other_link_itself() {
        let own = "http://127.0.0.1:8080";
        let others = [
            click("/docs"),
            click("/#main"),
            LinkClick {
                plain: false,
                ..click("/login")
            },
            LinkClick {
                elsewhere: true,
                ..click("/login")
            },
            LinkClick {
                origin: "http://127.0.0.1:8081".into(),
                ..click("/login")
            },
        ];
        for other in others {
            assert_eq!(internal_target(&other, own), None, "{other:?}");
        }
    }
}
