use std::fmt;
use std::time::Duration;

/// Whose a job is. Each kind has a queue of its own, and while both wait they take turns: what
/// anybody can send without an account must not keep out those who have one, nor the other way
/// round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JobKind {
    /// Somebody has an account, or says so: login, reauthentication, password change, reset.
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

/// What waits, and what became of the jobs since the start, by kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PoolStats([KindStats; 2]);

/// The jobs of one kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KindStats {
    /// In the queue now.
    pub waiting: usize,
    /// Computed.
    pub done: u64,
    /// Turned away at once since the queue was too long.
    pub refused: u64,
    /// Not computed since whoever asked had hung up.
    pub abandoned: u64,
}

impl PoolStats {
    /// Those of one kind.
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
    /// In the queue.
    pub wait: Duration,
    /// On a hashing thread, checks of the password included.
    pub run: Duration,
    /// How many jobs shared that time, itself included.
    pub shared_by: usize,
}

/// Is told how long each job took, for whoever keeps a record.
pub trait PoolObserver: fmt::Debug + Send + Sync {
    /// A job was done. It is called on a hashing thread before the answer is out. Those run only
    /// when nobody else wants to, so it must not take a lock that answering requests needs, and
    /// must not panic.
    fn done(&self, kind: JobKind, times: JobTimes);
}

/// Keeps no record.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

impl PoolObserver for Unobserved {
    fn done(&self, _: JobKind, _: JobTimes) {}
}
