//! The algorithms of keys as values of `--alg`.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::keys::Algorithm;

impl ValueEnum for Algorithm {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::ES256, Self::EdDSA, Self::RS256, Self::HS256]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::EdDSA => "Ed25519",
            Self::ES256 => "ECDSA with P-256 and SHA-256",
            Self::RS256 => "RSA 2048, PKCS #1 v1.5, with SHA-256",
            Self::HS256 => "HMAC with SHA-256 and a secret of yours",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}
