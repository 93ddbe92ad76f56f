//! What Firebase does with a derived key.

use std::ops::RangeInclusive;

use anyhow::ensure;
use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

/// AES-256 takes so many bytes of the derived key.
const AES_KEY_LEN: usize = 32;

/// The lengths that a project's key may have. Real ones have 64 bytes.
const SIGNER_LEN: RangeInclusive<usize> = 32..=256;

/// The key of a project, which its hashes encrypt.
#[derive(Clone)]
pub(super) struct Signer(Zeroizing<Vec<u8>>);

impl Signer {
    pub(super) fn new(key: Vec<u8>) -> anyhow::Result<Self> {
        ensure!(SIGNER_LEN.contains(&key.len()), "the signer key is not 32 to 256 bytes");
        Ok(Self(Zeroizing::new(key)))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What the derived key makes of it: AES-256-CTR, with a counter that begins with 0. None if
    /// the library fails.
    pub(super) fn encrypted(&self, derived: &[u8]) -> Option<Vec<u8>> {
        let key = UnboundCipherKey::new(&AES_256, derived.get(..AES_KEY_LEN)?).ok()?;
        let mut text = self.0.to_vec();
        // In this mode, encryption and decryption are the same. Only the latter takes a counter.
        let zero = DecryptionContext::Iv128(FixedLength::from([0; 16]));
        DecryptingKey::ctr(key).ok()?.decrypt(&mut text, zero).ok()?;
        Some(text)
    }
}
