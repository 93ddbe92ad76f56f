//! The keys for access tokens. The current key signs. The next key is published before a rotation
//! makes it the current one. Retired keys still verify.
//!
//! - `ring`: the key ring, which the rest of the server uses
//! - `keyset`: the pure rules of which key signs and which keys verify
//! - `entry`: a key with its dates
//! - `key`: the cryptography of one key
//! - `storage`: what it takes to store keys; `file` and `database` do it
//! - `contents`: what is stored
//! - `stored`: keys that are copied from one place to another
//! - `master_key`: seals what a database holds

mod algorithm;
mod contents;
mod database;
mod entry;
mod file;
mod jwks;
mod key;
mod keyset;
mod master_key;
mod random_key;
mod ring;
mod settings;
mod storage;
mod stored;

pub use algorithm::Algorithm;
pub use database::{DatabaseKeys, UnusableKeys};
pub use entry::{KeyInfo, KeyState};
pub use file::{DamagedKeys, KEYS_FILE, OLD_KEY_FILE};
pub use jwks::Jwks;
pub(crate) use key::Key;
pub(crate) use keyset::{NoKey, SigningKey};
pub use master_key::MasterKey;
pub use random_key::RandomKey;
pub use ring::{KeyChangeError, KeyRing};
pub use settings::{KeySettings, MIN_SECRET_BYTES};
pub use stored::StoredKeys;

#[cfg(test)]
mod tests;
