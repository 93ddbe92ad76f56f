//! Whether the records of the audit log can be read and found.

use super::finding::{Finding, Remedy, UNREADABLE};
use super::tables::{Tables, each};
use crate::store::redb::audit;
use crate::store::rules;
use crate::store::{AuditId, UserId};

impl Tables {
    pub(super) fn check_audit(&self, findings: &mut Vec<Finding>) {
        each(&self.audit, "audit", findings, |id, json, found| {
            let id = AuditId::from_bytes(*id);
            let Ok(entry) = audit::read(id, json) else {
                found.push(Finding::new("audit", id, UNREADABLE, Remedy::RemoveAudit(id)));
                return Ok(());
            };
            for user in rules::concerned(&entry.record) {
                if self.audit_of.get((user.as_bytes(), id.as_bytes()))?.is_none() {
                    let fault = format!("it is not among the records of user {user}");
                    found.push(Finding::new("audit", id, fault, Remedy::AddAuditOf(user, id)));
                }
            }
            Ok(())
        });
        each(&self.audit_of, "audit_by_user", findings, |(user, id), (), found| {
            let (user, key) = (UserId::from_bytes(*user), AuditId::from_bytes(*id));
            let entry = self.audit.get(id)?.and_then(|json| audit::read(key, json.value()).ok());
            let is_theirs =
                entry.is_some_and(|entry| rules::concerned(&entry.record).any(|of| of == user));
            if !is_theirs {
                let (of, fault) = (format!("{user} {key}"), "the user has no such record");
                let remedy = Remedy::RemoveAuditOf(user, key);
                found.push(Finding::new("audit_by_user", of, fault, remedy));
            }
            Ok(())
        });
    }
}
