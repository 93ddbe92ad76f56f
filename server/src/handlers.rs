//! What the routes do: plain async functions, one file per resource.

pub mod account;
pub mod admin;
pub mod docs;
pub mod frontend;
pub mod guarded;
pub mod health;
pub mod login;
pub mod public;
pub mod reset;
pub mod sessions;

use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::problem::Problem;
use crate::store::User;

/// A user as the API shows them.
fn public_user(user: &User) -> hallpass_contract::User {
    hallpass_contract::User {
        id: user.id.to_string(),
        username: user.username.clone(),
        roles: user.roles.clone(),
        created_at: user.created_at.to_string(),
    }
}

/// Runs `work` to its end even if the client goes away meanwhile, or the server shuts down: what has
/// taken effect must reach the audit log.
async fn to_the_end<T: Send + 'static>(
    tasks: TaskTracker,
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let panicked = |_| Err(Problem::internal(anyhow::anyhow!("a handler panicked")));
    tasks.spawn(work.in_current_span()).await.unwrap_or_else(panicked)
}
