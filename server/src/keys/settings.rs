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
    pub(super) hs256_secret: Option<Secret>,
    pub(super) access_ttl: Duration,
    /// How long it may take until every server signs with a new key. None if there is one server.
    pub(super) spread: Option<Duration>,
}

impl KeySettings {
    /// New tokens are signed with `algorithm` and live for `access_ttl` at most. With another
    /// algorithm than HS256, a secret keeps the tokens valid that it signed before.
    ///
    /// # Errors
    ///
    /// If the secret is shorter than [`MIN_SECRET_BYTES`], or HS256 has none.
    pub fn new(
        algorithm: Algorithm,
        hs256_secret: Option<Secret>,
        access_ttl: Duration,
    ) -> anyhow::Result<Self> {
        let length = hs256_secret.as_ref().map(|secret| secret.expose().len());
        if let Some(length) = length {
            ensure!(
                length >= MIN_SECRET_BYTES,
                "the HS256 secret has {length} bytes; give at least {MIN_SECRET_BYTES}, such as \
                 what `openssl rand -base64 32` prints"
            );
        }
        ensure!(
            algorithm != Algorithm::HS256 || length.is_some(),
            "HS256 needs a secret; give it in the environment variable HALLPASS_HS256_SECRET or \
             name a file that holds it with --hs256-secret-file"
        );
        Ok(Self { algorithm, hs256_secret, access_ttl, spread: None })
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
