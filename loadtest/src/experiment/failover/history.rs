//! What was asked of the service and what it answered, with the generator's clock: what the checker
//! judges.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// What was asked.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Login,
    Verify,
    Refresh,
    SignOut,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The service said that it was done, or that the token is good.
    Done,
    /// The service said that the password or the token is no good.
    Refused,
    /// Anything else: no answer, a refusal for now, an error. It may have been done or not.
    Unknown,
}

impl Answer {
    pub(super) const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Unknown];

    /// Its key in JSON.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// One request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Event {
    pub(super) session: u64,
    pub(super) action: Action,
    pub(super) answer: Answer,
    /// The number of the node or host that was asked.
    pub(super) node: usize,
    /// Before its first byte was sent.
    pub(super) begin: Duration,
    /// After the answer's last byte was read; the longest time there is if that never was.
    pub(super) end: Duration,
}

/// A request under way.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Ticket(u64);

/// Records requests as they begin and end. It may be shared by threads.
#[derive(Debug)]
pub(super) struct Recorder {
    start: Instant,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    ended: Vec<Event>,
    under_way: HashMap<Ticket, Event>,
    begun: u64,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), book: Mutex::default() }
    }

    /// A request is about to be sent.
    pub(super) fn begin(&self, session: u64, action: Action, node: usize) -> Ticket {
        let mut book = self.book();
        let begin = self.start.elapsed();
        let (answer, end) = (Answer::Unknown, Duration::MAX);
        let ticket = Ticket(book.begun);
        book.begun += 1;
        book.under_way.insert(ticket, Event { session, action, answer, node, begin, end });
        ticket
    }

    /// A request has ended.
    pub(super) fn end(&self, ticket: Ticket, answer: Answer) {
        let end = self.start.elapsed();
        let mut book = self.book();
        if let Some(event) = book.under_way.remove(&ticket) {
            book.ended.push(Event { answer, end, ..event });
        }
    }

    /// All requests; the outcome of those still under way is unknown.
    pub(super) fn events(&self) -> Vec<Event> {
        let book = self.book();
        book.ended.iter().chain(book.under_way.values()).copied().collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
