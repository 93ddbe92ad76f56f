use std::ops::RangeInclusive;

use anyhow::ensure;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// What the text form of a hash holds of the 24 bytes.
pub(super) const KEY_LEN: usize = 23;

/// More bytes of a password than these do not count.
const MAX_BYTES: usize = 72;

/// Its salt, in bytes.
const SALT_LEN: usize = 16;

/// The costs that a hash may have. The largest takes about as long as [`super::MAX_ITERATIONS`].
const COSTS: RangeInclusive<u32> = 4..=14;

/// bcrypt and what it costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct Bcrypt {
    cost: u32,
    /// Whether bcrypt gets the SHA-256 of the password in hex, as in Django's `bcrypt_sha256`. Then
    /// all of a long password counts.
    of_digest: bool,
}

impl Bcrypt {
    /// # Errors
    ///
    /// If bcrypt does not allow the cost, or it would take too long.
    pub(super) fn new(cost: u32, of_digest: bool) -> anyhow::Result<Self> {
        let (min, max) = (COSTS.start(), COSTS.end());
        ensure!(COSTS.contains(&cost), "bcrypt's cost is not {min} to {max}");
        Ok(Self { cost, of_digest })
    }

    /// How many times it sets up its cipher.
    pub(in super::super) fn rounds(self) -> u32 {
        1 << self.cost
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8]) -> Vec<u8> {
        let salt: [u8; SALT_LEN] = salt.try_into().expect("checked when it was read");
        if self.of_digest {
            let digest = HEXLOWER.encode(&Sha256::digest(password));
            return derive(self.cost, salt, digest.as_bytes());
        }
        derive(self.cost, salt, password)
    }
}

/// The password is a C string, up to [`MAX_BYTES`] with the zero at its end.
fn derive(cost: u32, salt: [u8; SALT_LEN], password: &[u8]) -> Vec<u8> {
    let mut text = [password, &[0]].concat();
    text.truncate(MAX_BYTES);
    bcrypt::bcrypt(cost, salt, &text)[..KEY_LEN].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::password::kdf::Kdf;

    #[test]
    fn costs_that_would_stall_the_server_are_refused() {
        for cost in [0, 3, 15, 31, 32, u32::MAX] {
            let error = Kdf::bcrypt(cost, false).unwrap_err().to_string();
            assert!(error.contains("4 to 14"), "{cost}: {error}");
        }
        assert!(Kdf::bcrypt(12, true).is_ok());
    }

    #[test]
    fn bytes_beyond_72_do_not_count_unless_a_digest_is_taken() {
        let salt = [7; SALT_LEN];
        let [short, long] = ["x".repeat(72), "x".repeat(73)];
        let differ = |of_digest| {
            let kdf = Kdf::bcrypt(4, of_digest).unwrap();
            kdf.derive(short.as_bytes(), &salt) != kdf.derive(long.as_bytes(), &salt)
        };
        assert!(!differ(false));
        assert!(differ(true));
    }
}
