use anyhow::{Context as _, ensure};
use argon2::{Algorithm, Params, Version};

use super::bounds::MAX_MEMORY;

/// The most bytes that one derivation may fill, over all its passes. That is about as much work as
/// [`super::MAX_ITERATIONS`].
const MAX_WORK: u64 = 1 << 30;

/// Argon2 (RFC 9106) and what it costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Argon2 {
    algorithm: Algorithm,
    version: Version,
    params: Argon2Params,
    key_len: usize,
}

/// How much memory Argon2 fills, and how often.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct Argon2Params {
    pub(in super::super) memory_kib: u32,
    pub(in super::super) passes: u32,
    pub(in super::super) lanes: u32,
}

impl Argon2Params {
    /// All KiB that are filled, counted once for each pass.
    pub(in super::super) fn blocks(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }
}

impl Argon2 {
    /// # Errors
    ///
    /// If Argon2 does not allow the parameters, or they take too much memory or time.
    pub(super) fn new(
        algorithm: Algorithm,
        version: Version,
        params: Argon2Params,
        key_len: usize,
    ) -> anyhow::Result<Self> {
        let argon2 = Self { algorithm, version, params, key_len };
        ensure!(argon2.memory() <= MAX_MEMORY, "argon2 would take more than 256 MiB of memory");
        ensure!(params.blocks() << 10 <= MAX_WORK, "argon2 would take too long: m*t");
        // The crate multiplies by 8 unchecked.
        ensure!(params.lanes <= params.memory_kib, "argon2's p is too large for its m");
        argon2.crate_params().ok().context("invalid argon2 parameters")?;
        Ok(argon2)
    }

    pub(super) fn key_len(self) -> usize {
        self.key_len
    }

    pub(super) fn memory(self) -> u64 {
        u64::from(self.params.memory_kib) << 10
    }

    pub(in super::super) fn params(self) -> Argon2Params {
        self.params
    }

    fn crate_params(self) -> argon2::Result<Params> {
        let Argon2Params { memory_kib, passes, lanes } = self.params;
        Params::new(memory_kib, passes, lanes, Some(self.key_len))
    }

    /// # Panics
    ///
    /// If the system has no memory left.
    pub(super) fn derive(self, password: &[u8], salt: &[u8]) -> Vec<u8> {
        let params = self.crate_params().expect("checked when it was made");
        let argon2 = argon2::Argon2::new(self.algorithm, self.version, params);
        let mut key = vec![0; self.key_len];
        argon2.hash_password_into(password, salt, &mut key).expect("memory, and a salt of 8 bytes");
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::password::kdf::Kdf;

    fn argon2(memory_kib: u32, passes: u32, lanes: u32) -> anyhow::Result<Kdf> {
        Kdf::argon2id(Argon2Params { memory_kib, passes, lanes })
    }

    #[test]
    fn parameters_that_would_stall_the_server_are_refused() {
        for (m, t, p, why) in [
            (0, 1, 1, "argon2's p"),
            (7, 1, 1, "invalid"),
            (64, 0, 1, "invalid"),
            (64, 1, 0, "invalid"),
            (64, 1, 9, "invalid"),
            (64, 1, u32::MAX, "argon2's p"),
            ((1 << 18) + 1, 1, 1, "256 MiB"),
            (1 << 20, 1, 1, "256 MiB"),
            (u32::MAX, u32::MAX, u32::MAX, "256 MiB"),
            (1 << 18, 5, 1, "too long"),
            (64, u32::MAX, 1, "too long"),
        ] {
            let error = argon2(m, t, p).unwrap_err().to_string();
            assert!(error.contains(why), "{m} {t} {p}: {error}");
        }
    }

    #[test]
    fn parameters_that_are_recommended_are_allowed() {
        // OWASP; argon2-cffi, which is RFC 9106's second choice; Django; Keycloak; libsodium's
        // "moderate".
        for (m, t, p) in [
            (19_456, 2, 1),
            (47_104, 1, 1),
            (65_536, 3, 4),
            (102_400, 2, 8),
            (7168, 5, 1),
            (262_144, 3, 1),
        ] {
            assert_eq!(argon2(m, t, p).unwrap().memory(), u64::from(m) << 10, "{m} {t} {p}");
        }
    }
}
