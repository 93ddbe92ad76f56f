//! The servers that are measured.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use hallpass_process::Server as Process;
use rustix::param::clock_ticks_per_second;
use rustix::process::Pid;

use crate::bench::launch;
use crate::cores::{self, Core};

/// A running server. Dropping it shuts it down and waits for its end.
#[derive(Debug)]
pub struct Server {
    process: Process,
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The time from the start of the process to the line with its address.
    pub start_up: Duration,
}

impl Server {
    /// Starts a server on `core`, or on all cores, and waits until it listens. Its output goes to a
    /// file of its name in `dir`.
    ///
    /// # Errors
    ///
    /// Why it did not start, with the last lines of its output.
    pub fn start(
        name: &str,
        command: Command,
        core: Option<Core>,
        dir: &Path,
    ) -> anyhow::Result<Self> {
        let mut launch = launch(name, command, dir);
        let process = cores::on(core, || launch.spawn())?;
        let process = Process::of(&launch, process, || false)?;
        Ok(Self { address: process.address()?, start_up: process.start_up, process })
    }

    /// Adds to a measurement's error that the server has ended, if it has.
    pub fn blame(&mut self, error: anyhow::Error) -> anyhow::Error {
        self.process.process.blame(error)
    }

    /// The processor time that the server and its children have used.
    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        let mut ticks = 0;
        for entry in fs::read_dir("/proc").context("can't read /proc")? {
            // Processes come and go meanwhile.
            let stat = fs::read_to_string(entry?.path().join("stat")).unwrap_or_default();
            ticks += ticks_of_group(&stat, self.process.process.id()).unwrap_or(0);
        }
        Ok(Duration::from_secs_f64(ticks as f64 / clock_ticks_per_second() as f64))
    }

    /// The server's memory.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let path = format!("/proc/{}/status", self.process.process.id());
        let status = fs::read_to_string(&path).with_context(|| format!("can't read {path}"))?;
        let field = |name| bytes_of(&status, name).with_context(|| format!("no {name} in {path}"));
        Ok(Memory { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
    }

    /// Kills it at once.
    pub fn kill(mut self) {
        self.process.process.kill();
    }

    /// Shuts it down and waits for its end.
    pub fn stop(self) {
        drop(self);
    }
}

/// A server's memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident memory now.
    pub resident: u64,
    /// The most resident memory so far.
    pub peak: u64,
}

/// utime and stime of proc_pid_stat(5), if the process is in this group.
fn ticks_of_group(stat: &str, group: Pid) -> Option<u64> {
    // The name is in parentheses and may contain anything. The state is the first field after it.
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

    #[test]
    fn a_server_says_where_it_listens_and_has_memory() {
        // The test has its own log, since tests run in parallel.
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        // Without exec: a process that has just begun has hardly any memory.
        command.args(["-c", "echo listening on http://127.0.0.1:40123; sleep 60"]);
        let server = Server::start("server", command, None, dir.path()).unwrap();
        assert_eq!(server.address.port(), 40123);
        assert!(server.memory().unwrap().peak >= 100_000);
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
