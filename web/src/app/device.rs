//! What the browser keeps for this site.

/// Whether the browser keeps the refresh cookie, which the session needs to outlive its first
/// token.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Cookies {
    /// The browser keeps it.
    #[default]
    Kept,
    /// The page came over plain http from another machine, where browsers keep no such cookie.
    PlainHttp,
    /// The browser keeps no cookies for this site.
    Blocked,
}

/// What the shell knows of the browser and its tab when the page starts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Device {
    /// The origin of the page.
    pub own_origin: String,
    /// The path below which the server is, such as `/auth`. Empty if it has the whole host.
    pub base: String,
    /// Whether the session can be renewed.
    pub cookies: Cookies,
    /// The path of another application to which this tab was sent last.
    pub went_on: Option<String>,
}
