//! The audit log as a store keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{AuditId, SessionId, UserId};

/// What a record of the audit log says. A field that later versions add needs `#[serde(default)]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default)]
pub struct AuditRecord {
    /// What happened.
    pub event: String,
    /// Why it was refused. None if it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whom it concerns, as far as that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The admin who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Which session it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// From where it was done. None if it was forgotten with its user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// By which browser it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How often it happened within a minute. None if once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

impl AuditRecord {
    /// Whose address it holds: the admin's who did it, or else the user's.
    pub fn owner_of_address(&self) -> Option<UserId> {
        self.by.or(self.user)
    }

    /// As it is kept once the owner of its address is gone.
    #[must_use]
    pub fn without_address(self) -> Self {
        Self { address: None, user_agent: None, ..self }
    }
}

/// A record of the audit log.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AuditEntry {
    /// It tells the time.
    pub id: AuditId,
    /// What it says.
    pub record: AuditRecord,
}

/// Which records are asked for.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Those that concern this user, or tell what the user did as an admin.
    pub user: Option<UserId>,
    /// Those of this event.
    pub event: Option<String>,
    /// Those from this time on.
    pub since: Option<Timestamp>,
    /// Those before this one: the `next` of the page before.
    pub before: Option<AuditId>,
    /// How many at most.
    pub limit: usize,
}

/// Some records of the audit log, the latest one first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuditPage {
    /// There may be fewer than were asked for, or none, though more follow.
    pub entries: Vec<AuditEntry>,
    /// What to give as `before` for more. None on the last page.
    pub next: Option<AuditId>,
}
