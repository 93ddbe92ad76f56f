use std::time::Duration;

use anyhow::ensure;
use fantoccini::error::{CmdError, ErrorStatus};
use tokio::time::{Instant, sleep};

use crate::Result;

/// How long something may take to become what is expected of it.
const PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(25);

/// Waits until `holds`, 15 s at most; an error of an element that was just replaced counts as "not
/// yet".
///
/// # Errors
///
/// If it does not hold in time, or `holds` fails in another way.
pub async fn eventually(what: &str, holds: impl AsyncFnMut() -> Result<bool>) -> Result {
    eventually_within(PATIENCE, what, holds).await
}

/// The same with another patience.
pub(crate) async fn eventually_within(
    patience: Duration,
    what: &str,
    mut holds: impl AsyncFnMut() -> Result<bool>,
) -> Result {
    let deadline = Instant::now() + patience;
    loop {
        match holds().await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) if is_stale(&error) => {}
            Err(error) => return Err(error.context(format!("while waiting: {what}"))),
        }
        ensure!(Instant::now() < deadline, "waited {patience:?} in vain: {what}");
        sleep(POLL).await;
    }
}

fn is_stale(error: &anyhow::Error) -> bool {
    let standard = error.downcast_ref::<CmdError>().and_then(|error| match error {
        CmdError::Standard(error) => Some(&error.error),
        _ => None,
    });
    matches!(standard, Some(ErrorStatus::StaleElementReference | ErrorStatus::NoSuchElement))
}
