//! Probes of an orchestrator or a load balancer.

use serde::Serialize;

use crate::answer::Answer;
use crate::problem::Problem;
use crate::state::App;

/// The body of both.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Health {
    status: &'static str,
}

/// `GET /healthz`: the process answers.
pub async fn healthz() -> Result<Answer<Health>, Problem> {
    Ok(Answer::ok(Health { status: "ok" }))
}

/// `GET /readyz`: the store reads and writes, too.
pub async fn readyz(app: App) -> Result<Answer<Health>, Problem> {
    app.store.check().await.map_err(Problem::unavailable)?;
    Ok(Answer::ok(Health { status: "ok" }))
}
