//! What the browser keeps for this site, and what a person has to know of that.

use super::Turn;
use crate::time::duration;

/// Whether the browser keeps the refresh cookie, which the session needs to outlive its first token.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Cookies {
    /// It does.
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
    /// Whether the session can be renewed.
    pub cookies: Cookies,
    /// The page that is not ours to which this tab was sent on last.
    pub went_on: Option<String>,
}

impl Turn<'_> {
    /// What whoever has just signed in must know of how long that lasts; empty if it lasts.
    pub(super) fn how_long_it_lasts(&self) -> String {
        let left = self.model.session.as_ref().map_or(0, |session| session.remaining(self.now));
        let left = duration(left.max(1));
        let why = match self.model.device.cookies {
            Cookies::Kept if self.model.memory_only => {
                return "This browser stores nothing for this site, so only this page knows that you are signed in. Sign out before you close or reload it: the session would go on at the server.".to_owned();
            }
            Cookies::Kept => return String::new(),
            Cookies::PlainHttp => {
                "this page came over plain http, where browsers keep no sign-in cookie. Over https you stay signed in."
            }
            Cookies::Blocked => {
                "this browser keeps no cookies for this site. Allow them to stay signed in."
            }
        };
        let only = if self.model.memory_only {
            " on this page alone, until you close or reload it, and"
        } else {
            ""
        };
        ["You are signed in", only, " for ", &left, ": ", why].concat()
    }
}
