//! What anyone may know.

use hallpass_contract::PublicConfig;

use crate::answer::Answer;
use crate::problem::Problem;
use crate::state::App;

/// `GET /api/config`
pub async fn config(app: App) -> Result<Answer<PublicConfig>, Problem> {
    Ok(Answer::ok(PublicConfig {
        password_min: app.policy.min_chars,
        registration: app.registration.to_string(),
    }))
}
