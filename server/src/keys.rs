//! The keys that sign access tokens: one that signs, the next one, which is made and published
//! ahead of the rotation that has it sign, and those retired ones that still verify.
//!
//! `ring` is what the rest of the server sees, `keyset` the pure rules of who signs and who still
//! verifies, `entry` what is remembered of a key, `key` one key with its mathematics, `file` how
//! they are kept on the disk.

mod algorithm;
mod entry;
mod file;
mod jwks;
mod key;
mod keyset;
mod refresh_key;
mod ring;
mod settings;

pub use algorithm::Algorithm;
pub use entry::{KeyInfo, KeyState};
pub use file::{DamagedKeys, KEYS_FILE, OLD_KEY_FILE};
pub use jwks::Jwks;
pub(crate) use key::Key;
pub(crate) use keyset::{NoKey, SigningKey};
pub use refresh_key::RefreshKey;
pub use ring::{KeyRing, RotateError};
pub use settings::{KeySettings, MIN_SECRET_BYTES};

#[cfg(test)]
mod tests;
