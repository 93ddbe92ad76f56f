//! How long a sign-in lasts, where that is not as long as people expect.

use super::device::Cookies;
use super::turn::Turn;
use crate::time::duration;

impl Turn<'_> {
    /// Tells a person who has just signed in why that will not last; empty if it lasts.
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
