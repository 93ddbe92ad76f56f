//! The servers that are measured: each says on the first line of its output where it listens.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ChildStdout, Command};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hallpass_contract::LISTENING_ON;
use rustix::param::clock_ticks_per_second;
use rustix::process::Pid;

use crate::cores::Core;
use crate::process::{PATIENCE, Program};

/// A running server.
#[derive(Debug)]
pub struct Server {
    program: Program,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the line that says where it listens.
    pub start_up: Duration,
}

impl Server {
    /// Starts a server on this core, or on all of them, and waits until it listens. What it says
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
        let began = Instant::now();
        let mut program = Program::start(name, command, core, dir)?;
        let lines = lines_of(program.stdout().context("its output is not a pipe")?);
        match lines.recv_timeout(PATIENCE) {
            Ok((line, at)) => {
                let address = address_in(&line)
                    .with_context(|| format!("{name} said {line:?} in the place of its address"))?;
                Ok(Self { program, address, start_up: at - began })
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!("{name} did not listen within {} s", PATIENCE.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                let last_words = program.finish()?.last_words;
                bail!("{name} did not start: {last_words}")
            }
        }
    }

    /// Why a measurement failed: because the server has ended, if it has.
    pub fn blame(&mut self, error: anyhow::Error) -> anyhow::Error {
        self.program.blame(error)
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
            ticks += ticks_of_group(&stat, self.program.group()).unwrap_or(0);
        }
        Ok(Duration::from_secs_f64(ticks as f64 / clock_ticks_per_second() as f64))
    }

    /// Its memory.
    ///
    /// # Errors
    ///
    /// If /proc can't be read.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let path = format!("/proc/{}/status", self.program.group());
        let status = fs::read_to_string(&path).with_context(|| format!("can't read {path}"))?;
        let field = |name| bytes_of(&status, name).with_context(|| format!("no {name} in {path}"));
        Ok(Memory { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
    }

    /// Ends it at once, whatever it is at.
    pub fn kill(self) {
        self.program.kill();
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(self) {
        drop(self);
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

/// Its lines and when they came; read to the end, so that it never blocks on its output.
fn lines_of(stdout: ChildStdout) -> Receiver<(String, Instant)> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Only the first one is waited for.
            let _ = sender.send((line, Instant::now()));
        }
    });
    lines
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

    /// Its log is its own, since the tests run at once.
    fn start(script: &str) -> anyhow::Result<Server> {
        let dir = tempfile::tempdir()?;
        Server::start("server", Command::new("sh").args(["-c", script]), None, dir.path())
    }

    #[test]
    fn its_first_line_says_where_it_listens() {
        // No exec: a process that has just begun has hardly any memory.
        let server = start("echo listening on http://127.0.0.1:40123; sleep 60").unwrap();
        assert_eq!(server.address.port(), 40123);
        assert!(server.memory().unwrap().peak >= 100_000);
    }

    #[test]
    fn what_does_not_start_is_told_with_its_last_words() {
        let error = start("echo first >&2; echo no such port >&2; exit 1").unwrap_err();
        assert_eq!(error.to_string(), "server did not start: no such port");
        let error = start("echo hello; sleep 60").unwrap_err();
        assert!(error.to_string().contains("said \"hello\""), "{error}");
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
