//! The session in `localStorage`, which may be switched off, full, or written by others.

use hallpass_contract::Secret;
use web_sys::{Storage, Window};

use crate::session::{Seconds, Stored};

/// Holds the access token and nothing else, so that other tools can read and write it.
pub(super) const TOKEN_KEY: &str = "hallpass.access_token";

/// There while a sign-out is owed to the server.
const SIGN_OUT_KEY: &str = "hallpass.sign_out_owed";

/// Holds the seconds to add to this device's clock.
const CLOCK_OFFSET_KEY: &str = "hallpass.clock_offset";

fn storage(window: &Window) -> Option<Storage> {
    window.local_storage().ok().flatten()
}

pub(super) fn read(window: &Window) -> Stored {
    let Some(storage) = storage(window) else {
        return Stored::Unavailable;
    };
    match storage.get_item(TOKEN_KEY) {
        Ok(Some(token)) => Stored::Token(token.into(), clock_offset(&storage).unwrap_or(0)),
        Ok(None) => Stored::Nothing,
        Err(_) => Stored::Unavailable,
    }
}

fn clock_offset(storage: &Storage) -> Option<Seconds> {
    storage.get_item(CLOCK_OFFSET_KEY).ok()??.parse().ok()
}

pub(super) fn owes_sign_out(window: &Window) -> bool {
    storage(window).is_some_and(|storage| matches!(storage.get_item(SIGN_OUT_KEY), Ok(Some(_))))
}

pub(super) fn owe_sign_out(window: &Window, owed: bool) {
    if let Some(storage) = storage(window) {
        // Without it this page alone tells the server again.
        let written = if owed {
            storage.set_item(SIGN_OUT_KEY, "1")
        } else {
            storage.remove_item(SIGN_OUT_KEY)
        };
        written.ok();
    }
}

/// Stores the token, and removes the mark of an owed sign-out. Returns whether that worked. The
/// token comes last: other tabs read the clock offset, too, when they hear of it.
pub(super) fn save(window: &Window, token: &Secret, clock_offset: Seconds) -> bool {
    storage(window).is_some_and(|storage| {
        storage.remove_item(SIGN_OUT_KEY).ok();
        storage.set_item(CLOCK_OFFSET_KEY, &clock_offset.to_string()).is_ok()
            && storage.set_item(TOKEN_KEY, token.expose()).is_ok()
    })
}

pub(super) fn save_clock(window: &Window, offset: Seconds) {
    if let Some(storage) = storage(window) {
        // Without it the next answer corrects the clock again.
        storage.set_item(CLOCK_OFFSET_KEY, &offset.to_string()).ok();
    }
}

pub(super) fn forget(window: &Window, only: Option<&Secret>) {
    let Some(storage) = storage(window) else {
        return;
    };
    let stored = storage.get_item(TOKEN_KEY).ok().flatten();
    if only.is_none_or(|only| stored.as_deref() == Some(only.expose())) {
        // Storage that cannot be written holds no token of ours either.
        storage.remove_item(TOKEN_KEY).ok();
    }
}
