use std::fmt;

use anyhow::{Context as _, anyhow};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A key of 256 random bits.
#[derive(Clone, Eq, PartialEq)]
pub struct RandomKey([u8; 32]);

impl RandomKey {
    /// A new random key.
    pub fn generate() -> anyhow::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| anyhow!("no randomness: {error}"))?;
        Ok(Self(bytes))
    }

    /// The key itself. A review must look at every call of this.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes())?;
        Ok(Self(bytes.try_into().ok().context("not 32 bytes")?))
    }
}

impl fmt::Debug for RandomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for RandomKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for RandomKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error does not quote the bad text.
        Self::parse(&String::deserialize(deserializer)?)
            .map_err(|_| de::Error::custom("a key is not 32 bytes in base64url"))
    }
}
