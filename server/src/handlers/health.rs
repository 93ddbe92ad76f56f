//! Probes of an orchestrator or a load balancer.

use hallpass_contract::Health;

use crate::answer::Answer;
use crate::problem::Problem;
use crate::state::App;

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz(_: App) -> Result<Answer<Health>, Problem> {
    Ok(Answer::ok(well()))
}

/// `GET /readyz`: the store reads and writes, too, and no shutdown has begun.
pub(crate) async fn readyz(app: App) -> Result<Answer<Health>, Problem> {
    if app.shutdown.is_announced() {
        return Err(Problem::shutting_down());
    }
    app.accounts.check().await.map_err(Problem::unavailable)?;
    Ok(Answer::ok(well()))
}

fn well() -> Health {
    Health { status: "ok".to_owned() }
}
