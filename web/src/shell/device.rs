//! The browser and its tab.

use js_sys::Reflect;
use web_sys::{Storage, Window};

use super::storage::Kept;
use crate::app::{Cookies, Device};

/// In the tab's own storage: the page that is not ours to which it was sent on last.
const WENT_ON: &str = "hallpass.went_on";

fn storage(window: &Window) -> Option<Storage> {
    window.session_storage().ok().flatten()
}

pub(super) fn read(window: &Window, kept: &Kept) -> Device {
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
        let key = kept.key(WENT_ON);
        let path = storage.get_item(&key).ok()?;
        storage.remove_item(&key).ok();
        path
    });
    let own_origin = window.location().origin().unwrap_or_default();
    Device { own_origin, base: kept.base.clone(), cookies, went_on }
}

/// Without storage a page that sends everybody back is asked for again; whoever is signed in by
/// this page's memory alone is not sent on by the next one.
pub(super) fn load(window: &Window, kept: &Kept, path: &str) {
    if let Some(storage) = storage(window) {
        storage.set_item(&kept.key(WENT_ON), path).ok();
    }
    window.location().replace(path).ok();
}
