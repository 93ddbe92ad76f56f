use jiff::Timestamp;

use super::id::ChallengeId;

/// The most attempts to answer a challenge of a login.
pub const MAX_ANSWERS: u32 = 5;

/// A question of the server's that can be answered once: how often that was tried is counted in the
/// store. What it asks is in a sealed token that the client holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Challenge {
    /// Which one it is.
    pub id: ChallengeId,
    /// From then on it is void.
    pub expires_at: Timestamp,
    /// How often somebody may try to answer it.
    pub answers: u32,
}
