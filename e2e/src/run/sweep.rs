//! Ends the programs that a run has left, and removes its folder.

use std::fmt;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::folder::{self, LOCK, MARK};

/// A program that starts others while it is ended takes several rounds.
const ROUNDS: usize = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// What was left of runs that are over.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Swept {
    folders: usize,
    processes: usize,
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folders, processes } = self;
        write!(f, "removed what killed runs had left: {folders} folders, {processes} processes")
    }
}

/// Cleans up after each run with a folder in `base` that is over; says what there was, if anything.
pub(super) fn dead_runs(base: &Path) -> Option<Swept> {
    let mut swept = Swept::default();
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let dir = entry.path();
        if !folder::is_of_a_run(&dir) {
            continue;
        }
        // While a run lives, nobody else gets its lock.
        let lock = File::open(dir.join(LOCK)).ok().filter(|lock| lock.try_lock().is_ok());
        if lock.is_some() {
            swept.processes += clean(&dir);
            swept.folders += 1;
        }
    }
    (swept.folders > 0).then_some(swept)
}

/// Ends the run's programs, removes its folder, and returns how many programs there were.
pub(super) fn clean(dir: &Path) -> usize {
    let mut ended = 0;
    for _ in 0..ROUNDS {
        let left = processes(dir);
        if left.is_empty() && remove(dir) {
            break;
        }
        ended += left.iter().filter(|it| pidfd_send_signal(it, Signal::KILL).is_ok()).count();
        sleep(PAUSE);
    }
    ended
}

/// The lock goes last: without it nobody would know that the folder may be removed.
fn remove(dir: &Path) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut emptied = true;
    for entry in entries.filter(|entry| entry.file_name() != LOCK) {
        let removed = if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            fs::remove_dir_all(entry.path())
        } else {
            fs::remove_file(entry.path())
        };
        emptied &= removed.is_ok();
    }
    emptied && fs::remove_dir_all(dir).is_ok()
}

/// The programs that carry this folder's name in their environment. Each handle stands for one
/// process: once that has ended, a signal reaches nobody, whoever has its number by then.
fn processes(dir: &Path) -> Vec<OwnedFd> {
    let mut mark = format!("{MARK}=").into_bytes();
    mark.extend(dir.as_os_str().as_encoded_bytes());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let marked = entries.filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        environment.split(|byte| *byte == 0).any(|entry| entry == mark).then_some(process)
    });
    marked.collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::process::{Child, Command};

    use super::*;

    fn sleeper(dir: Option<&Path>) -> Child {
        let mut command = Command::new("sleep");
        command.arg("600").process_group(0);
        match dir {
            Some(dir) => command.env(MARK, dir),
            None => command.env_remove(MARK),
        };
        command.spawn().unwrap()
    }

    /// Waits until the kernel shows the program that the child has become, and not its parent.
    fn settle(child: &Child) {
        let shown = format!("/proc/{}/cmdline", child.id());
        while !fs::read(&shown).unwrap().starts_with(b"sleep") {
            sleep(PAUSE);
        }
    }

    #[test]
    fn what_a_dead_run_has_left_is_ended_and_removed() {
        let base = tempfile::tempdir().unwrap();
        let (dir, lock) = folder::make(base.path()).unwrap();
        fs::create_dir_all(dir.join("browser/profile")).unwrap();
        fs::write(dir.join("browser/profile/prefs.js"), "").unwrap();
        let mut left = sleeper(Some(&dir));
        settle(&left);
        drop(lock);
        let swept = dead_runs(base.path());
        assert_eq!(swept, Some(Swept { folders: 1, processes: 1 }));
        assert_eq!(left.wait().unwrap().signal(), Some(9));
        assert!(!dir.exists());
        assert_eq!(dead_runs(base.path()), None);
    }

    #[test]
    fn what_is_alive_or_somebody_elses_is_left_alone() {
        let base = tempfile::tempdir().unwrap();
        let (live, _lock) = folder::make(base.path()).unwrap();
        let (dead, lock) = folder::make(base.path()).unwrap();
        drop(lock);
        let foreign = base.path().join("hallpass-e2e-notes");
        fs::create_dir(&foreign).unwrap();
        let link = base.path().join("hallpass-e2e-link");
        std::os::unix::fs::symlink(&dead, &link).unwrap();
        let longer = base.path().join(format!("{}x", dead.file_name().unwrap().display()));
        let mut others = [sleeper(Some(&live)), sleeper(None), sleeper(Some(&longer))];
        others.iter().for_each(settle);
        assert_eq!(dead_runs(base.path()), Some(Swept { folders: 1, processes: 0 }));
        assert!(live.is_dir() && foreign.is_dir() && link.is_symlink() && !dead.exists());
        for other in &mut others {
            assert_eq!(other.try_wait().unwrap(), None, "it was ended");
            other.kill().unwrap();
            other.wait().unwrap();
        }
    }
}
