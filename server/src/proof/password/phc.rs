use std::fmt;
use std::num::NonZeroU32;

use anyhow::{Context as _, anyhow, ensure};
use hallpass_contract::Secret;
use hallpass_kdf::{KEY_LEN, Key};
use phc::{Ident, Output, ParamsString, PasswordHash, Salt};

use super::StoredHash;
use super::kdf::{Kdf, Prf};

const ALGORITHM: &str = "pbkdf2-sha256";

/// Bytes of a new hash's salt.
pub(super) const SALT_LEN: usize = 16;

/// A new password hash, to be stored as a PHC string such as
/// `$pbkdf2-sha256$i=600000,l=32$<salt>$<key>`, both in base64 without padding.
#[derive(Clone)]
pub struct PhcHash {
    iterations: NonZeroU32,
    salt: Salt,
    key: Output,
}

impl PhcHash {
    /// Puts together what went into a derivation and the key that came out.
    pub(super) fn new(iterations: NonZeroU32, salt: &[u8; SALT_LEN], key: &Key) -> Self {
        let salt = Salt::new(salt).expect("16 bytes are within the 8 to 48 that PHC allows");
        let key = Output::new(key).expect("32 bytes are within the 10 to 64 that PHC allows");
        Self { iterations, salt, key }
    }

    /// The PHC string.
    pub fn to_phc(&self) -> Secret {
        let mut params = ParamsString::new();
        params
            .add_decimal(ident("i"), self.iterations.get())
            .and_then(|()| params.add_decimal(ident("l"), KEY_LEN as u32))
            .expect("two short parameters fit");
        PasswordHash {
            algorithm: ident(ALGORITHM),
            version: None,
            params,
            salt: Some(self.salt),
            hash: Some(self.key),
        }
        .to_string()
        .into()
    }
}

impl fmt::Debug for PhcHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhcHash").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

/// Reads a PHC string. It must be PBKDF2-HMAC-SHA256 with an iteration count, a salt and a 32-byte
/// key.
pub(super) fn parse(text: &str) -> anyhow::Result<StoredHash> {
    let hash = PasswordHash::new(text).map_err(|error| anyhow!("not a PHC string: {error}"))?;
    ensure!(hash.algorithm.as_str() == ALGORITHM, "not a {ALGORITHM} hash");
    let iterations = hash.params.get_decimal(ident("i")).context("no iteration count i")?;
    let key = hash.hash.context("no key")?;
    ensure!(key.len() == KEY_LEN, "the key is not {KEY_LEN} bytes");
    Ok(StoredHash {
        kdf: Kdf::pbkdf2(Prf::Sha256, iterations)?,
        salt: hash.salt.context("no salt")?.to_vec(),
        key: key.as_bytes().to_vec(),
        is_foreign: false,
        signer: None,
    })
}

fn ident(name: &'static str) -> Ident {
    Ident::new(name).expect("a valid PHC identifier")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_phc_string() {
        let iterations = NonZeroU32::new(600_000).unwrap();
        let text = PhcHash::new(iterations, &[7; SALT_LEN], &[9; KEY_LEN]).to_phc();
        let text = text.expose();
        assert!(text.starts_with("$pbkdf2-sha256$i=600000,l=32$"), "{text}");
        let parsed = StoredHash::parse(text).unwrap();
        assert_eq!(parsed.kdf, Kdf::Pbkdf2(Prf::Sha256, iterations));
        assert_eq!(parsed.salt, [7; SALT_LEN]);
        assert!(parsed.matches(&[9; KEY_LEN]));
        assert!(!parsed.matches(&[8; KEY_LEN]));
        assert!(!parsed.is_foreign);
    }

    #[test]
    fn other_phc_strings_are_refused_by_name() {
        let salt = "A".repeat(22);
        let key = "A".repeat(43);
        for (text, why) in [
            ("$".to_owned(), "not a PHC string"),
            (format!("$balloon$v=1$s=65536,t=2,p=1${salt}${key}"), "not a pbkdf2-sha256"),
            (format!("$pbkdf2-sha256$l=32${salt}${key}"), "no iteration count"),
            (format!("$pbkdf2-sha256$i=1000,l=32${salt}"), "no key"),
            (format!("$pbkdf2-sha256$i=1000${salt}${salt}"), "not 32 bytes"),
            (format!("$pbkdf2-sha256$i=0${salt}${key}"), "count is 0"),
            (format!("$pbkdf2-sha256$i=4294967295${salt}${key}"), "more than 10000000"),
        ] {
            let error = StoredHash::parse(&text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains(&salt), "{error}");
        }
    }
}
