use std::fmt;
use std::time::Duration;

/// Whose job it is. Each kind has its own queue, and they take turns. So people without an account
/// can't keep out those with one, nor the other way round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JobKind {
    /// Somebody has an account or claims to: login, reauthentication, password change, reset.
    Login,
    /// Somebody wants an account.
    Registration,
}

impl JobKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Login, Self::Registration];

    pub(super) fn other(self) -> Self {
        match self {
            Self::Login => Self::Registration,
            Self::Registration => Self::Login,
        }
    }
}

/// How many jobs wait, and what became of the others since the start, by kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PoolStats([KindStats; 2]);

/// The jobs of one kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KindStats {
    /// Jobs in the queue now.
    pub waiting: usize,
    /// Jobs that were done.
    pub done: u64,
    /// Jobs that were refused at once because the queue was too long.
    pub refused: u64,
    /// Jobs that were skipped because the client had hung up.
    pub abandoned: u64,
}

impl PoolStats {
    /// The figures of one kind.
    pub fn of(&self, kind: JobKind) -> &KindStats {
        &self.0[kind as usize]
    }

    pub(super) fn of_mut(&mut self, kind: JobKind) -> &mut KindStats {
        &mut self.0[kind as usize]
    }
}

/// How long a job took.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JobTimes {
    /// The time in the queue.
    pub wait: Duration,
    /// The time on a hashing thread, including the password check.
    pub run: Duration,
    /// How many jobs shared that time, including this one.
    pub shared_by: usize,
}

/// Learns how long each job took.
pub trait PoolObserver: fmt::Debug + Send + Sync {
    /// A job is done. A hashing thread calls this before it sends the answer. Hashing threads run
    /// only when no other thread wants to. So this must not take a lock that answering requests
    /// needs, and must not panic.
    fn done(&self, kind: JobKind, times: JobTimes);
}

/// Keeps no record.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

impl PoolObserver for Unobserved {
    fn done(&self, _: JobKind, _: JobTimes) {}
}
