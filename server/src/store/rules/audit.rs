//! What is kept of the audit log.

use crate::store::{AuditEntry, AuditQuery, AuditRecord, UserId};

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
