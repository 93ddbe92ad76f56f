//! What all tests of a run have in common.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use crate::driver::Launcher;
use crate::target::Target;

/// The settings of a run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    pub(crate) launcher: Launcher,
    pub(crate) slow_mo: Duration,
    pub(crate) timeout: Duration,
    /// The folder for reports and evidence.
    pub(crate) evidence: PathBuf,
    /// Becomes true when someone wants the run to end.
    pub(crate) interrupted: watch::Receiver<bool>,
}
