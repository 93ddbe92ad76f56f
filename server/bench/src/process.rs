//! Programs that a run starts: each is gone when its handle is, or the run, with all that it started
//! itself.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::cores::{self, Core};

/// Longer than any of them needs to start or to end.
pub const PATIENCE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(10);

/// The process groups that are to be ended with us. Whoever holds it can start no program.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has SIGINT, SIGTERM and SIGHUP end all programs and then this one, after `clean_up`.
///
/// # Errors
///
/// If there is a handler already.
pub fn end_with_us(clean_up: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    /// As shells have it for a program that SIGINT ended.
    const INTERRUPTED: i32 = 130;
    ctrlc::set_handler(move || {
        let groups = running();
        for group in &*groups {
            let _ = kill_process_group(*group, Signal::KILL);
        }
        clean_up();
        std::process::exit(INTERRUPTED);
    })
    .context("can't listen for signals")
}

/// A running program.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    child: Child,
    /// The program and its children.
    group: Pid,
    log: PathBuf,
}

impl Program {
    /// Starts a program on this core, or on all of them. What it says on stderr goes to a file of
    /// its name in `dir`.
    ///
    /// # Errors
    ///
    /// If it can't be started.
    pub fn start(
        name: &'static str,
        command: &mut Command,
        core: Option<Core>,
        dir: &Path,
    ) -> anyhow::Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let output =
            File::create(&log).with_context(|| format!("can't write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(output).process_group(0);
        let mut groups = running();
        let spawn = || command.spawn().with_context(|| format!("can't start {name}"));
        let child = cores::on(core, spawn)?;
        let group = Pid::from_child(&child);
        groups.push(group);
        Ok(Self { name, child, group, log })
    }

    /// As people know it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its process group.
    pub fn group(&self) -> Pid {
        self.group
    }

    /// What it prints. Only once.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// All that it prints until it ends, and how that was.
    ///
    /// # Errors
    ///
    /// If it is no text.
    pub fn finish(mut self) -> anyhow::Result<Finished> {
        let mut printed = String::new();
        if let Some(mut stdout) = self.stdout() {
            let read = stdout.read_to_string(&mut printed);
            read.with_context(|| format!("{} printed no text", self.name))?;
        }
        let status = self.child.wait().with_context(|| format!("can't wait for {}", self.name))?;
        Ok(Finished { name: self.name, printed, status, last_words: self.last_words() })
    }

    /// Ends it as a loss of power would, as far as it can tell.
    pub fn kill(mut self) {
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.child.wait();
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Why something failed that has to do with it: because it has ended, if it has.
    pub fn blame(&mut self, error: anyhow::Error) -> anyhow::Error {
        // A connection is reset a moment before its process can be waited for.
        thread::sleep(POLL);
        match self.ended() {
            Some(status) => {
                anyhow::anyhow!("{} ended ({status}): {}", self.name, self.last_words())
            }
            None => error.context(self.name),
        }
    }

    /// The last line that it said on stderr.
    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().last().unwrap_or("it said nothing").to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = kill_process_group(self.group, Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if Instant::now() > deadline {
                let _ = kill_process_group(self.group, Signal::KILL);
            }
            thread::sleep(POLL);
        }
        // What it started and left behind.
        let _ = kill_process_group(self.group, Signal::KILL);
        running().retain(|group| *group != self.group);
    }
}

/// What a program did.
#[derive(Debug)]
pub struct Finished {
    name: &'static str,
    /// All that it printed.
    pub printed: String,
    /// How it ended.
    pub status: ExitStatus,
    /// The last line that it said on stderr.
    pub last_words: String,
}

impl Finished {
    /// What it printed, if it succeeded.
    ///
    /// # Errors
    ///
    /// Its last words, if it did not.
    pub fn printed(self) -> anyhow::Result<String> {
        let Self { name, printed, status, last_words } = self;
        ensure!(status.success(), "{name} failed ({status}): {last_words}");
        Ok(printed)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// With a directory of its own for its log, since the tests run at once.
    fn start(script: &str) -> (Program, TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        let program = Program::start("shell", shell.args(["-c", script]), None, dir.path());
        (program.unwrap(), dir)
    }

    #[test]
    fn it_is_gone_with_its_handle_and_so_is_what_it_started() {
        let (mut program, _dir) = start("sleep 60 & echo $!; wait");
        let mut child = [0; 16];
        let n = program.stdout().unwrap().read(&mut child).unwrap();
        let child = String::from_utf8(child[..n].to_vec()).unwrap();
        let stat = format!("/proc/{}/stat", child.trim());
        assert!(fs::exists(&stat).unwrap());
        let group = program.group;
        assert!(running().contains(&group));
        drop(program);
        assert!(!running().contains(&group));
        // Somebody else has to reap it, so it may be there as a zombie.
        let is_there = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
        let deadline = Instant::now() + Duration::from_secs(5);
        while is_there() {
            assert!(Instant::now() < deadline, "it goes on");
            thread::yield_now();
        }
    }

    #[test]
    fn what_fails_is_told_with_its_last_words() {
        let (program, _dir) = start("echo first >&2; echo no such file >&2; exit 3");
        let error = program.finish().unwrap().printed().unwrap_err().to_string();
        assert_eq!(error, "shell failed (exit status: 3): no such file");
        let (program, _dir) = start("echo all is well");
        assert_eq!(program.finish().unwrap().printed().unwrap(), "all is well\n");
    }

    #[test]
    fn what_has_ended_is_to_blame() {
        let (mut program, _dir) = start("echo bye >&2");
        let _ = program.child.wait();
        let error = program.blame(anyhow::anyhow!("connection reset"));
        assert_eq!(error.to_string(), "shell ended (exit status: 0): bye");
    }
}
