//! The browser and its tab.

use js_sys::Reflect;
use web_sys::{Storage, Window};

use crate::app::{Cookies, Device};

/// In the tab's own storage: the page that is not ours to which it was sent on last.
const WENT_ON: &str = "hallpass.went_on";

fn storage(window: &Window) -> Option<Storage> {
    window.session_storage().ok().flatten()
}

pub(super) fn read(window: &Window) -> Device {
    let enabled = Reflect::get(&window.navigator(), &"cookieEnabled".into());
    let cookies = if !window.is_secure_context() {
        Cookies::PlainHttp
    } else if enabled.is_ok_and(|enabled| enabled == false) || window.local_storage().is_err() {
        // Browsers block both together, and not all of them say so of cookies.
        Cookies::Blocked
    } else {
        Cookies::Kept
    };
    let went_on = storage(window).and_then(|storage| {
        let path = storage.get_item(WENT_ON).ok()?;
        storage.remove_item(WENT_ON).ok();
        path
    });
    Device { own_origin: window.location().origin().unwrap_or_default(), cookies, went_on }
}

/// Without storage a page that sends everybody back is asked for again; whoever is signed in by
/// this page's memory alone is not sent on by the next one.
pub(super) fn load(window: &Window, path: &str) {
    if let Some(storage) = storage(window) {
        storage.set_item(WENT_ON, path).ok();
    }
    window.location().replace(path).ok();
}
