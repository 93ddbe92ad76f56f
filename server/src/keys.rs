//! The keys that sign access tokens.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use pem::{EncodeConfig, LineEnding};
use sha2::{Digest as _, Sha256};

use crate::data_dir;

/// The key file's name in the data directory: PKCS#8 in PEM (RFC 8410).
pub const KEY_FILE: &str = "signing-key.pem";

const PEM_TAG: &str = "PRIVATE KEY";

/// The key pair that signs and checks access tokens. Its algorithm is pinned to it: whatever a
/// token's header says, no other one is tried.
pub struct SigningKey {
    kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl SigningKey {
    /// The only algorithm so far.
    pub const ALGORITHM: Algorithm = Algorithm::EdDSA;

    /// A new Ed25519 key.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub fn generate() -> anyhow::Result<Self> {
        Self::from_pkcs8(&generate_pkcs8()?)
    }

    /// Reads the key from `dir`, or makes it there, readable by its owner alone.
    ///
    /// # Errors
    ///
    /// If the file is there and not an Ed25519 key, or the disk refuses. A damaged key is never
    /// replaced, since that would end every session.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(KEY_FILE);
        if !path.try_exists().with_context(|| format!("can't look for {}", path.display()))? {
            create(&path)?;
        }
        let pem =
            fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
        data_dir::warn_if_others_can_read(&path);
        decode_pem(&pem).and_then(|der| Self::from_pkcs8(&der)).with_context(|| {
            format!("{} is not an Ed25519 key in PKCS#8 PEM; restore it", path.display())
        })
    }

    fn from_pkcs8(der: &[u8]) -> anyhow::Result<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|error| anyhow!("{error}"))?;
        let public = pair.public_key().as_ref();
        Ok(Self {
            kid: thumbprint(public),
            encoding: EncodingKey::from_ed_der(der),
            decoding: DecodingKey::from_ed_der(public),
        })
    }

    /// The key's id: its RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The private half.
    pub(crate) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }

    /// The public half.
    pub(crate) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn generate_pkcs8() -> anyhow::Result<Vec<u8>> {
    let pair = Ed25519KeyPair::generate().map_err(|_| anyhow!("can't make a signing key"))?;
    // Version 1, since OpenSSL 3.0 can't read version 2, which holds the public key as well.
    let document = pair.to_pkcs8v1().map_err(|_| anyhow!("can't encode the signing key"))?;
    Ok(document.as_ref().to_vec())
}

/// RFC 7638 over the members that RFC 8037 section 2 requires, in lexicographic order.
fn thumbprint(public: &[u8]) -> String {
    let x = BASE64URL_NOPAD.encode(public);
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    BASE64URL_NOPAD.encode(&Sha256::digest(jwk))
}

fn create(path: &Path) -> anyhow::Result<()> {
    let pem = pem::Pem::new(PEM_TAG, generate_pkcs8()?);
    let pem = pem::encode_config(&pem, EncodeConfig::new().set_line_ending(LineEnding::LF));
    data_dir::create_whole(path, |mut file| Ok(file.write_all(pem.as_bytes())?))?;
    tracing::info!(path = %path.display(), "made a signing key");
    Ok(())
}

fn decode_pem(text: &str) -> anyhow::Result<Vec<u8>> {
    let pem = pem::parse(text)?;
    ensure!(pem.tag() == PEM_TAG, "a {} where a {PEM_TAG} belongs", pem.tag());
    Ok(pem.into_contents())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let first = SigningKey::open(dir.path()).unwrap();
        let second = SigningKey::open(dir.path()).unwrap();
        assert_eq!(first.kid(), second.kid());
        let metadata = fs::metadata(dir.path().join(KEY_FILE)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn a_damaged_key_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(KEY_FILE);
        for damaged in
            ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
        {
            fs::write(&path, damaged).unwrap();
            let error = SigningKey::open(dir.path()).unwrap_err().to_string();
            assert!(error.contains(KEY_FILE), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }

    // RFC 8037 appendix A.3.
    #[test]
    fn the_key_id_is_the_rfc_7638_thumbprint() {
        let public =
            BASE64URL_NOPAD.decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(thumbprint(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
