//! Metrics of logins and refreshes.

use prometheus::{IntCounter, IntCounterVec};

use super::families::Families;
use crate::proof::factors::FactorKind;

/// Logins by their outcome.
#[derive(Clone, Debug)]
pub struct Logins {
    ok: IntCounter,
    refused: IntCounter,
    throttled: IntCounter,
    overloaded: IntCounter,
    challenged: IntCounter,
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
            challenged: outcome("challenged"),
            failed: outcome("failed"),
            abandoned: outcome("abandoned"),
        }
    }

    /// Begins a login. It is counted when it has ended. If the returned value is dropped before,
    /// the client has gone away, and the login counts as abandoned.
    pub fn begin(&self) -> PendingLogin<'_> {
        PendingLogin(Some(self))
    }
}

/// How a login ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoginEnd {
    /// Somebody is signed in.
    Ok,
    /// The proof was wrong, or there is no such user.
    Refused,
    /// There were too many attempts.
    Throttled,
    /// Too many passwords wait to be hashed.
    Overloaded,
    /// The password was right, and a second factor is asked for, or has to be set up.
    Challenged,
    /// An internal error.
    Failed,
}

/// A login that has not ended.
#[derive(Debug)]
#[must_use = "dropped, it counts as abandoned"]
pub struct PendingLogin<'a>(Option<&'a Logins>);

impl PendingLogin<'_> {
    /// Counts how the login ended.
    pub fn ended(mut self, how: LoginEnd) {
        let Some(logins) = self.0.take() else { return };
        let counter = match how {
            LoginEnd::Ok => &logins.ok,
            LoginEnd::Refused => &logins.refused,
            LoginEnd::Throttled => &logins.throttled,
            LoginEnd::Overloaded => &logins.overloaded,
            LoginEnd::Challenged => &logins.challenged,
            LoginEnd::Failed => &logins.failed,
        };
        counter.inc();
    }
}

impl Drop for PendingLogin<'_> {
    fn drop(&mut self) {
        let Some(logins) = self.0.take() else { return };
        // Another layer turns a panic into an answer.
        if std::thread::panicking() { &logins.failed } else { &logins.abandoned }.inc();
    }
}

/// Presented refresh tokens of known sessions, by result.
#[derive(Clone, Debug)]
pub struct Refreshes {
    /// Exchanged for the next one.
    pub rotated: IntCounter,
    /// Second of two tabs that refreshed at once. It got the same token as the first.
    pub raced: IntCounter,
    /// The earlier answer was lost, so the same token was sent again.
    pub resent: IntCounter,
    /// Used before, so the session was ended.
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

/// Second factors by kind and outcome.
#[derive(Clone, Debug)]
pub struct SecondFactors(IntCounterVec);

/// How the check of a second factor ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FactorEnd {
    /// It was right.
    Ok,
    /// It was wrong, or was used before.
    Refused,
    /// There were too many attempts.
    Throttled,
}

impl SecondFactors {
    pub(super) fn new(families: Families<'_>) -> Self {
        let name = "hallpass_second_factors_total";
        let help = "Second factors of logins by what came of them.";
        let family = families.counters(name, help, &["factor", "outcome"]);
        // It exists before the first login.
        family.with_label_values(&[FactorKind::Totp.name(), "ok"]);
        Self(family)
    }

    /// Counts one.
    pub fn ended(&self, kind: FactorKind, how: FactorEnd) {
        let outcome = match how {
            FactorEnd::Ok => "ok",
            FactorEnd::Refused => "refused",
            FactorEnd::Throttled => "throttled",
        };
        self.0.with_label_values(&[kind.name(), outcome]).inc();
    }
}
