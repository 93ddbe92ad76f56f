use jiff::Timestamp;

use super::actor::Actor;
use super::id::UserId;
use super::user::User;

/// An offer to set a new password, by a reset link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResetOffer {
    /// Whose password.
    pub user: UserId,
    /// The admin who makes the offer. It is void once they are no active admin.
    pub by: Actor,
    /// The SHA-256 of the link's token. The token itself is not kept.
    pub token_hash: [u8; 32],
    /// When it is made.
    pub created_at: Timestamp,
    /// From then on it is void.
    pub expires_at: Timestamp,
}

/// A reset offer that can be taken up.
#[derive(Clone, Debug)]
pub struct OpenReset {
    /// Whose password.
    pub user: User,
    /// The admin who made it.
    pub by: User,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it is void.
    pub expires_at: Timestamp,
}
