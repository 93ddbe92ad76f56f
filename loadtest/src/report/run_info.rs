//! Where, when and how a run was made.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::machine::wall_clock;

/// How a run was made, for whoever reads its report elsewhere.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunInfo {
    /// As it was typed, but for the program's directory.
    pub(crate) command_line: Vec<String>,
    /// Of this program.
    pub(crate) version: &'static str,
    #[serde(flatten)]
    pub(crate) server: ServerInfo,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) machine: Machine,
}

/// The server under test.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServerInfo {
    /// Its URL.
    pub(crate) host: String,
    /// Whether it was started for the run, on the generator's machine.
    pub(crate) own_server: bool,
}

/// The machine that the generator ran on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// As the kernel names it; empty if it does not.
    pub(crate) cpu: String,
    /// How many cores this process may use.
    pub(crate) cores: usize,
    pub(crate) os: &'static str,
    pub(crate) arch: &'static str,
    /// Its release; empty if that is not told.
    pub(crate) kernel: String,
    /// How many threads wanted to run, on the average of the minute before the run.
    pub(crate) load_average: Option<f64>,
}

impl RunInfo {
    /// Of a run that began then, on this machine, and ends now.
    pub(super) fn new(server: ServerInfo, started_at: Timestamp, machine: Machine) -> Self {
        let (command_line, version) = (command_line(), env!("CARGO_PKG_VERSION"));
        Self { command_line, version, server, started_at, ended_at: wall_clock(), machine }
    }

    /// The command, as a shell takes it.
    pub(super) fn command(&self) -> String {
        let words: Vec<String> = self.command_line.iter().map(|word| quoted(word)).collect();
        words.join(" ")
    }
}

/// The command line of this process.
fn command_line() -> Vec<String> {
    let mut words: Vec<String> = std::env::args().collect();
    if let Some(program) = words.first_mut()
        && let Some(name) = Path::new(program.as_str()).file_name()
    {
        *program = name.to_string_lossy().into_owned();
    }
    words
}

/// A word, in quotes where a shell would take it for more than that.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

impl Machine {
    /// This machine, now.
    pub(crate) fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg");
        Self {
            cpu: model(&read("/proc/cpuinfo")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_average: load.split(' ').next().and_then(|first| first.parse().ok()),
        }
    }
}

/// The first `model name` of `/proc/cpuinfo`.
fn model(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    line.map(|rest| rest.trim_start_matches(['\t', ' ', ':']).to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_given_to_a_shell_again() {
        assert_eq!(quoted("--verify-rate=100..200"), "--verify-rate=100..200");
        assert_eq!(quoted("verify p99<5ms"), "'verify p99<5ms'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn the_processor_is_named_by_the_first_that_is() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some CPU 3.0\nmodel name\t: Other\n";
        assert_eq!(model(cpuinfo), "Some CPU 3.0");
        assert_eq!(model("processor\t: 0\n"), "");
    }
}
