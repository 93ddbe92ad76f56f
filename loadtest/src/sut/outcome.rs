//! What became of a request.

use std::fmt;

use reqwest::StatusCode;
use rustix::io::Errno;
use serde::{Serialize, Serializer};

/// The classes that answers are counted in; each request falls into one of them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Outcome {
    /// What was asked for, and right.
    Ok,
    /// The refusal that was asked for: 401, or what the target's file has in its place.
    Expected401,
    /// Anything else that was answered: another status, a wrong body, a wrong token that was
    /// accepted.
    Unexpected,
    /// 429: the server says that this client asks too often.
    Throttled,
    /// 503: the server says that it has more to do than it can do in time.
    Overloaded,
    /// No answer, or not a whole one: no connection, a time-out, a connection that broke.
    Transport,
}

impl Outcome {
    /// All classes, in the order in which they are shown.
    pub(crate) const ALL: [Self; 6] = [
        Self::Ok,
        Self::Expected401,
        Self::Unexpected,
        Self::Throttled,
        Self::Overloaded,
        Self::Transport,
    ];

    /// Its key in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Expected401 => "expected_401",
            Self::Unexpected => "unexpected",
            Self::Throttled => "429",
            Self::Overloaded => "503",
            Self::Transport => "transport",
        }
    }

    /// Whether the server did what was asked of it.
    pub(crate) fn is_served(self) -> bool {
        matches!(self, Self::Ok | Self::Expected401)
    }

    /// The class of a status that is not one of those that were asked for.
    pub(super) fn of_other(status: StatusCode) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::Throttled,
            StatusCode::SERVICE_UNAVAILABLE => Self::Overloaded,
            _ => Self::Unexpected,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Expected401 => "expected 401",
            other => other.key(),
        })
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

const NO_DESCRIPTOR: &str = "the generator has no file descriptor left (raise ulimit -n)";
const NO_PORT: &str = "the generator's machine has no port left (see net.ipv4.ip_local_port_range)";
const NO_MEMORY: &str = "the generator's machine has no memory left for a connection";
/// Each account has spent its one-time code of this time step. A code counts once.
pub(crate) const NO_CODE: &str =
    "no account had an unspent one-time code (each has one in 30 s; raise --accounts)";
/// Kinds of failures that are limits of the generator, and not the server's fault.
pub(crate) const OWN_LIMITS: [&str; 4] = [NO_DESCRIPTOR, NO_PORT, NO_MEMORY, NO_CODE];

/// Which limit of this machine an error tells of, if it does.
pub(crate) fn own_limit(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let mut source = Some(error);
    while let Some(error) = source {
        let errno = error.downcast_ref::<std::io::Error>().and_then(Errno::from_io_error);
        match errno {
            Some(Errno::MFILE | Errno::NFILE) => return Some(NO_DESCRIPTOR),
            Some(Errno::ADDRNOTAVAIL) => return Some(NO_PORT),
            Some(Errno::NOMEM | Errno::NOBUFS) => return Some(NO_MEMORY),
            _ => source = error.source(),
        }
    }
    None
}

/// Why a request failed: what kind of failure it is, and what this one looked like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    pub(crate) outcome: Outcome,
    /// The same for every failure of this kind, so that they can be counted.
    pub(crate) kind: String,
    /// What may differ from one to the next; empty if nothing does. Never a token or a password.
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn new(
        outcome: Outcome,
        kind: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { outcome, kind: kind.into(), detail: detail.into() }
    }

    /// An answer whose status was asked for, and whose content is wrong.
    pub(super) fn wrong(kind: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Outcome::Unexpected, kind, detail)
    }

    /// A request that got no whole answer.
    pub(crate) fn transport(error: &reqwest::Error) -> Self {
        let kind = if let Some(limit) = own_limit(error) {
            limit
        } else if error.is_timeout() {
            "timed out"
        } else if error.is_connect() {
            "no connection"
        } else {
            "no whole answer"
        };
        // The outer errors say little more than that there was one.
        let mut source: &dyn std::error::Error = error;
        while let Some(inner) = source.source() {
            source = inner;
        }
        Self::new(Outcome::Transport, kind, source.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail.is_empty() {
            true => f.write_str(&self.kind),
            false => write!(f, "{}: {}", self.kind, self.detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_lacks_is_told_from_what_the_server_does() {
        let limit = |errno: Errno| own_limit(&std::io::Error::from(errno));
        assert_eq!(limit(Errno::MFILE), Some(NO_DESCRIPTOR));
        assert_eq!(limit(Errno::ADDRNOTAVAIL), Some(NO_PORT));
        assert_eq!(limit(Errno::NOBUFS), Some(NO_MEMORY));
        assert_eq!(limit(Errno::CONNREFUSED), None);
    }
}
