//! What is copied, row by row.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use crate::store::audit::AuditEntry;
use crate::store::id::{SessionId, UserId};
use crate::store::keys_record::KeysRecord;
use crate::store::oauth_client::OauthClient;
use crate::store::restrictions::Restricted;
use crate::store::sealed_keys::SealedKeys;
use crate::store::session::Session;
use crate::store::user::User;

/// Rows that are read and written at once.
pub(in crate::store) const PAGE: usize = 2000;

/// What is copied, in this order: rows refer to rows before them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The records of users.
    Users,
    /// The addresses from which they signed in.
    Addresses,
    /// Sessions that have not ended.
    Sessions,
    /// Sessions that have ended.
    Revoked,
    /// Reset offers.
    Offers,
    /// What admins and operators restrict: one row, or none.
    Restrictions,
    /// OAuth clients.
    OauthClients,
    /// Records of the audit log.
    Audit,
}

/// How many kinds there are.
pub(in crate::store) const KINDS: usize = 8;

impl Kind {
    /// All of them.
    pub const ALL: [Self; KINDS] = [
        Self::Users,
        Self::Addresses,
        Self::Sessions,
        Self::Revoked,
        Self::Offers,
        Self::Restrictions,
        Self::OauthClients,
        Self::Audit,
    ];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Addresses => "users' addresses",
            Self::Sessions => "sessions",
            Self::Revoked => "revoked sessions",
            Self::Offers => "reset links",
            Self::Restrictions => "restrictions",
            Self::OauthClients => "OAuth clients",
            Self::Audit => "audit records",
        }
    }
}

/// What a row is found by.
pub(in crate::store) type Key = [u8; 16];

/// A row of any kind.
#[derive(Clone, Debug, Serialize)]
pub(in crate::store) enum Row {
    User(User),
    /// The newest one last.
    Addresses(UserId, Vec<String>),
    Session(Session),
    /// Until when it is remembered.
    Revoked(SessionId, Timestamp),
    Offer(StoredOffer),
    Restrictions(Restricted),
    OauthClient(OauthClient),
    Audit(AuditEntry),
}

/// A reset offer as it is stored.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(in crate::store) struct StoredOffer {
    pub(in crate::store) user: UserId,
    pub(in crate::store) maker: UserId,
    pub(in crate::store) token_hash: [u8; 32],
    pub(in crate::store) created_at: Timestamp,
    pub(in crate::store) expires_at: Timestamp,
}

impl Row {
    pub(in crate::store) fn key(&self) -> Key {
        match self {
            Self::User(user) => *user.id.as_bytes(),
            Self::Addresses(user, _) => *user.as_bytes(),
            Self::Session(session) => *session.id.as_bytes(),
            Self::Revoked(id, _) => *id.as_bytes(),
            Self::Offer(offer) => *offer.user.as_bytes(),
            Self::Restrictions(_) => [0; 16],
            Self::OauthClient(client) => *client.id.as_bytes(),
            Self::Audit(entry) => *entry.id.as_bytes(),
        }
    }
}

/// A store that nobody else uses, one row after the other.
#[async_trait]
pub(in crate::store) trait Rows: Send {
    /// At most [`PAGE`] rows after `after`, in the order of their keys.
    async fn page(&mut self, kind: Kind, after: Option<Key>) -> anyhow::Result<Vec<Row>>;

    /// How many rows there are.
    async fn count(&mut self, kind: Kind) -> anyhow::Result<u64>;

    /// Whether keys were made.
    async fn keys_record(&mut self) -> anyhow::Result<KeysRecord>;

    /// The sealed keys. None of a file, which has none.
    async fn sealed_keys(&mut self) -> anyhow::Result<Option<SealedKeys>>;

    /// Adds rows of one kind.
    async fn add(&mut self, rows: Vec<Row>) -> anyhow::Result<()>;

    /// Makes all that was added last, and with it the sealed keys, if there are any.
    async fn finish(
        self: Box<Self>,
        keys: KeysRecord,
        sealed: Option<Vec<u8>>,
    ) -> anyhow::Result<()>;
}
