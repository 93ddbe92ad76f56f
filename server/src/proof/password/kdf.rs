use std::num::NonZeroU32;

use anyhow::{Context as _, ensure};
use hallpass_kdf::{Input, KEY_LEN};
use pbkdf2::pbkdf2_hmac_array;

/// The most PBKDF2 iterations that a hash may have: a second or more of work. A larger number in a
/// setting is a typing error. In an imported hash it would stall every login.
pub const MAX_ITERATIONS: u32 = 10_000_000;

/// The most memory for one scrypt derivation. Each hashing thread may run one at the same time.
const MAX_SCRYPT_MEMORY: u64 = 256 << 20;

/// The most bytes that one scrypt derivation may mix, over all its lanes. That is about as much
/// work as [`MAX_ITERATIONS`].
const MAX_SCRYPT_WORK: u64 = 512 << 20;

/// The most that scrypt's r and p may be. Real hashes have r = 8 and p up to 16. Without this
/// limit, the buffer of 128 * r * p bytes would evade the memory limit.
const MAX_SCRYPT_FACTOR: u32 = 64;

/// A key derivation and what it costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kdf {
    Pbkdf2(Prf, NonZeroU32),
    Scrypt(scrypt::Params),
}

/// The hash function in PBKDF2's HMAC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Prf {
    Sha1,
    Sha256,
    Sha512,
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
        ensure!(n > 1 && n.is_power_of_two(), "scrypt's N is not a power of two above 1");
        for (factor, name) in [(r, "r"), (p, "p")] {
            let allowed = 1..=MAX_SCRYPT_FACTOR;
            ensure!(allowed.contains(&factor), "scrypt's {name} is not 1 to {MAX_SCRYPT_FACTOR}");
        }
        let memory = 128 * u64::from(n) * u64::from(r);
        ensure!(memory <= MAX_SCRYPT_MEMORY, "scrypt would take more than 256 MiB of memory");
        ensure!(memory * u64::from(p) <= MAX_SCRYPT_WORK, "scrypt would take too long: N*r*p");
        let log_n = n.trailing_zeros() as u8;
        let params = scrypt::Params::new(log_n, r, p).context("invalid scrypt parameters")?;
        Ok(Self::Scrypt(params))
    }

    /// The length of the derived key, in bytes.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Pbkdf2(Prf::Sha1, _) => 20,
            Self::Pbkdf2(Prf::Sha256, _) => KEY_LEN,
            Self::Pbkdf2(Prf::Sha512, _) | Self::Scrypt(_) => 64,
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
            Self::Scrypt(params) => {
                let mut key = [0; 64];
                scrypt::scrypt(password, salt, &params, &mut key).expect("64 bytes are allowed");
                key.to_vec()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_would_stall_the_server_are_refused() {
        for (n, r, p, why) in [
            (0, 8, 1, "scrypt's N"),
            (1, 8, 1, "scrypt's N"),
            (32_767, 8, 1, "scrypt's N"),
            (1 << 31, 8, 1, "256 MiB"),
            (1 << 19, 8, 1, "256 MiB"),
            (1 << 18, 16, 1, "256 MiB"),
            (1 << 18, 8, 3, "too long"),
            (1 << 15, 8, 32, "too long"),
            (2, 0, 1, "scrypt's r"),
            (2, u32::MAX, 1, "scrypt's r"),
            (2, 8, 0, "scrypt's p"),
            (2, 8, u32::MAX, "scrypt's p"),
        ] {
            let error = Kdf::scrypt(n, r, p).unwrap_err().to_string();
            assert!(error.contains(why), "{n}:{r}:{p}: {error}");
        }
        for iterations in [0, 10_000_001, u32::MAX] {
            assert!(Kdf::pbkdf2(Prf::Sha256, iterations).is_err(), "{iterations}");
        }
    }

    #[test]
    fn parameters_that_are_recommended_are_allowed() {
        // From OWASP's Password Storage Cheat Sheet, but for the last, which takes the most memory
        // allowed.
        for (log_n, p) in [(17, 1), (16, 2), (15, 3), (14, 5), (13, 10), (18, 1)] {
            assert!(Kdf::scrypt(1 << log_n, 8, p).is_ok(), "2^{log_n}:8:{p}");
        }
        assert!(Kdf::pbkdf2(Prf::Sha1, 10_000_000).is_ok());
    }

    // RFC 7914 section 12.
    #[test]
    fn scrypt_derives_the_keys_of_rfc_7914() {
        let key = Kdf::scrypt(1024, 8, 16).unwrap().derive(b"password", b"NaCl");
        let hex = data_encoding::HEXLOWER.encode(&key);
        assert!(
            hex.starts_with("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
        );
        assert!(hex.ends_with("2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"));
    }
}
