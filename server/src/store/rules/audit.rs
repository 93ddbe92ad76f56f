//! What is kept of the audit log.

use crate::store::{AuditEntry, AuditQuery, AuditRecord, UserId};

/// Whose address a record holds: the admin's who did it, or else the user's.
pub(crate) fn owner_of_address(record: &AuditRecord) -> Option<UserId> {
    record.by.or(record.user)
}

/// A record as it is kept once the owner of its address is gone.
pub(crate) fn without_address(record: AuditRecord) -> AuditRecord {
    AuditRecord { address: None, user_agent: None, ..record }
}

/// The users by whom a record is found, each once.
pub(crate) fn concerned(record: &AuditRecord) -> impl Iterator<Item = UserId> {
    let by = record.by.filter(|by| Some(*by) != record.user);
    record.user.into_iter().chain(by)
}

/// Whether a record that concerns the right user is asked for.
pub(crate) fn is_asked_for(query: &AuditQuery, entry: &AuditEntry) -> bool {
    let is_recent = query.since.is_none_or(|since| entry.id.time() >= since);
    is_recent && query.event.as_ref().is_none_or(|event| *event == entry.record.event)
}
