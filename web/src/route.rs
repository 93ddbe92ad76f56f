//! Paths, the views they name, and the guard that stands before the protected ones.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::return_path::ReturnPath;

/// Where somebody goes who signs in without having wanted to go anywhere.
pub const AFTER_SIGN_IN: &str = "/protected";

/// Left as they are in a query value: RFC 3986 unreserved characters.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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
    /// `/reset-password#token`: where a reset link leads.
    ResetPassword,
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
            "/reset-password" => Self::ResetPassword,
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
            Self::Home | Self::Protected | Self::ResetPassword | Self::NotFound => None,
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

/// The `next` of a query string, if it may be followed. Of several the first counts.
fn next(query: &str) -> Option<ReturnPath> {
    let raw = query.split('&').find_map(|pair| pair.strip_prefix("next="))?;
    let spaced = raw.replace('+', " ");
    ReturnPath::parse(&percent_decode_str(&spaced).decode_utf8().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_names_its_view() {
        assert_eq!(Route::parse("/"), Route::Home);
        assert_eq!(Route::parse("/?utm=1#top"), Route::Home);
        assert_eq!(Route::parse("/login"), Route::Login(None));
        assert_eq!(Route::parse("/register#x"), Route::Register(None));
        assert_eq!(Route::parse("/protected?a=b"), Route::Protected);
        assert_eq!(Route::parse("/reset-password#t0ken"), Route::ResetPassword);
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
        assert_eq!(admit(&Route::Protected, "/protected", true), Admission::Show);
        assert_eq!(admit(&Route::Home, "/", true), Admission::Show);
    }

    #[test]
    fn the_guard_leaves_public_pages_alone() {
        for path in ["/", "/login", "/register", "/reset-password", "/nowhere"] {
            assert_eq!(admit(&Route::parse(path), path, false), Admission::Show, "{path}");
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
    fn an_encoded_evil_return_path_is_refused_after_decoding() {
        for next in ["%2F%2Fevil.example", "/%5Cevil", "%68ttps:evil", "/%09/evil", "/a+b", "%ff"] {
            assert_eq!(Route::parse(&format!("/login?next={next}")), Route::Login(None), "{next}");
        }
    }

    #[test]
    fn the_return_path_travels_between_login_and_registration() {
        let route = Route::parse("/login?a=b&next=%2Fprotected%3Fx%3D1&next=%2F");
        assert_eq!(register_path(route.next()), "/register?next=%2Fprotected%3Fx%3D1");
        assert_eq!(Route::parse(&register_path(route.next())).onward(), "/protected?x=1");
        assert_eq!(login_path(None), "/login");
    }
}
