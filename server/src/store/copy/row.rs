use jiff::Timestamp;
use serde::Serialize;

use crate::store::id::{SessionId, UserId};
use crate::store::session::Session;
use crate::store::user::User;

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
        }
    }
}
