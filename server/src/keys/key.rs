use std::fmt;

use anyhow::{Context as _, anyhow, ensure};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::Secret;
use jsonwebtoken::jwk::Jwk;
use pem::{EncodeConfig, LineEnding};

use super::{Algorithm, jwks};

const PEM_TAG: &str = "PRIVATE KEY";

/// A secret's kid is a MAC of this text and a salt. The text has spaces, which no token's signing
/// input has, so no kid can serve as a token's signature.
const KID_LABEL: &[u8] = b"hallpass HS256 kid";

const KID_SALT_BYTES: usize = 16;

/// A key and the only algorithm that it is used with, whatever a token's header says. It is parsed
/// once: parsing and checking an RSA key takes 3 ms, signing 0.6.
pub(crate) struct Key {
    kid: String,
    material: Material,
}

enum Material {
    Pair { pair: Pair, public: ParsedPublicKey, jwk: Box<Jwk> },
    Secret(Box<hmac::Key>),
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    /// Reads a PKCS#8 key in PEM (RFC 7468 section 10). Its id is its RFC 7638 thumbprint.
    pub(crate) fn from_pem(algorithm: Algorithm, pem: &Secret) -> anyhow::Result<Self> {
        let pem = pem::parse(pem.expose())?;
        ensure!(pem.tag() == PEM_TAG, "a {} where a {PEM_TAG} belongs", pem.tag());
        let der = pem.contents();
        let pair = match algorithm {
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed25519),
            Algorithm::ES256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::P256)
            }
            Algorithm::RS256 => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
            Algorithm::HS256 => anyhow::bail!("an HS256 secret is not kept in a file of keys"),
        };
        let pair = pair.map_err(|error| anyhow!("not a key for {algorithm}: {error}"))?;
        let jwk = jwks::public_jwk(algorithm, pair.public())?;
        let kid = jwk.common.key_id.clone().context("a key without an id")?;
        let public = pair.parse_public().map_err(|error| anyhow!("{error}"))?;
        Ok(Self { kid, material: Material::Pair { pair, public, jwk: Box::new(jwk) } })
    }

    /// Makes an HS256 key of the configured secret. Its kid is a MAC of a fixed text and a random
    /// salt. So it tells no more about the secret than any token does, and nothing can be
    /// precomputed.
    pub(super) fn from_secret(secret: &Secret) -> anyhow::Result<Self> {
        let mut salt = [0; KID_SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|error| anyhow!("no randomness: {error}"))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let kid = BASE64URL_NOPAD.encode(&kid_bytes(&key, &salt));
        Ok(Self { kid, material: Material::Secret(Box::new(key)) })
    }

    /// The configured secret as a key, if `kid` was made of it.
    pub(super) fn from_secret_with_kid(secret: &Secret, kid: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(kid.as_bytes()).ok()?;
        let salt = bytes.get(..KID_SALT_BYTES)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        constant_time::verify_slices_are_equal(&kid_bytes(&key, salt), &bytes).ok()?;
        Some(Self { kid: kid.to_owned(), material: Material::Secret(Box::new(key)) })
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match &self.material {
            Material::Pair { pair, .. } => pair.algorithm(),
            Material::Secret(_) => Algorithm::HS256,
        }
    }

    /// The public half. A secret has none.
    pub(crate) fn jwk(&self) -> Option<&Jwk> {
        match &self.material {
            Material::Pair { jwk, .. } => Some(jwk),
            Material::Secret(_) => None,
        }
    }

    #[cfg(test)]
    pub(crate) fn public_bytes(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Pair { pair, .. } => Some(pair.public()),
            Material::Secret(_) => None,
        }
    }

    /// Signs. The signature has the form of RFC 7518 section 3.
    pub(crate) fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        match &self.material {
            Material::Pair { pair, .. } => {
                pair.sign(message).map_err(|_| anyhow!("can't sign with key {}", self.kid))
            }
            Material::Secret(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }

    /// Whether this key made the signature of this message. From a valid ES256 signature, a second
    /// one can be derived: `n - s` replaces `s`. RFC 7518 allows that. It does no harm, since
    /// nothing here identifies tokens by their signatures.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Pair { public, .. } => public.verify_sig(message, signature).is_ok(),
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = self.algorithm();
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("alg", &algorithm)
            .finish_non_exhaustive()
    }
}

impl Pair {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDSA,
            Self::P256(_) => Algorithm::ES256,
            Self::Rsa(_) => Algorithm::RS256,
        }
    }

    fn public(&self) -> &[u8] {
        match self {
            Self::Ed25519(pair) => pair.public_key().as_ref(),
            Self::P256(pair) => pair.public_key().as_ref(),
            Self::Rsa(pair) => pair.public_key().as_ref(),
        }
    }

    fn parse_public(&self) -> Result<ParsedPublicKey, aws_lc_rs::error::KeyRejected> {
        match self {
            Self::Ed25519(_) => ParsedPublicKey::new(&ED25519, self.public()),
            Self::P256(_) => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.public()),
            Self::Rsa(_) => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.public()),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
            Self::P256(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

/// Makes a private key: PKCS#8 version 1 in PEM. OpenSSL 3.0 can't read version 2, which also holds
/// the public key. RSA keys have 2048 bits. That is enough for tokens that live for minutes; with
/// 3072 bits, signing would take three times as long. Making an RSA key takes about 0.2 s.
///
/// Fails for HS256, whose secret the operator makes.
pub(super) fn generate_pem(algorithm: Algorithm) -> anyhow::Result<Secret> {
    let der = generate_der(algorithm).map_err(|_| anyhow!("can't make a key for {algorithm}"))?;
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    Ok(pem::encode_config(&pem::Pem::new(PEM_TAG, der), config).into())
}

fn generate_der(algorithm: Algorithm) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
    let der = match algorithm {
        Algorithm::EdDSA => Ed25519KeyPair::generate()?.to_pkcs8v1()?.as_ref().to_vec(),
        Algorithm::ES256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
            pair.to_pkcs8v1()?.as_ref().to_vec()
        }
        Algorithm::RS256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
            AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref().to_vec()
        }
        Algorithm::HS256 => return Err(aws_lc_rs::error::Unspecified),
    };
    Ok(der)
}

/// The kid: the salt and half of the MAC.
fn kid_bytes(key: &hmac::Key, salt: &[u8]) -> Vec<u8> {
    let mac = hmac::sign(key, &[KID_LABEL, salt].concat());
    [salt, &mac.as_ref()[..16]].concat()
}
