use jiff::Timestamp;

use super::id::SessionId;

/// A revoked session, and until when it is remembered.
pub(super) type Revocation = (SessionId, Timestamp);

/// What a write answers, and what its commit publishes to those who read from memory.
pub(super) struct Applied<T> {
    pub(super) answer: T,
    /// The sessions that ended.
    pub(super) revoked: Vec<Revocation>,
    /// Whether a user who was there has changed.
    pub(super) user_changed: bool,
}

impl<T> Applied<T> {
    /// A write that changes no user and ends these sessions.
    pub(super) fn ending(answer: T, revoked: Vec<Revocation>) -> Self {
        Self { answer, revoked, user_changed: false }
    }

    pub(super) fn map<U>(self, change: impl FnOnce(T, &[Revocation]) -> U) -> Applied<U> {
        let Self { answer, revoked, user_changed } = self;
        Applied { answer: change(answer, &revoked), revoked, user_changed }
    }
}

impl<E> Applied<Result<(), E>> {
    /// Answers how many sessions ended.
    pub(super) fn counting(self) -> Applied<Result<usize, E>> {
        self.map(|answer, revoked| answer.map(|()| revoked.len()))
    }
}
