use std::sync::Arc;

use jiff::Timestamp;

use super::id::{SessionId, UserId};
use super::restrictions::Restricted;

/// A revoked session, and until when it is remembered.
pub(super) type Revocation = (SessionId, Timestamp);

/// What a write answers, and what its commit publishes to those who answer from memory.
#[derive(Debug)]
pub(super) struct Applied<T> {
    pub(super) answer: T,
    pub(super) news: News,
}

/// What those who answer from memory must know.
#[derive(Debug)]
pub(super) struct News {
    /// The sessions that ended.
    pub(super) revoked: Vec<Revocation>,
    /// The users who were there before and have changed.
    pub(super) users: Vec<UserId>,
    /// Whether the keys have changed.
    pub(super) keys: bool,
    /// What is restricted from now on, if that has changed.
    pub(super) restricted: Option<Arc<Restricted>>,
    /// Whether the answer waits until every server knows. It need not where the answer promises
    /// nothing about what changed.
    pub(super) is_awaited: bool,
}

impl Default for News {
    fn default() -> Self {
        let (revoked, users, restricted) = (Vec::new(), Vec::new(), None);
        Self { revoked, users, keys: false, restricted, is_awaited: true }
    }
}

impl News {
    /// This user changed, and these sessions ended.
    pub(super) fn of(user: Option<UserId>, revoked: Vec<Revocation>) -> Self {
        Self { revoked, users: user.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        let is_of_accounts = !self.revoked.is_empty() || !self.users.is_empty();
        !is_of_accounts && !self.keys && self.restricted.is_none()
    }
}

impl<T> Applied<T> {
    /// A write that changes nothing that is answered from memory.
    pub(super) fn quietly(answer: T) -> Self {
        Self { answer, news: News::default() }
    }

    /// A write that changes no user and ends these sessions.
    pub(super) fn ending(answer: T, revoked: Vec<Revocation>) -> Self {
        Self { answer, news: News { revoked, ..News::default() } }
    }

    /// A write that changes the keys.
    pub(super) fn of_keys(answer: T) -> Self {
        Self { answer, news: News { keys: true, ..News::default() } }
    }

    /// A write that changes what is restricted.
    pub(super) fn restricting(answer: T, restricted: Restricted) -> Self {
        let restricted = Some(Arc::new(restricted));
        Self { answer, news: News { restricted, ..News::default() } }
    }

    /// The same, with an answer that does not wait until every server knows.
    pub(super) fn unawaited(mut self) -> Self {
        self.news.is_awaited = false;
        self
    }

    pub(super) fn map<U>(self, change: impl FnOnce(T, &[Revocation]) -> U) -> Applied<U> {
        let Self { answer, news } = self;
        Applied { answer: change(answer, &news.revoked), news }
    }
}

impl<E> Applied<Result<(), E>> {
    /// Answers how many sessions ended.
    pub(super) fn counting(self) -> Applied<Result<usize, E>> {
        self.map(|answer, revoked| answer.map(|()| revoked.len()))
    }
}
