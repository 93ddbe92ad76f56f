use anyhow::{Context as _, ensure};

use scrypt::Params;

use super::bounds::MAX_MEMORY;

/// The most bytes that one scrypt derivation may mix, over all its lanes. That is about as much
/// work as [`super::MAX_ITERATIONS`].
const MAX_WORK: u64 = 512 << 20;

/// The most that scrypt's r and p may be. Real hashes have r = 8 and p up to 16. Without this
/// limit, the buffer of 128 * r * p bytes would evade the memory limit.
const MAX_FACTOR: u32 = 64;

/// The memory that one derivation takes, in bytes.
pub(super) fn memory(n: u64, r: u32) -> u64 {
    128 * n * u64::from(r)
}

/// # Errors
///
/// If scrypt does not allow the parameters, or they take too much memory or time.
pub(super) fn params(n: u32, r: u32, p: u32) -> anyhow::Result<Params> {
    ensure!(n > 1 && n.is_power_of_two(), "scrypt's N is not a power of two above 1");
    for (factor, name) in [(r, "r"), (p, "p")] {
        let allowed = 1..=MAX_FACTOR;
        ensure!(allowed.contains(&factor), "scrypt's {name} is not 1 to {MAX_FACTOR}");
    }
    let memory = memory(n.into(), r);
    ensure!(memory <= MAX_MEMORY, "scrypt would take more than 256 MiB of memory");
    ensure!(memory * u64::from(p) <= MAX_WORK, "scrypt would take too long: N*r*p");
    let log_n = n.trailing_zeros() as u8;
    Params::new(log_n, r, p).context("invalid scrypt parameters")
}

#[cfg(test)]
mod tests {
    use crate::proof::password::kdf::Kdf;

    #[test]
    fn parameters_that_would_stall_the_server_are_refused() {
        for (n, r, p, why) in [
            (0, 8, 1, "scrypt's N"),
            (1, 8, 1, "scrypt's N"),
            (32_767, 8, 1, "scrypt's N"),
            (1 << 31, 8, 1, "256 MiB"),
            (1 << 20, 8, 1, "256 MiB"),
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
        for log_n in [0, 19, 20, 31, 32, u32::MAX] {
            assert!(Kdf::scrypt_log(log_n, 8, 1).is_err(), "{log_n}");
        }
        assert_eq!(Kdf::scrypt_log(14, 8, 1).unwrap(), Kdf::scrypt(1 << 14, 8, 1).unwrap());
    }

    #[test]
    fn parameters_that_are_recommended_are_allowed() {
        // From OWASP's Password Storage Cheat Sheet, but for the last, which takes the most memory
        // allowed.
        for (log_n, p) in [(17, 1), (16, 2), (15, 3), (14, 5), (13, 10), (18, 1)] {
            let kdf = Kdf::scrypt(1 << log_n, 8, p).unwrap();
            assert_eq!(kdf.memory(), 1 << (log_n + 10), "2^{log_n}:8:{p}");
        }
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
