//! Paths, the views they name, and the guard that stands before the protected ones.

use hallpass_contract::{ADMIN_ROLE, page, path as api};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::return_path::ReturnPath;
use crate::session::Session;

/// Where somebody goes who signs in without having wanted to go anywhere.
pub const AFTER_SIGN_IN: &str = page::PROTECTED;

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
    /// `/account`: guarded.
    Account,
    /// `/admin?search=&after=`: guarded, for admins; which users.
    Admin(UsersPage),
    /// `/reset-password#token`: where a reset link leads.
    ResetPassword,
    /// At one of the sign-in pages, on the way to this page, which is not ours. No path names it.
    Onward(String),
    /// Any other path.
    NotFound,
}

/// A page of users.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UsersPage {
    /// Of those whose names hold this, encoded as in the address.
    pub search: Option<String>,
    /// The ones after the one with this id.
    pub after: Option<String>,
}

impl UsersPage {
    fn parse(query: &str) -> Self {
        Self { search: parameter(query, api::SEARCH), after: parameter(query, api::AFTER) }
    }

    /// The parameters that name it, each with `start` before the first.
    pub fn query(&self, start: &'static str) -> String {
        let mut query = String::new();
        for (name, value) in [(api::SEARCH, &self.search), (api::AFTER, &self.after)] {
            if let Some(value) = value {
                query.push_str(if query.is_empty() { start } else { "&" });
                query.extend([name, "=", value]);
            }
        }
        query
    }
}

impl Route {
    /// Reads a path with its query and fragment, as in an address bar after the origin. Ours are
    /// below `base`.
    pub fn parse(base: &str, target: &str) -> Self {
        let (target, fragment) = target.split_once('#').unwrap_or((target, ""));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let Some(path) = path.strip_prefix(base) else { return Self::NotFound };
        match path {
            "" | page::HOME => Self::Home,
            page::LOGIN => Self::Login(next(base, query, fragment)),
            page::REGISTER => Self::Register(next(base, query, fragment)),
            page::PROTECTED => Self::Protected,
            page::ACCOUNT => Self::Account,
            page::ADMIN => Self::Admin(UsersPage::parse(query)),
            page::RESET_PASSWORD => Self::ResetPassword,
            _ => Self::NotFound,
        }
    }

    /// The way to a page that is not ours but the server's or another application's.
    pub fn elsewhere(base: &str, path: &str) -> Option<Self> {
        (Self::parse(base, path) == Self::NotFound).then(|| Self::Onward(path.to_owned()))
    }

    /// Where a sign-in on this page leads.
    pub fn onward(&self, base: &str) -> String {
        self.next().map_or_else(|| [base, AFTER_SIGN_IN].concat(), ReturnPath::to_string)
    }

    /// The return path that this page carries along.
    pub fn next(&self) -> Option<&ReturnPath> {
        match self {
            Self::Login(next) | Self::Register(next) => next.as_ref(),
            _ => None,
        }
    }

    /// Only signed-in visitors see it.
    pub fn is_guarded(&self) -> bool {
        matches!(self, Self::Protected | Self::Account | Self::Admin(_))
    }

    /// Only visitors with this role see it.
    fn role(&self) -> Option<&'static str> {
        matches!(self, Self::Admin(_)).then_some(ADMIN_ROLE)
    }
}

/// The path of the sign-in page that returns to `next`.
pub fn login_path(base: &str, next: Option<&ReturnPath>) -> String {
    with_next(base, page::LOGIN, next)
}

/// The path of the registration page that returns to `next`.
pub fn register_path(base: &str, next: Option<&ReturnPath>) -> String {
    with_next(base, page::REGISTER, next)
}

fn with_next(base: &str, page: &str, next: Option<&ReturnPath>) -> String {
    let mut path = [base, page].concat();
    if let Some(next) = next {
        path.push_str("?next=");
        path.extend(utf8_percent_encode(next.as_str(), QUERY_VALUE));
    }
    path
}

/// The path of this page of users.
pub fn admin_path(base: &str, users: &UsersPage) -> String {
    [base, page::ADMIN, &users.query("?")].concat()
}

/// What the guard says to somebody who wants to see a route.
#[derive(Debug, Eq, PartialEq)]
pub enum Admission {
    /// Come in.
    Show,
    /// Sign in first, at this path.
    SignInFirst(String),
    /// Signed in, but not with the role it takes.
    Forbid,
    /// Already signed in: go on to this path.
    GoOn(String),
}

/// The guard. `target` is the path that led to `route`, to which a sign-in returns.
pub fn admit(base: &str, route: &Route, target: &str, session: Option<&Session>) -> Admission {
    match (route, session) {
        (route, None) if route.is_guarded() => {
            Admission::SignInFirst(login_path(base, ReturnPath::parse(base, target).as_ref()))
        }
        (Route::Login(_) | Route::Register(_), Some(_)) => Admission::GoOn(route.onward(base)),
        (route, Some(session)) if route.role().is_some_and(|role| !session.has_role(role)) => {
            Admission::Forbid
        }
        _ => Admission::Show,
    }
}

/// A parameter of a query string, as it stands there, if it is well encoded.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(given, _)| *given == name)?;
    let is_encoded = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%+*".contains(&byte);
    (!value.is_empty() && value.len() <= 999 && value.bytes().all(is_encoded))
        .then(|| value.to_owned())
}

/// The `next` of a query string, if it may be followed. Of several the first counts.
///
/// Browsers hand the fragment of a page on to the sign-in page to which a server redirects, since
/// no server sees it. So it belongs to the page that was wanted.
fn next(base: &str, query: &str, fragment: &str) -> Option<ReturnPath> {
    let (start, _) = query
        .match_indices("next=")
        .find(|(at, _)| *at == 0 || query.as_bytes().get(at.wrapping_sub(1)) == Some(&b'&'))?;
    let rest = &query[start + "next=".len()..];
    let value = rest.split('&').next().unwrap_or_default();
    // A proxy that writes the wanted address as it is, with a query of several parameters.
    let as_it_is = value.starts_with('/') && value.contains('?');
    let value = if as_it_is { rest } else { value };
    let decoded = percent_decode_str(&value.replace('+', " ")).decode_utf8().ok()?.into_owned();
    let safe = ReturnPath::parse(base, &decoded)?;
    let path = if as_it_is { ReturnPath::parse(base, value)? } else { safe };
    path.with_fragment(base, fragment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{jwt, jwt_with_roles};

    fn parse(target: &str) -> Route {
        Route::parse("", target)
    }

    fn session() -> Option<Session> {
        Session::restore(&jwt("ada", 1_900), 0)
    }

    #[test]
    fn each_path_names_its_view() {
        assert_eq!(parse("/"), Route::Home);
        assert_eq!(parse("/?utm=1#top"), Route::Home);
        assert_eq!(parse("/login"), Route::Login(None));
        assert_eq!(parse("/register#x"), Route::Register(None));
        assert_eq!(parse("/protected?a=b"), Route::Protected);
        assert_eq!(parse("/account"), Route::Account);
        assert_eq!(parse("/admin?after=&x"), Route::Admin(UsersPage::default()));
        let page = |search: Option<&str>, after: Option<&str>| {
            let [search, after] = [search, after].map(|value| value.map(str::to_owned));
            Route::Admin(UsersPage { search, after })
        };
        assert_eq!(parse("/admin?x&after=0190-aB"), page(None, Some("0190-aB")));
        let both = "/admin?search=Z%C3%B6+%26&after=0190";
        assert_eq!(parse(both), page(Some("Z%C3%B6+%26"), Some("0190")));
        assert_eq!(parse("/admin?after=a\"b&search=<"), page(None, None));
        assert_eq!(parse("/reset-password#t0ken"), Route::ResetPassword);
        assert_eq!(parse("/protected/"), Route::NotFound);
        assert_eq!(parse("/LOGIN"), Route::NotFound);
    }

    /// The page of each route. Whoever adds a route is sent here by the compiler.
    fn page_of(route: &Route) -> Option<&'static str> {
        match route {
            Route::Home => Some(page::HOME),
            Route::Login(_) => Some(page::LOGIN),
            Route::Register(_) => Some(page::REGISTER),
            Route::Protected => Some(page::PROTECTED),
            Route::Account => Some(page::ACCOUNT),
            Route::Admin(_) => Some(page::ADMIN),
            Route::ResetPassword => Some(page::RESET_PASSWORD),
            Route::Onward(_) | Route::NotFound => None,
        }
    }

    #[test]
    fn the_routes_are_the_pages_for_which_the_server_answers_200() {
        for path in page::ALL {
            assert_eq!(page_of(&parse(path)), Some(path));
        }
        for unknown in ["/index.html", "/login/", "//login", "/Login", "/%6cogin", "/login%2f"] {
            assert_eq!(page_of(&parse(unknown)), None, "{unknown}");
        }
    }

    #[test]
    fn the_guard_sends_a_signed_out_visitor_to_login_and_remembers_the_way() {
        let admission = admit("", &Route::Protected, "/protected?a=1&b=%20", None);
        let expected = "/login?next=%2Fprotected%3Fa%3D1%26b%3D%2520";
        assert_eq!(admission, Admission::SignInFirst(expected.into()));
        assert_eq!(parse(expected).onward(""), "/protected?a=1&b=%20");
    }

    #[test]
    fn the_guard_lets_a_signed_in_visitor_through() {
        for path in ["/protected", "/account", "/", "/nowhere"] {
            let admission = admit("", &parse(path), path, session().as_ref());
            assert_eq!(admission, Admission::Show, "{path}");
        }
    }

    #[test]
    fn the_admin_page_takes_the_role() {
        let (route, path) = (Route::Admin(UsersPage::default()), "/admin");
        let signed_out = Admission::SignInFirst("/login?next=%2Fadmin".into());
        assert_eq!(admit("", &route, path, None), signed_out);
        for (roles, admission) in [
            (&["user", "administrator"] as &[&str], Admission::Forbid),
            (&["user", "admin"], Admission::Show),
        ] {
            let session = Session::restore(&jwt_with_roles("ada", 1_900, roles), 0);
            assert_eq!(admit("", &route, path, session.as_ref()), admission, "{roles:?}");
        }
    }

    #[test]
    fn the_path_of_a_page_of_users_names_it() {
        for path in
            ["/admin", "/admin?search=a%20b", "/admin?after=0190", "/admin?search=a&after=0190"]
        {
            let Route::Admin(users) = parse(path) else { panic!("{path}") };
            assert_eq!(admin_path("", &users), path);
        }
    }

    #[test]
    fn the_guard_leaves_public_pages_alone() {
        for path in ["/", "/login", "/register", "/reset-password", "/nowhere"] {
            assert_eq!(admit("", &parse(path), path, None), Admission::Show, "{path}");
        }
    }

    #[test]
    fn a_signed_in_visitor_of_a_sign_in_page_is_sent_on() {
        for (path, onward) in [
            ("/login", "/protected"),
            ("/register?next=%2F%3Fa", "/?a"),
            ("/login?next=https%3A%2F%2Fevil.example", "/protected"),
        ] {
            let admission = admit("", &parse(path), path, session().as_ref());
            assert_eq!(admission, Admission::GoOn(onward.into()), "{path}");
        }
    }

    #[test]
    fn below_a_path_ours_are_there_alone_and_next_may_lead_to_a_neighbour() {
        let parse = |target: &str| Route::parse("/auth", target);
        for path in page::ALL {
            assert_eq!(page_of(&parse(&["/auth", path].concat())), Some(path));
        }
        assert_eq!(parse("/auth?a"), Route::Home);
        for other in
            ["/", "/login", "/authlogin", "/authx/login", "/Auth/login", "/auth//login", ""]
        {
            assert_eq!(parse(other), Route::NotFound, "{other}");
        }
        let admission = admit("/auth", &Route::Protected, "/auth/protected", None);
        let login = "/auth/login?next=%2Fauth%2Fprotected";
        assert_eq!(admission, Admission::SignInFirst(login.into()));
        for (path, onward, is_ours) in [
            (login, "/auth/protected", true),
            ("/auth/login", "/auth/protected", true),
            ("/auth/login?next=/wiki", "/wiki", false),
            ("/auth/login?next=/login", "/login", false),
            ("/auth/login?next=/auth/login", "/auth/protected", true),
        ] {
            let found = parse(path).onward("/auth");
            assert_eq!(
                (found.as_str(), Route::elsewhere("/auth", onward).is_none()),
                (onward, is_ours)
            );
        }
        assert_eq!(admin_path("/auth", &UsersPage::default()), "/auth/admin");
    }

    #[test]
    fn an_encoded_evil_return_path_is_refused_after_decoding() {
        for next in ["%2F%2Fevil.example", "/%5Cevil", "%68ttps:evil", "/%09/evil", "/a+b", "%ff"] {
            assert_eq!(parse(&format!("/login?next={next}")), Route::Login(None), "{next}");
        }
    }

    #[test]
    fn the_return_path_travels_between_login_and_registration() {
        let route = parse("/login?a=b&next=%2Fprotected%3Fx%3D1&next=%2F");
        assert_eq!(register_path("", route.next()), "/register?next=%2Fprotected%3Fx%3D1");
        assert_eq!(parse(&register_path("", route.next())).onward(""), "/protected?x=1");
        assert_eq!(login_path("", None), "/login");
    }
}
