//! What the route table says of each endpoint. The routes, the OpenAPI document and the README's
//! table all follow it.

/// What an endpoint asks of whoever calls it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Needs {
    /// Nothing: anyone may call it.
    Nothing,
    /// An access token.
    Token,
    /// An access token of a fresh login.
    FreshToken,
    /// An access token. Whatever is wrong with it is a 401, since a proxy asks.
    ProxiedToken,
    /// An access token, or a token for setting up a second factor.
    TokenOrSetup,
    /// An access token of a fresh login, or a token for setting up a second factor.
    FreshOrSetup,
    /// An access token of an admin.
    Admin,
    /// An access token of an admin. It must be of a fresh login if the user concerned is an admin.
    AdminOverUser,
    /// An access token of a fresh login of an admin.
    FreshAdmin,
    /// An OAuth client.
    Client,
    /// The refresh cookie, sent by our own pages.
    Cookie,
    /// An access token, or a token for setting up a second factor, or the refresh cookie.
    TokenOrCookie,
    /// The guard cookie. Without it, a 401, since a proxy asks.
    GuardCookie,
    /// The guard cookie. Without it, a redirect to the sign-in page.
    GuardCookieOrRedirect,
    /// The refresh cookie. Without it, a redirect to the sign-in page.
    CookieOrRedirect,
}

/// An endpoint as the documents describe it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Listed {
    /// The method, or `ANY`. `HEAD` comes with `GET` and is not listed.
    pub method: &'static str,
    /// The path; `{id}` stands for one segment, and a final `*` for any number of them.
    pub path: &'static str,
    /// What it asks of its caller.
    pub needs: Needs,
}
