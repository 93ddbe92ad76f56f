//! What a user can show beside the password.

use std::fmt;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::id::PasskeyId;

/// The second factors of a user. A field that later versions add needs `#[serde(default)]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Factors {
    /// Makes one-time codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp: Option<Totp>,
    /// What will make them, once the user has shown one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_totp: Option<Totp>,
    /// The recovery codes that are left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes: Vec<RecoveryCode>,
    /// The passkeys, in the order in which they were made; at most [`MAX_PASSKEYS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passkeys: Vec<Passkey>,
}

/// The most passkeys of a user.
pub const MAX_PASSKEYS: usize = 20;

/// A passkey (Web Authentication Level 3).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Passkey {
    /// Which one of the user's it is.
    pub id: PasskeyId,
    /// What its user calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// How its authenticator calls it, in base64url.
    pub credential_id: String,
    /// How it stands.
    #[serde(flatten)]
    pub state: PasskeyState,
}

/// What changes with each use of a passkey.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PasskeyState {
    /// How often it has signed, as it says; 0 if it does not count. It never goes back.
    pub counter: u32,
    /// Its public key and whatever else is known of it, as the library that checks it wrote them.
    pub credential: String,
}

/// The secret that a user and their authenticator share (RFC 6238).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Totp {
    /// The secret, sealed with a key that is not in the store.
    pub sealed: Sealed,
    /// When the server made it. It tells one secret of a user from the next.
    pub created_at: Timestamp,
    /// The time step of the last code that was accepted. No code of it or of an earlier one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step: Option<u64>,
}

/// What only the holder of a key can read.
#[derive(Clone, Eq, PartialEq)]
pub struct Sealed(pub Vec<u8>);

/// SHA-256 of a recovery code, which is random and long.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct RecoveryCode(pub [u8; 32]);

/// What was shown beside the password, to be used up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FactorUse {
    /// A one-time code.
    Totp {
        /// When its secret was made.
        created_at: Timestamp,
        /// Its time step.
        step: u64,
    },
    /// A recovery code.
    RecoveryCode(RecoveryCode),
    /// A passkey.
    Passkey {
        /// Which one.
        id: PasskeyId,
        /// How it stands after that.
        state: PasskeyState,
        /// Whether its authenticator may copy it to others.
        synced: bool,
        /// When.
        at: Timestamp,
    },
}

/// A change that a user makes to their own factors.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FactorChange {
    /// A secret for one-time codes that the user has yet to confirm.
    BeginTotp(Totp),
    /// The user has shown a code of the secret. The recovery codes are new ones.
    ConfirmTotp {
        /// When the secret was made.
        created_at: Timestamp,
        /// The time step of the code.
        step: u64,
        /// The new recovery codes.
        recovery_codes: Vec<RecoveryCode>,
    },
    /// No more one-time codes. Recovery codes go with the last factor.
    RemoveTotp,
    /// New recovery codes in the place of the old ones.
    NewRecoveryCodes(Vec<RecoveryCode>),
    /// One more passkey.
    AddPasskey(Passkey),
    /// Another name for a passkey.
    RenamePasskey {
        /// Which one.
        id: PasskeyId,
        /// Its new name.
        name: String,
    },
    /// One passkey less. Recovery codes go with the last factor.
    RemovePasskey(PasskeyId),
}

impl Factors {
    /// Whether the password alone does not sign the user in.
    pub fn are_needed(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }

    /// Whether there is nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hashed]")
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes());
        bytes.map(Self).map_err(|_| de::Error::custom("it is not base64"))
    }
}

impl Serialize for RecoveryCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for RecoveryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| de::Error::custom("it is not the base64 of 32 bytes"))
    }
}
