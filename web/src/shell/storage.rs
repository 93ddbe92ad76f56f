//! The session in `localStorage`, which may be switched off, full, or written by others.

use hallpass_contract::Secret;
use web_sys::{Document, Storage, Window};

use crate::session::{Seconds, Stored};

/// Holds the access token and nothing else, so that other tools can read and write it.
const TOKEN_KEY: &str = "hallpass.access_token";

/// There while a sign-out is owed to the server.
const SIGN_OUT_KEY: &str = "hallpass.sign_out_owed";

/// Holds the seconds to add to this device's clock.
const CLOCK_OFFSET_KEY: &str = "hallpass.clock_offset";

/// What the browser keeps for this server. The storage is that of the whole origin. So the keys of
/// a server below a path end with the path, and another server has keys of its own.
pub(super) struct Kept {
    window: Window,
    /// The path below which the server is; empty if the whole host is the server's.
    pub(super) base: String,
}

impl Kept {
    /// The server writes its path into the page.
    pub(super) fn new(window: &Window, document: &Document) -> Self {
        let root = document.document_element();
        let base = root.and_then(|root| root.get_attribute("data-base")).unwrap_or_default();
        Self { window: window.clone(), base }
    }

    /// The name of something that pages of other servers must not take for theirs.
    pub(super) fn key(&self, name: &str) -> String {
        [name, &self.base].concat()
    }

    fn storage(&self) -> Option<Storage> {
        self.window.local_storage().ok().flatten()
    }

    /// Whether this is the key of the token.
    pub(super) fn is_token(&self, key: &str) -> bool {
        key == self.key(TOKEN_KEY)
    }

    pub(super) fn read(&self) -> Stored {
        let Some(storage) = self.storage() else {
            return Stored::Unavailable;
        };
        match storage.get_item(&self.key(TOKEN_KEY)) {
            Ok(Some(token)) => {
                Stored::Token(token.into(), self.clock_offset(&storage).unwrap_or(0))
            }
            Ok(None) => Stored::Nothing,
            Err(_) => Stored::Unavailable,
        }
    }

    fn clock_offset(&self, storage: &Storage) -> Option<Seconds> {
        storage.get_item(&self.key(CLOCK_OFFSET_KEY)).ok()??.parse().ok()
    }

    pub(super) fn owes_sign_out(&self) -> bool {
        let owed = self.storage().map(|storage| storage.get_item(&self.key(SIGN_OUT_KEY)));
        matches!(owed, Some(Ok(Some(_))))
    }

    pub(super) fn owe_sign_out(&self, owed: bool) {
        if let Some(storage) = self.storage() {
            let key = self.key(SIGN_OUT_KEY);
            // Without it this page alone tells the server again.
            let written =
                if owed { storage.set_item(&key, "1") } else { storage.remove_item(&key) };
            written.ok();
        }
    }

    /// Stores the token, and removes the mark of an owed sign-out. Returns whether that worked. The
    /// token comes last: other tabs read the clock offset, too, when they hear of it.
    pub(super) fn save(&self, token: &Secret, clock_offset: Seconds) -> bool {
        self.owe_sign_out(false);
        self.save_clock(clock_offset)
            && self.storage().is_some_and(|storage| {
                storage.set_item(&self.key(TOKEN_KEY), token.expose()).is_ok()
            })
    }

    /// Returns whether that worked. Without it the next answer corrects the clock again.
    pub(super) fn save_clock(&self, offset: Seconds) -> bool {
        self.storage().is_some_and(|storage| {
            storage.set_item(&self.key(CLOCK_OFFSET_KEY), &offset.to_string()).is_ok()
        })
    }

    pub(super) fn forget(&self, only: Option<&Secret>) {
        let Some(storage) = self.storage() else {
            return;
        };
        let key = self.key(TOKEN_KEY);
        let stored = storage.get_item(&key).ok().flatten();
        if only.is_none_or(|only| stored.as_deref() == Some(only.expose())) {
            // Storage that cannot be written holds no token of ours either.
            storage.remove_item(&key).ok();
        }
    }
}
