use std::fmt;

use serde::{Deserialize, Serialize};

/// How tokens are signed, with the names of RFC 7518 section 3.1 and RFC 8037 section 3.1.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Algorithm {
    /// Ed25519
    EdDSA,
    /// ECDSA with P-256 and SHA-256
    #[default]
    ES256,
    /// RSA 2048, PKCS #1 v1.5, with SHA-256
    RS256,
    /// HMAC with SHA-256 and a secret of yours
    HS256,
}

impl Algorithm {
    /// The name in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDSA => "EdDSA",
            Self::ES256 => "ES256",
            Self::RS256 => "RS256",
            Self::HS256 => "HS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
