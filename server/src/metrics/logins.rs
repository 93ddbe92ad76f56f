//! What came of signing in, and of staying signed in.

use prometheus::IntCounter;

use super::families::Families;

/// Logins by their outcome.
#[derive(Clone, Debug)]
pub struct Logins {
    ok: IntCounter,
    refused: IntCounter,
    throttled: IntCounter,
    overloaded: IntCounter,
    failed: IntCounter,
    abandoned: IntCounter,
}

impl Logins {
    pub(super) fn new(families: Families<'_>) -> Self {
        let name = "hallpass_logins_total";
        let family = families.counters(name, "Logins by what came of them.", &["outcome"]);
        let outcome = |outcome| family.with_label_values(&[outcome]);
        Self {
            ok: outcome("ok"),
            refused: outcome("refused"),
            throttled: outcome("throttled"),
            overloaded: outcome("overloaded"),
            failed: outcome("failed"),
            abandoned: outcome("abandoned"),
        }
    }

    /// A login begins. It counts once it has ended; if what this returns is dropped before, because
    /// the client has gone away, it counts as abandoned.
    pub fn begin(&self) -> PendingLogin<'_> {
        PendingLogin(Some(self))
    }
}

/// How a login ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoginEnd {
    /// Somebody is signed in.
    Ok,
    /// The proof is not right, or there is no such user.
    Refused,
    /// There were too many attempts.
    Throttled,
    /// Too many passwords wait to be hashed.
    Overloaded,
    /// Something broke.
    Failed,
}

/// A login that has not ended.
#[derive(Debug)]
#[must_use = "dropped, it counts as abandoned"]
pub struct PendingLogin<'a>(Option<&'a Logins>);

impl PendingLogin<'_> {
    /// The login has ended like this.
    pub fn ended(mut self, how: LoginEnd) {
        let Some(logins) = self.0.take() else { return };
        let counter = match how {
            LoginEnd::Ok => &logins.ok,
            LoginEnd::Refused => &logins.refused,
            LoginEnd::Throttled => &logins.throttled,
            LoginEnd::Overloaded => &logins.overloaded,
            LoginEnd::Failed => &logins.failed,
        };
        counter.inc();
    }
}

impl Drop for PendingLogin<'_> {
    fn drop(&mut self) {
        let Some(logins) = self.0.take() else { return };
        // A panic becomes an answer elsewhere.
        if std::thread::panicking() { &logins.failed } else { &logins.abandoned }.inc();
    }
}

/// Refresh tokens that are a session's, by what came of presenting them.
#[derive(Clone, Debug)]
pub struct Refreshes {
    /// Exchanged for the next one.
    pub rotated: IntCounter,
    /// The second of two tabs that refreshed at once: it got the same one.
    pub raced: IntCounter,
    /// The answer before was lost: the same one was sent again.
    pub resent: IntCounter,
    /// Used before, so that the session was ended.
    pub reused: IntCounter,
    /// The session was over.
    pub gone: IntCounter,
}

impl Refreshes {
    pub(super) fn new(families: Families<'_>) -> Self {
        let name = "hallpass_refreshes_total";
        let help = "Authentic refresh tokens by what came of presenting them.";
        let family = families.counters(name, help, &["outcome"]);
        let outcome = |outcome| family.with_label_values(&[outcome]);
        Self {
            rotated: outcome("rotated"),
            raced: outcome("raced"),
            resent: outcome("resent"),
            reused: outcome("reused"),
            gone: outcome("gone"),
        }
    }
}
