//! Core dumps of this process would hold its keys, and passwords that are being hashed.

use std::env;

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, setrlimit};

/// The environment variable of `--core-dumps`, which commands other than `serve` heed, too.
pub(crate) const VARIABLE: &str = "HALLPASS_CORE_DUMPS";

/// Whether the environment asks for core dumps.
pub(crate) fn are_asked_for() -> bool {
    env::var(VARIABLE).is_ok_and(|value| value == "on")
}

/// Sees to it that the process leaves no core dump, and that no other process of the same user can
/// look into its memory. Under Linux most of /proc/PID belongs to root from then on.
///
/// # Errors
///
/// If the system refuses.
pub(crate) fn forbid() -> anyhow::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).context("can't rule out core dumps")?;
    // A core dump that goes to another program through a pipe does not heed the limit.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .context("can't rule out core dumps")?;
    Ok(())
}
