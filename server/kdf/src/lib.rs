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

use std::ops::ControlFlow;

pub use backend::Backend;
pub use input::{Input, KEY_LEN, Key};
pub use lanes::Lanes;

#[cfg(target_arch = "x86_64")]
mod avx512;
mod backend;
mod input;
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
