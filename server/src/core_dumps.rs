//! Prevents core dumps: one of this process would hold its keys, and passwords that are being
//! hashed.

use std::env;

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, setrlimit};

/// The environment variable of `--core-dumps`. All commands obey it, not only `serve`.
pub(crate) const VARIABLE: &str = "HALLPASS_CORE_DUMPS";

/// Whether the environment asks for core dumps.
pub(crate) fn are_asked_for() -> bool {
    env::var(VARIABLE).is_ok_and(|value| value == "on")
}

/// Prevents core dumps, and keeps other processes of the same user from reading this one's memory.
/// On Linux, most of /proc/PID belongs to root afterwards.
pub(crate) fn forbid() -> anyhow::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).context("can't rule out core dumps")?;
    // The limit does not apply if core dumps are piped to another program.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .context("can't rule out core dumps")?;
    Ok(())
}
