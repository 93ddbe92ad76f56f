//! The audit log.

use hallpass_contract::path::{DEFAULT_LIMIT, MAX_LIMIT};
use hallpass_contract::{AuditPage, path};
use serde_json::json;

use super::admin::TAG;
use super::operation::{Operation, operation};
use crate::audit::Event;
use crate::problem::{Problem, field_error};

pub(super) fn operations() -> Vec<Operation> {
    vec![page()]
}

fn page() -> Operation {
    let about = "The events that matter to security, the latest one first, a page at a time. Those of \
                 other servers may be half a second late. Refreshes and throttled attempts are counted: \
                 one record tells how many there were within a minute. A record holds no name; the \
                 names are those of today.";
    let id = json!({ "type": "string", "format": "uuid" });
    let event = json!({ "type": "string", "enum": Event::NAMES });
    let since = json!({ "type": "string", "format": "date-time" });
    let limit =
        json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT });
    let refused = field_error(path::LIMIT, format!("Give 1 to {MAX_LIMIT}."));
    let user = "The id of a user: what concerns them, and what they did as an admin.";
    operation(TAG, ("get", path::ADMIN_AUDIT), "audit", "Read the audit log", about)
        .parameter("query", path::USER, user, id.clone())
        .parameter("query", path::EVENT, "What happened.", event)
        .parameter("query", path::SINCE, "The earliest time.", since)
        .parameter("query", path::BEFORE, "The `next` of the page before.", id)
        .parameter("query", path::LIMIT, "The most records of the page.", limit)
        .answers::<AuditPage>(200, "A page of records.")
        .refuses([Problem::invalid_fields(vec![refused])])
        .stores()
}
