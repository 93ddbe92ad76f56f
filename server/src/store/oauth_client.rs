use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::OauthClientId;

/// The most OAuth clients.
pub const MAX_OAUTH_CLIENTS: u64 = 1000;

/// A service that has a secret of its own and may ask about tokens or revoke them (RFC 6749
/// section 2). A field that later versions add needs `#[serde(default)]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OauthClient {
    /// Another one has another id, even if it has the name of one that is gone.
    pub id: OauthClientId,
    /// Its `client_id`.
    pub name: String,
    /// SHA-256 of its secret, which has 256 random bits.
    pub secret_hash: [u8; 32],
    /// What it may do, each once.
    pub may: Vec<OauthGrant>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl OauthClient {
    /// Whether it may do this.
    pub fn may(&self, grant: OauthGrant) -> bool {
        self.may.contains(&grant)
    }
}

/// What an OAuth client may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OauthGrant {
    /// Ask whether a token is active, and what it says (RFC 7662).
    Introspect,
    /// End the session of a token (RFC 7009).
    Revoke,
}

impl OauthGrant {
    /// As operators write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
        }
    }
}

/// What became of an OAuth client that was to be added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OauthClientAdded {
    /// It is there.
    Added,
    /// There is one of this name.
    NameTaken,
    /// There are [`MAX_OAUTH_CLIENTS`].
    TooMany,
}
