//! The process groups that this program has started and not yet ended.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// Nothing can be started while it is locked.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the command in a group of its own. A terminal's Ctrl-C does not reach that group.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut running = running();
    let child = command.process_group(0).spawn()?;
    running.push(Pid::from_child(&child));
    Ok(child)
}

/// The group has ended.
pub(crate) fn forget(group: Pid) {
    running().retain(|other| *other != group);
}

/// Kills all that runs, then calls `last`. Nothing new can start meanwhile. For a signal handler
/// that ends the program without dropping the handles.
pub fn kill_all<T>(last: impl FnOnce() -> T) -> T {
    let groups = running();
    for group in &*groups {
        let _ = kill_process_group(*group, Signal::KILL);
    }
    last()
}
