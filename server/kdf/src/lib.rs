//! PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2) for many passwords at once.
//!
//! One derivation waits for its own last round most of the time: a SHA instruction is slow to answer,
//! but the next one need not wait if it belongs to another password; and a register of 512 bits
//! computes sixteen of them at once. So [`derive()`] takes several inputs and computes as many of them
//! side by side as [`lanes()`] says, each of which then takes a part of the time that it would alone.
//!
//! ```
//! use std::num::NonZeroU32;
//! use hallpass_kdf::{Input, derive};
//!
//! let iterations = NonZeroU32::new(1000).unwrap();
//! let ada = Input::new(b"correct horse", b"a salt of 16 byt", iterations);
//! let bob = Input::new(b"battery staple", b"another such one", iterations);
//! let keys = derive(&[ada, bob]);
//! assert_eq!(keys[1], derive(&[bob])[0]);
//! ```

use std::num::NonZeroU32;
use std::ops::ControlFlow;

pub use backend::Backend;
pub use lanes::Lanes;

#[cfg(target_arch = "x86_64")]
mod avx512;
mod backend;
#[cfg(target_arch = "x86_64")]
mod lane;
mod lanes;
mod portable;
#[cfg(target_arch = "x86_64")]
mod schedule;
#[cfg(target_arch = "x86_64")]
mod sha256;
#[cfg(target_arch = "x86_64")]
mod sha_ni;

/// Bytes of a derived key: the output of one SHA-256, so that each key costs `iterations` HMACs
/// and not a multiple of it.
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
    /// Iterations that are computed in all, so that a cheap key takes as long as a dear one. What
    /// comes after `iterations` leaves the key as it is. No more than `iterations`: no padding.
    pub padded_to: u32,
}

impl<'a> Input<'a> {
    /// Without padding.
    pub fn new(password: &'a [u8], salt: &'a [u8], iterations: NonZeroU32) -> Self {
        Self { password, salt, iterations, padded_to: 0 }
    }

    /// Iterations after the key is known.
    fn padding(&self) -> u32 {
        self.padded_to.saturating_sub(self.iterations.get())
    }
}

/// How many inputs one core derives side by side. [`derive()`] takes [`Lanes::at_once`] of those that it was
/// given and has not begun or not ended; the others wait.
pub fn lanes() -> Lanes {
    Backend::detect().lanes()
}

/// Derives a key from each input, in the order of `inputs`. It computes for tens of milliseconds
/// at usual iteration counts, for hundreds with all lanes full: it has no place on an async executor's thread.
pub fn derive(inputs: &[Input<'_>]) -> Vec<Key> {
    Backend::detect().derive(inputs)
}

/// The same, with a `pause` some thousands of times a second for whatever else has to be done meanwhile,
/// such as [`yield_now`](std::thread::yield_now) on a thread that others go before. Once one of them
/// breaks it off, all that was computed is lost, and there are no keys. The portable
/// backend has none but after each input.
pub fn derive_with_pauses(
    inputs: &[Input<'_>],
    pause: impl FnMut() -> ControlFlow<()>,
) -> Option<Vec<Key>> {
    Backend::detect().derive_with_pauses(inputs, pause)
}
