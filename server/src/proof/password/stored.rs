use std::fmt;
use std::num::NonZeroU32;

use anyhow::ensure;
use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::kdf::{Kdf, Prf};
use super::signer::Signer;

/// The fewest bytes of a key: 128 bits can't be guessed.
const MIN_KEY_LEN: usize = 16;

/// What stands in the place of a hash if no password is right. The user can sign in with a passkey,
/// or set a password by a reset link.
pub const UNUSABLE: &str = "!";

/// Whether no password is right. Django and Unix write an exclamation mark or an asterisk, some
/// with more behind it.
pub fn is_unusable(text: &str) -> bool {
    text.starts_with(['!', '*'])
}

/// A stored password hash: our own, or one that was imported from another system. It serves to
/// verify. The store keeps the original text.
#[derive(Clone)]
pub struct StoredHash {
    pub(super) kdf: Kdf,
    pub(super) salt: Vec<u8>,
    /// The derived key or the beginning of it.
    pub(super) key: Vec<u8>,
    /// Whether the hash is of the password as it was typed, without OpaqueString.
    pub(super) is_foreign: bool,
    /// Firebase encrypts this with the derived key. Then `key` is the outcome.
    pub(super) signer: Option<Signer>,
}

impl StoredHash {
    /// A hash of another system. Of a key that is longer than one that is derived here, only the
    /// beginning counts.
    ///
    /// # Errors
    ///
    /// If the key is too short.
    pub(super) fn foreign(kdf: Kdf, salt: Vec<u8>, mut key: Vec<u8>) -> anyhow::Result<Self> {
        let at_least = kdf.key_len().min(match kdf {
            // Its keys may be cut off.
            Kdf::Scrypt(_) => MIN_KEY_LEN,
            // Its length is that of this very key.
            Kdf::Argon2(_) => {
                ensure!(key.len() >= MIN_KEY_LEN, "the key is not {MIN_KEY_LEN} bytes or more");
                MIN_KEY_LEN
            }
            Kdf::Pbkdf2(..) | Kdf::Hmac(_) | Kdf::Bcrypt(_) => usize::MAX,
        });
        ensure!(key.len() >= at_least, "the key is not {at_least} bytes or more");
        key.truncate(kdf.key_len());
        Ok(Self { kdf, salt, key, is_foreign: true, signer: None })
    }

    /// Whether `derived` is the key that is stored, or encrypts to it. Compares in constant time.
    pub(super) fn matches(&self, derived: &[u8]) -> bool {
        let is = |expected: &[u8], key: &[u8]| verify_slices_are_equal(expected, key).is_ok();
        match &self.signer {
            None => derived.get(..self.key.len()).is_some_and(|key| is(&self.key, key)),
            Some(signer) => signer.encrypted(derived).is_some_and(|key| is(&self.key, &key)),
        }
    }

    /// Whether another system made it, or new hashes cost more.
    pub(super) fn is_outdated(&self, iterations: NonZeroU32) -> bool {
        self.is_foreign || !matches!(self.kdf, Kdf::Pbkdf2(Prf::Sha256, own) if own >= iterations)
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredHash").field("kdf", &self.kdf).finish_non_exhaustive()
    }
}
