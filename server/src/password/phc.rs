use std::num::NonZeroU32;

use anyhow::{Context as _, anyhow, ensure};
use hallpass_contract::Secret;
use hallpass_kdf::{KEY_LEN, Key};
use phc::{Ident, Output, ParamsString, PasswordHash, Salt};

const ALGORITHM: &str = "pbkdf2-sha256";

/// Bytes of a new hash's salt.
pub(super) const SALT_LEN: usize = 16;

/// A password hash as it is stored: a PHC string such as
/// `$pbkdf2-sha256$i=600000,l=32$<salt>$<key>`, both in base64 without padding.
#[derive(Clone, Debug)]
pub struct StoredHash {
    pub(super) iterations: NonZeroU32,
    pub(super) salt: Salt,
    key: Output,
}

impl StoredHash {
    /// Puts together what a derivation used and yielded.
    pub(super) fn new(iterations: NonZeroU32, salt: Salt, key: &Key) -> Self {
        let key = Output::new(key).expect("32 bytes are within the 10 to 64 that PHC allows");
        Self { iterations, salt, key }
    }

    /// Reads a PHC string.
    ///
    /// # Errors
    ///
    /// If it is not PBKDF2-HMAC-SHA256 with an iteration count, a salt and a 32-byte key.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let hash = PasswordHash::new(text).map_err(|error| anyhow!("not a PHC string: {error}"))?;
        ensure!(hash.algorithm.as_str() == ALGORITHM, "not a {ALGORITHM} hash");
        let iterations = hash
            .params
            .get_decimal(ident("i"))
            .and_then(NonZeroU32::new)
            .context("no iteration count i")?;
        let key = hash.hash.context("no key")?;
        ensure!(key.len() == KEY_LEN, "the key is not {KEY_LEN} bytes");
        Ok(Self { iterations, salt: hash.salt.context("no salt")?, key })
    }

    /// Whether `key` is the stored one, in a time that does not depend on where they differ.
    pub(super) fn matches(&self, key: &Key) -> bool {
        Output::new(key).is_ok_and(|key| key == self.key)
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

fn ident(name: &'static str) -> Ident {
    Ident::new(name).expect("a valid PHC identifier")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_phc_string() {
        let salt = Salt::new(&[7; SALT_LEN]).unwrap();
        let hash = StoredHash::new(NonZeroU32::new(600_000).unwrap(), salt, &[9; KEY_LEN]);
        let text = hash.to_phc();
        let text = text.expose();
        assert!(text.starts_with("$pbkdf2-sha256$i=600000,l=32$"), "{text}");
        let parsed = StoredHash::parse(text).unwrap();
        assert_eq!(parsed.iterations, hash.iterations);
        assert_eq!(parsed.salt, hash.salt);
        assert!(parsed.matches(&[9; KEY_LEN]));
        assert!(!parsed.matches(&[8; KEY_LEN]));
    }

    #[test]
    fn other_formats_are_refused_by_name() {
        for (text, why) in [
            ("plain", "not a PHC string"),
            (
                "$argon2id$v=19$m=65536,t=2,p=1$gZiV/M1gPc22ElAH$aGFzaGhhc2hoYXNo",
                "not a pbkdf2-sha256",
            ),
            ("$pbkdf2-sha256$l=32$AAAAAAAAAAAAAAAAAAAAAA", "no iteration count"),
            ("$pbkdf2-sha256$i=1000,l=32$AAAAAAAAAAAAAAAAAAAAAA", "no key"),
        ] {
            let error = StoredHash::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
