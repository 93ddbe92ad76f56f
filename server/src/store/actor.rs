use super::id::{SessionId, UserId};

/// The signed-in user who asks for a change.
///
/// The store checks the actor again in the transaction that makes the change, since the actor may
/// have lost a role or the session after the request's head was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Actor {
    /// Who asks.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// Whether the user asks as an admin; otherwise for themselves.
    pub admin: bool,
    /// Whether the proof of who they are was given within `--fresh-for`.
    pub fresh: bool,
}
