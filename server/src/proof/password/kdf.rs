//! Key derivations and the bounds on what they may cost.

mod argon2;
mod bcrypt;
mod bounds;
mod scrypt;

use std::num::NonZeroU32;

use ::argon2::{Algorithm, Version};
use ::scrypt::Params as ScryptParams;
use anyhow::{Context as _, ensure};
use hallpass_kdf::{Input, KEY_LEN};
use hmac::{Hmac, KeyInit as _, Mac as _};
use pbkdf2::pbkdf2_hmac_array;

pub(super) use self::argon2::{Argon2, Argon2Params};
pub(super) use self::bcrypt::Bcrypt;
pub(super) use self::bounds::MAX_MEMORY;

/// The most PBKDF2 iterations that a hash may have: a second or more of work. A larger number in a
/// setting is a typing error. In an imported hash it would stall every login.
pub const MAX_ITERATIONS: u32 = 10_000_000;

/// A key derivation and what it costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kdf {
    Pbkdf2(Prf, NonZeroU32),
    /// One HMAC with the salt as its key.
    Hmac(Prf),
    Scrypt(ScryptParams),
    Argon2(Argon2),
    Bcrypt(Bcrypt),
}

/// The hash function in PBKDF2's HMAC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Prf {
    Sha1,
    Sha256,
    Sha512,
}

impl Prf {
    /// The length of its output, in bytes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => KEY_LEN,
            Self::Sha512 => 64,
        }
    }
}

impl Kdf {
    pub(super) fn pbkdf2(prf: Prf, iterations: u32) -> anyhow::Result<Self> {
        let iterations = NonZeroU32::new(iterations).context("the iteration count is 0")?;
        ensure!(iterations.get() <= MAX_ITERATIONS, "more than {MAX_ITERATIONS} iterations");
        Ok(Self::Pbkdf2(prf, iterations))
    }

    /// # Errors
    ///
    /// If scrypt does not allow the parameters, or they take too much memory or time.
    pub(super) fn scrypt(n: u32, r: u32, p: u32) -> anyhow::Result<Self> {
        scrypt::params(n, r, p).map(Self::Scrypt)
    }

    /// [`Kdf::scrypt`] with the logarithm of N.
    pub(super) fn scrypt_log(log_n: u32, r: u32, p: u32) -> anyhow::Result<Self> {
        let n = 1_u32.checked_shl(log_n);
        Self::scrypt(n.context("scrypt would take more than 256 MiB of memory")?, r, p)
    }

    /// # Errors
    ///
    /// If Argon2 does not allow the parameters, or they take too much memory or time.
    pub(super) fn argon2(
        algorithm: Algorithm,
        version: Version,
        params: Argon2Params,
        key_len: usize,
    ) -> anyhow::Result<Self> {
        Argon2::new(algorithm, version, params, key_len).map(Self::Argon2)
    }

    /// The usual kind, with a key of 32 bytes.
    pub(super) fn argon2id(params: Argon2Params) -> anyhow::Result<Self> {
        Self::argon2(Algorithm::Argon2id, Version::V0x13, params, 32)
    }

    /// bcrypt, of the password or of its digest.
    ///
    /// # Errors
    ///
    /// If bcrypt does not allow the cost, or it would take too long.
    pub(super) fn bcrypt(cost: u32, of_digest: bool) -> anyhow::Result<Self> {
        Bcrypt::new(cost, of_digest).map(Self::Bcrypt)
    }

    /// The length of the derived key, in bytes. Only [`Kdf::Argon2`] derives another key for
    /// another length; a shorter key of the others is the beginning of this one.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Pbkdf2(prf, _) | Self::Hmac(prf) => prf.len(),
            Self::Scrypt(_) => 64,
            Self::Argon2(argon2) => argon2.key_len(),
            Self::Bcrypt(_) => bcrypt::KEY_LEN,
        }
    }

    /// The memory that it takes, in bytes. Of the kinds that take little, nothing counts.
    pub(super) fn memory(self) -> u64 {
        match self {
            Self::Pbkdf2(..) | Self::Hmac(_) | Self::Bcrypt(_) => 0,
            Self::Scrypt(params) => scrypt::memory(params.n(), params.r()),
            Self::Argon2(argon2) => argon2.memory(),
        }
    }

    /// Derives the key. It takes long, so call it on a hashing thread.
    pub(super) fn derive(self, password: &[u8], salt: &[u8]) -> Vec<u8> {
        match self {
            Self::Pbkdf2(Prf::Sha256, iterations) => {
                hallpass_kdf::derive(&[Input::new(password, salt, iterations)])[0].to_vec()
            }
            Self::Pbkdf2(Prf::Sha1, iterations) => {
                pbkdf2_hmac_array::<sha1::Sha1, 20>(password, salt, iterations.get()).to_vec()
            }
            Self::Pbkdf2(Prf::Sha512, iterations) => {
                pbkdf2_hmac_array::<sha2::Sha512, 64>(password, salt, iterations.get()).to_vec()
            }
            Self::Hmac(prf) => hmac(prf, password, salt),
            Self::Scrypt(params) => {
                let mut key = [0; 64];
                ::scrypt::scrypt(password, salt, &params, &mut key).expect("64 bytes are allowed");
                key.to_vec()
            }
            Self::Argon2(argon2) => argon2.derive(password, salt),
            Self::Bcrypt(bcrypt) => bcrypt.derive(password, salt),
        }
    }
}

fn hmac(prf: Prf, password: &[u8], salt: &[u8]) -> Vec<u8> {
    macro_rules! of {
        ($digest:ty) => {{
            let mut mac = Hmac::<$digest>::new_from_slice(salt).expect("any length is allowed");
            mac.update(password);
            mac.finalize().into_bytes().to_vec()
        }};
    }
    match prf {
        Prf::Sha1 => of!(sha1::Sha1),
        Prf::Sha256 => of!(sha2::Sha256),
        Prf::Sha512 => of!(sha2::Sha512),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_that_would_stall_the_server_are_refused() {
        for iterations in [0, 10_000_001, u32::MAX] {
            assert!(Kdf::pbkdf2(Prf::Sha256, iterations).is_err(), "{iterations}");
        }
        assert!(Kdf::pbkdf2(Prf::Sha1, 10_000_000).is_ok());
    }

    // RFC 4231 section 4.3.
    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let key = Kdf::Hmac(Prf::Sha256).derive(b"what do ya want for nothing?", b"Jefe");
        let hex = data_encoding::HEXLOWER.encode(&key);
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
