//! The programs that are measured: each says on the first line of its output where it listens, and
//! is gone when its handle is, with all that it started itself.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hallpass_contract::LISTENING_ON;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::cores::{self, Core};

/// Longer than any of them needs to start or to end.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// A running server.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    child: Child,
    /// The program and its children.
    group: Pid,
    log: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the line that says where it listens.
    pub start_up: Duration,
}

impl Server {
    /// Starts a program on this core, or on all of them, and waits until it listens. What it says
    /// goes to a file of its name in `dir`.
    ///
    /// # Errors
    ///
    /// Why it did not start, with its last words.
    pub fn start(
        name: &'static str,
        command: &mut Command,
        core: Option<Core>,
        dir: &Path,
    ) -> anyhow::Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("can't write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(output).process_group(0);
        let mut groups = running();
        let began = Instant::now();
        let spawn = || command.spawn().with_context(|| format!("can't start {name}"));
        let child = cores::on(core, spawn)?;
        let group = Pid::from_child(&child);
        groups.push(group);
        drop(groups);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { name, child, group, log, address, start_up: Duration::ZERO };
        (server.address, server.start_up) = server.listening(began)?;
        Ok(server)
    }

    fn listening(&mut self, began: Instant) -> anyhow::Result<(SocketAddr, Duration)> {
        let stdout = self.child.stdout.take().context("its output is not a pipe")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Only the first one is waited for; the others are read so that it never blocks.
                let _ = sender.send((line, Instant::now()));
            }
        });
        let name = self.name;
        match lines.recv_timeout(PATIENCE) {
            Ok((line, at)) => {
                let address = address_in(&line)
                    .with_context(|| format!("{name} said {line:?} in the place of its address"))?;
                Ok((address, at - began))
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!("{name} did not listen within {} s", PATIENCE.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                let _ = self.child.wait();
                bail!("{name} did not start: {}", self.last_words())
            }
        }
    }

    /// Why a measurement failed: because the server has ended, if it has.
    pub fn blame(&mut self, error: anyhow::Error) -> anyhow::Error {
        // A connection is reset a moment before its process can be waited for.
        thread::sleep(POLL);
        match self.child.try_wait() {
            Ok(Some(status)) => {
                anyhow::anyhow!("{} ended ({status}): {}", self.name, self.last_words())
            }
            _ => error.context(self.name),
        }
    }

    /// The last line of its log.
    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().last().unwrap_or("it said nothing").to_owned()
    }

    /// The processor time that it and its children have taken.
    ///
    /// # Errors
    ///
    /// If /proc can't be read.
    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        let mut ticks = 0;
        for entry in fs::read_dir("/proc").context("can't read /proc")? {
            // Processes come and go meanwhile.
            let stat = fs::read_to_string(entry?.path().join("stat")).unwrap_or_default();
            ticks += ticks_of_group(&stat, self.group).unwrap_or(0);
        }
        Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
    }

    /// The memory that is resident now and the most that ever was, in bytes.
    ///
    /// # Errors
    ///
    /// If /proc can't be read.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).with_context(|| format!("can't read {path}"))?;
        let field = |name| bytes_of(&status, name).with_context(|| format!("no {name} in {path}"));
        Ok(Memory { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
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

/// A server's memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The most that was ever resident.
    pub peak: u64,
}

fn address_in(line: &str) -> Option<SocketAddr> {
    line.strip_prefix(LISTENING_ON)?.strip_prefix("http://")?.parse().ok()
}

/// utime and stime of proc_pid_stat(5), if the process belongs to the group.
fn ticks_of_group(stat: &str, group: Pid) -> Option<u64> {
    // The name stands in parentheses and may hold anything; the state is the first field behind.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
    (number(2)? == u64::try_from(group.as_raw_pid()).ok()?).then_some(())?;
    Some(number(11)? + number(12)?)
}

fn bytes_of(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> anyhow::Result<Server> {
        let dir = std::env::temp_dir();
        Server::start("shell", Command::new("sh").args(["-c", script]), None, &dir)
    }

    #[test]
    fn it_listens_and_is_gone_with_its_handle() {
        let script = "echo listening on http://127.0.0.1:40123; sleep 60 & wait";
        let server = start(script).unwrap();
        assert_eq!(server.address.port(), 40123);
        assert!(server.memory().unwrap().peak >= 100_000);
        let group = server.group;
        assert!(running().contains(&group));
        server.stop();
        assert!(!running().contains(&group));
    }

    #[test]
    fn what_does_not_start_is_told_with_its_last_words() {
        let error = start("echo first >&2; echo no such port >&2; exit 1").unwrap_err();
        assert_eq!(error.to_string(), "shell did not start: no such port");
        let error = start("echo hello; sleep 60").unwrap_err();
        assert!(error.to_string().contains("said \"hello\""), "{error}");
    }

    #[test]
    fn what_has_ended_is_to_blame() {
        let mut server = start("echo listening on http://127.0.0.1:1; echo bye >&2").unwrap();
        let _ = server.child.wait();
        let error = server.blame(anyhow::anyhow!("connection reset"));
        assert_eq!(error.to_string(), "shell ended (exit status: 0): bye");
    }

    #[test]
    fn processor_time_is_the_groups() {
        let stat = "7 (a (b) c) S 1 5 5 0 -1 4194304 1 0 0 0 30 12 0 0 20 0 1 0 1 1 1";
        let pid = |raw| Pid::from_raw(raw).unwrap();
        assert_eq!(ticks_of_group(stat, pid(5)), Some(42));
        assert_eq!(ticks_of_group(stat, pid(7)), None);
        assert_eq!(ticks_of_group("", pid(5)), None);
    }
}
