//! Where, when and how a run was made.

use std::fs;

use jiff::Timestamp;
use serde::Serialize;

/// How a run was made, for whoever reads its report elsewhere.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunInfo {
    /// As it was typed.
    pub(crate) command_line: Vec<String>,
    /// Of this program.
    pub(crate) version: &'static str,
    /// The server's URL.
    pub(crate) host: String,
    /// Whether the server was started for the run, on the generator's machine.
    pub(crate) own_server: bool,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) machine: Machine,
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

/// The wall clock, for reports only: no figure depends on it.
#[expect(clippy::disallowed_methods, reason = "a report says when it was made")]
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named_by_the_first_that_is() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some CPU 3.0\nmodel name\t: Other\n";
        assert_eq!(model(cpuinfo), "Some CPU 3.0");
        assert_eq!(model("processor\t: 0\n"), "");
    }
}
