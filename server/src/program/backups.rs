//! The backups that a server makes by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::backup::{Destination, NewFile, Plan};
use crate::data_dir;
use crate::priority::in_background;
use crate::state::App;

/// How long to wait after a failure.
const RETRY_PERIOD: Duration = Duration::from_secs(10 * 60);

/// Makes backups as planned, for ever; none without a plan.
pub(super) async fn back_up_now_and_then(app: App, plan: Option<Plan>) {
    let Some(plan) = plan else { return };
    let plan = Arc::new(plan);
    data_dir::remove_unfinished(&plan.dir);
    loop {
        match back_up_when_due(&app, &plan).await {
            Ok(path) => {
                app.metrics.backups.made(app.accounts.clock.now());
                tracing::info!("made the backup {}", path.display());
            }
            Err(error) => {
                app.metrics.backups.failed();
                tracing::error!("no backup was made: {error:#}");
                tokio::time::sleep(RETRY_PERIOD.min(plan.period)).await;
            }
        }
    }
}

async fn back_up_when_due(app: &App, plan: &Arc<Plan>) -> anyhow::Result<PathBuf> {
    let (looking, now) = (Arc::clone(plan), app.accounts.clock.now());
    tokio::time::sleep(blocking(move || looking.due_in(now)).await?).await;
    let (beginning, now) = (Arc::clone(plan), app.accounts.clock.now());
    let file =
        blocking(move || NewFile::begin(Destination::at(&beginning.dir, now)?, &beginning.seal))
            .await?;
    app.accounts.back_up(file.writer()).await?;
    let finishing = Arc::clone(plan);
    blocking(move || {
        let path = file.finish()?;
        finishing.prune()?;
        Ok(path)
    })
    .await
}

/// Disks take their time, and so does scrypt for a passphrase.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    in_background("hallpass-backup", work).await?
}
