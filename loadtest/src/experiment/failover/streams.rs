//! The four streams of requests, and what they leave in the history.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::mpsc::UnboundedSender;

use super::history::{Action, Answer, Recorder, Ticket};
use super::service::{Read, read, request};
use super::sessions::{Session, Sessions};
use crate::accounts::Users;
use crate::open::Work;
use crate::sut::{Failure, Outcome, SignedIn, Target};

/// The streams in the order of their numbers.
pub(super) const STREAMS: [Action; 4] =
    [Action::Verify, Action::Login, Action::Refresh, Action::SignOut];

/// What the streams share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) target: Arc<Target>,
    /// Their sessions are verified, and nothing else. The numbers of these sessions begin at 0.
    pub(super) users: Arc<Users>,
    pub(super) sessions: Sessions,
    pub(super) recorder: Recorder,
    pub(super) hosts: usize,
    /// Who is told of each acknowledged sign-out.
    pub(super) signed_out: UnboundedSender<Session>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Stream {
    action: Action,
    shared: Arc<Shared>,
    under_way: Mutex<HashMap<u64, (Ticket, Session)>>,
}

/// The works of a run.
pub(super) fn works(shared: &Arc<Shared>) -> [Arc<dyn Work>; 4] {
    STREAMS.map(|action| {
        let (shared, under_way) = (Arc::clone(shared), Mutex::default());
        Arc::new(Stream { action, shared, under_way }) as Arc<dyn Work>
    })
}

impl Stream {
    /// The session of the next request.
    fn session(&self, number: u64) -> Option<Session> {
        let Shared { users, sessions, .. } = &*self.shared;
        let user = || users.turn(number).clone();
        match self.action {
            Action::Verify => Some(Session { number: number % users.count(), user: user() }),
            Action::Login => Some(Session { number: sessions.number(), user: user() }),
            Action::Refresh => sessions.to_refresh(),
            Action::SignOut => sessions.to_sign_out(),
        }
    }

    /// Gives the session back after an answer, or after none.
    fn give_back(&self, session: Session, answer: Answer, user: Option<SignedIn>) {
        let sessions = &self.shared.sessions;
        let renewed = |user| Session { user, ..session.clone() };
        match (self.action, answer) {
            (Action::Verify, _) => {}
            (Action::Login | Action::Refresh, Answer::Done) => {
                user.into_iter().for_each(|user| sessions.rest(renewed(user)));
            }
            (Action::Refresh, Answer::Unknown) => sessions.again(session),
            (Action::Login, _) | (Action::Refresh | Action::SignOut, Answer::Refused) => {}
            (Action::SignOut, Answer::Unknown) => sessions.leave(session),
            (Action::SignOut, Answer::Done) => {
                // After the run nobody asks any more.
                let _ = self.shared.signed_out.send(session.clone());
                sessions.end(session);
            }
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<u64, (Ticket, Session)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work for Stream {
    fn name(&self) -> &str {
        self.action.call().key()
    }

    fn host(&self, number: u64) -> u64 {
        self.shared.users.host(number)
    }

    fn request(&self, number: u64) -> Result<Request<Bytes>, Failure> {
        // The run says that it ran out of sessions, and is invalid for that.
        let session = self.session(number).ok_or_else(no_session)?;
        let request = request(&self.shared.target, self.action, &session.user);
        let node = usize::try_from(self.host(number) % self.shared.hosts as u64).unwrap_or(0);
        let ticket = self.shared.recorder.begin(session.number, self.action, node);
        self.under_way().insert(number, (ticket, session));
        Ok(request)
    }

    fn read(
        &self,
        number: u64,
        answer: &Response<Bytes>,
        received: Instant,
    ) -> Result<Outcome, Failure> {
        let (ticket, session) = self.under_way().remove(&number).ok_or_else(no_session)?;
        let Read { answer, counted, user } =
            read(&self.shared.target, self.action, &session.user, answer, received);
        self.shared.recorder.end(ticket, answer);
        self.give_back(session, answer, user);
        counted
    }

    /// No request is sent again here: the next of its stream takes the session up.
    fn again(&self, number: u64, _: u32, _: Outcome) -> Option<Duration> {
        // What was answered has left already.
        if let Some((ticket, session)) = self.under_way().remove(&number) {
            self.shared.recorder.end(ticket, Answer::Unknown);
            self.give_back(session, Answer::Unknown, None);
        }
        None
    }
}

fn no_session() -> Failure {
    Failure::new(Outcome::Unexpected, "no session was left", "")
}
