use std::num::NonZeroU32;

/// Bytes of a derived key. It is the output of one SHA-256, so each key costs `iterations` HMACs.
pub const KEY_LEN: usize = 32;

/// A derived key.
pub type Key = [u8; KEY_LEN];

/// What one key is derived from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The password's bytes; any length, none of them is ignored.
    pub password: &'a [u8],
    /// The salt's bytes; RFC 8018 asks for 8 at least, NIST SP 800-132 for 16.
    pub salt: &'a [u8],
    /// PBKDF2's iteration count.
    pub iterations: NonZeroU32,
    /// How many iterations are computed in all, so that a cheap key takes as long as a dear one.
    /// Those after `iterations` don't change the key. With no more than `iterations` there is no
    /// padding.
    pub padded_to: u32,
}

impl<'a> Input<'a> {
    /// Without padding.
    pub fn new(password: &'a [u8], salt: &'a [u8], iterations: NonZeroU32) -> Self {
        Self { password, salt, iterations, padded_to: 0 }
    }

    /// Iterations after the key is known.
    pub(crate) fn padding(&self) -> u32 {
        self.padded_to.saturating_sub(self.iterations.get())
    }
}
