//! The sessions that are refreshed and signed out. Each is in one hand at a time.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sut::SignedIn;

/// A session, by a number that no other one has.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) user: SignedIn,
}

/// All sessions of a run.
#[derive(Debug)]
pub(super) struct Sessions(Mutex<Book>);

#[derive(Debug)]
struct Book {
    next: u64,
    /// Signed in, and in nobody's hand.
    at_rest: VecDeque<Session>,
    /// Their sign-out has begun, and nobody knows whether it has happened.
    leaving: VecDeque<Session>,
    ended: Vec<Session>,
    /// Whether one was wanted that was not there.
    ran_out: bool,
}

impl Sessions {
    /// None yet; their numbers begin at `first`.
    pub(super) fn from(first: u64) -> Self {
        let (at_rest, leaving) = (VecDeque::new(), VecDeque::new());
        Self(Mutex::new(Book { next: first, at_rest, leaving, ended: vec![], ran_out: false }))
    }

    /// The number of a session that is about to begin.
    pub(super) fn number(&self) -> u64 {
        let mut book = self.book();
        book.next += 1;
        book.next - 1
    }

    /// A session to be refreshed: the one that has rested the longest.
    pub(super) fn to_refresh(&self) -> Option<Session> {
        let mut book = self.book();
        let session = book.at_rest.pop_front();
        book.ran_out |= session.is_none();
        session
    }

    /// A session to be signed out: first those of which nobody knows whether they have ended.
    pub(super) fn to_sign_out(&self) -> Option<Session> {
        let mut book = self.book();
        let session = book.leaving.pop_front().or_else(|| book.at_rest.pop_front());
        book.ran_out |= session.is_none();
        session
    }

    /// A session has begun, or has its next token.
    pub(super) fn rest(&self, session: Session) {
        self.book().at_rest.push_back(session);
    }

    /// A session has had no answer to its refresh: the same token is the next that is sent.
    pub(super) fn again(&self, session: Session) {
        self.book().at_rest.push_front(session);
    }

    /// Nobody knows whether the session has ended.
    pub(super) fn leave(&self, session: Session) {
        self.book().leaving.push_back(session);
    }

    pub(super) fn end(&self, session: Session) {
        self.book().ended.push(session);
    }

    /// All that is left: those that live, those that may have ended, and those that have.
    pub(super) fn all(&self) -> [Vec<Session>; 3] {
        let book = self.book();
        let listed = |sessions: &VecDeque<Session>| sessions.iter().cloned().collect();
        [listed(&book.at_rest), listed(&book.leaving), book.ended.clone()]
    }

    /// Whether one was wanted that was not there.
    pub(super) fn ran_out(&self) -> bool {
        self.book().ran_out
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;
    use crate::sut::{Account, Token};

    fn begun(sessions: &Sessions) -> Session {
        let token = Token::new("a.b.c", None, Instant::now(), None).unwrap();
        let account = Arc::new(Account::new("ann", "secret"));
        let user = SignedIn { account, token, refresh: None };
        Session { number: sessions.number(), user }
    }

    #[test]
    fn a_session_is_in_one_hand_at_a_time() {
        let sessions = Sessions::from(50);
        (0..2).for_each(|_| sessions.rest(begun(&sessions)));
        let (one, two) = (sessions.to_refresh().unwrap(), sessions.to_sign_out().unwrap());
        assert_eq!((one.number, two.number), (50, 51));
        assert!(!sessions.ran_out());
        assert!(sessions.to_refresh().is_none() && sessions.ran_out());
    }

    #[test]
    fn what_had_no_answer_is_asked_again_first() {
        let sessions = Sessions::from(0);
        (0..3).for_each(|_| sessions.rest(begun(&sessions)));
        let cut = sessions.to_refresh().unwrap();
        sessions.again(cut);
        assert_eq!(sessions.to_refresh().unwrap().number, 0);
        let unknown = sessions.to_sign_out().unwrap();
        sessions.leave(unknown);
        let [at_rest, leaving, ended] = sessions.all().map(|sessions| sessions.len());
        assert_eq!((at_rest, leaving, ended), (1, 1, 0));
        assert_eq!(sessions.to_sign_out().unwrap().number, 1);
    }
}
