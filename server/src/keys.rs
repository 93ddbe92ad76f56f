//! The keys for access tokens. The current key signs. The next key is published before a rotation
//! makes it the current one. Retired keys still verify.
//!
//! - `ring`: the key ring, which the rest of the server uses
//! - `keyset`: the pure rules of which key signs and which keys verify
//! - `entry`: a key with its dates
//! - `key`: the cryptography of one key
//! - `file`: how keys are stored on the disk

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
