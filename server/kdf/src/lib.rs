//! PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2) for many passwords at once.
//!
//! A processor is slow to finish one SHA-256 instruction, but it can work on others meanwhile. One
//! password alone can't keep it busy, since each step needs the one before. Several passwords can.
//! A register of 512 bits even computes sixteen at once, and two groups of sixteen fill each
//! other's gaps. So [`derive()`] takes several inputs and computes as many of them side by side as
//! [`lanes()`] says. Each input has a lane.
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
pub use lanes::{Lanes, Step};

#[cfg(target_arch = "aarch64")]
mod arm_sha;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod backend;
mod input;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod lane;
mod lanes;
mod portable;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod schedule;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod sha256;
#[cfg(target_arch = "x86_64")]
mod sha_ni;
#[cfg(target_arch = "x86_64")]
mod vector;

/// How many inputs one core derives side by side. [`derive()`] takes up [`Lanes::at_once`] of the
/// inputs that are not done; the others wait. From when on larger numbers are worth it depends on
/// the processor, and this is a guess. [`Backend::with_lanes`] takes what you have measured.
pub fn lanes() -> Lanes {
    Backend::detect().lanes()
}

/// Derives a key from each input, in the order of `inputs`. At usual iteration counts it computes
/// for tens of milliseconds, and for hundreds with all lanes full. Don't call it on the thread of
/// an async executor.
pub fn derive(inputs: &[Input<'_>]) -> Vec<Key> {
    Backend::detect().derive(inputs)
}

/// As [`derive()`], and calls `pause` some thousands of times a second. There the caller can do
/// what is urgent, such as [`yield_now`](std::thread::yield_now). If `pause` breaks, all that was
/// computed is lost and the answer is none. The portable backend pauses only after each input.
pub fn derive_with_pauses(
    inputs: &[Input<'_>],
    pause: impl FnMut() -> ControlFlow<()>,
) -> Option<Vec<Key>> {
    Backend::detect().derive_with_pauses(inputs, pause)
}
