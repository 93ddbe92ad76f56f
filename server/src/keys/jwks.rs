use anyhow::Context as _;
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use sha2::{Digest as _, Sha256};

use super::Algorithm;

/// A JWK set (RFC 7517 section 5), ready to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwks {
    /// The JSON document.
    pub body: Bytes,
    /// Its strong entity tag, in quotation marks (RFC 9110 section 8.8.3).
    pub etag: String,
}

impl Jwks {
    /// The set of these keys, in the same order.
    pub(super) fn of<'a>(keys: impl Iterator<Item = &'a Jwk>) -> anyhow::Result<Self> {
        let set = JwkSet { keys: keys.cloned().collect() };
        let body = Bytes::from(serde_json::to_vec(&set).context("can't write the JWK set")?);
        let etag = format!("\"{}\"", BASE64URL_NOPAD.encode(&Sha256::digest(&body)));
        Ok(Self { body, etag })
    }
}

/// The JWK of a public key. `public` is a point in the form of RFC 8032 or SEC 1, or a PKCS#1 RSA
/// key. It takes no private key, so it can't leak one.
pub(super) fn public_jwk(algorithm: Algorithm, public: &[u8]) -> anyhow::Result<Jwk> {
    let (key, algorithm) = match algorithm {
        Algorithm::EdDSA => (DecodingKey::from_ed_der(public), jsonwebtoken::Algorithm::EdDSA),
        Algorithm::ES256 => (DecodingKey::from_ec_der(public), jsonwebtoken::Algorithm::ES256),
        Algorithm::RS256 => (DecodingKey::from_rsa_der(public), jsonwebtoken::Algorithm::RS256),
        Algorithm::HS256 => anyhow::bail!("a secret has no public half"),
    };
    let mut jwk = Jwk::from_decoding_key(&key, Some(algorithm))?;
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256)?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(jwk)
}
