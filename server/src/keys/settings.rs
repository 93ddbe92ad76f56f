use std::time::Duration;

use anyhow::ensure;
use hallpass_contract::Secret;

use super::Algorithm;

/// The fewest bytes of an HS256 secret: as many bits as the hash has (RFC 7518 section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// What the operator configures about keys.
#[derive(Clone, Debug)]
pub struct KeySettings {
    pub(super) algorithm: Algorithm,
    /// Whether keys that are there keep the algorithm they have.
    pub(super) keeps_algorithm: bool,
    pub(super) hs256_secret: Option<Secret>,
    pub(super) access_ttl: Duration,
    /// How long it may take until every server signs with a new key. None if there is one server.
    pub(super) spread: Option<Duration>,
}

impl KeySettings {
    /// New tokens are signed with `algorithm` and live for `access_ttl` at most. Without one, keys
    /// that are there keep theirs, and the first keys get the default. With another algorithm than
    /// HS256, a secret keeps the tokens valid that it signed before.
    ///
    /// # Errors
    ///
    /// If the secret is shorter than [`MIN_SECRET_BYTES`], or HS256 has none.
    pub fn new(
        algorithm: impl Into<Option<Algorithm>>,
        hs256_secret: Option<Secret>,
        access_ttl: Duration,
    ) -> anyhow::Result<Self> {
        let algorithm = algorithm.into();
        let length = hs256_secret.as_ref().map(|secret| secret.expose().len());
        if let Some(length) = length {
            ensure!(
                length >= MIN_SECRET_BYTES,
                "the HS256 secret has {length} bytes; give at least {MIN_SECRET_BYTES}, such as \
                 what `openssl rand -base64 32` prints"
            );
        }
        let keeps_algorithm = algorithm.is_none();
        let algorithm = algorithm.unwrap_or_default();
        let settings = Self { algorithm, keeps_algorithm, hs256_secret, access_ttl, spread: None };
        ensure!(
            settings.has_secret(),
            "HS256 needs a secret; give it in the environment variable HALLPASS_HS256_SECRET or \
             name a file that holds it with --hs256-secret-file"
        );
        Ok(settings)
    }

    /// What counts where a key with this algorithm signs.
    ///
    /// # Errors
    ///
    /// If that stays HS256, and there is no secret.
    pub(super) fn with_signer(&self, algorithm: Algorithm) -> anyhow::Result<Self> {
        if !self.keeps_algorithm {
            return Ok(self.clone());
        }
        let settings = Self { algorithm, ..self.clone() };
        ensure!(
            settings.has_secret(),
            "tokens were signed with HS256 before, and there is no secret; give it in \
             HALLPASS_HS256_SECRET or with --hs256-secret-file, or choose another algorithm with \
             --alg"
        );
        Ok(settings)
    }

    fn has_secret(&self) -> bool {
        self.algorithm != Algorithm::HS256 || self.hs256_secret.is_some()
    }

    /// Several servers use the keys. Until each signs with a new key, `spread` may pass.
    #[must_use]
    pub fn shared(self, spread: Duration) -> Self {
        Self { spread: Some(spread), ..self }
    }

    /// The longest that a new token may live.
    pub fn access_ttl(&self) -> Duration {
        self.access_ttl
    }
}
