//! What admins read in the audit log.

use std::sync::Arc;

use hallpass_contract::AuditPage;

use crate::accounts::Accounts;
use crate::answer::Answer;
use crate::origin::Caller;
use crate::paging::audit_query;
use crate::problem::Problem;
use crate::shown;

/// `GET /api/admin/audit`
pub(crate) async fn page(
    _: Caller,
    query: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<AuditPage>, Problem> {
    let part = accounts.audit_log(audit_query(&query).map_err(Problem::invalid_fields)?).await?;
    let next = part.page.next.map(|id| id.to_string());
    Ok(Answer::ok(AuditPage { records: shown::audit(part), next }))
}
