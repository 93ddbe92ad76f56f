//! Which core does what: a measured server has its own core, and so has its load.

use anyhow::{Context as _, bail};
use rustix::param::clock_ticks_per_second;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The number of a core, as the system counts them.
pub type Core = usize;

/// The cores of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    /// The core of the server.
    pub server: Core,
    /// The core of the load and everything else.
    pub load: Core,
}

impl Cores {
    /// The first and the last core that this process may use.
    ///
    /// # Errors
    ///
    /// If there are fewer than two.
    pub fn pick() -> anyhow::Result<Self> {
        let allowed = allowed()?;
        match (allowed.first(), allowed.last()) {
            (Some(&server), Some(&load)) if server != load => Ok(Self { server, load }),
            _ => bail!("one core is not enough: the load would be measured with the server"),
        }
    }
}

/// The cores that this thread may use.
pub fn allowed() -> anyhow::Result<Vec<Core>> {
    let set = sched_getaffinity(None).context("can't ask which cores there are")?;
    Ok((0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect())
}

/// Runs `work` on this core only. Programs that it starts stay there, too. None means any core.
///
/// # Errors
///
/// The error of `work`, or that the core is not available.
pub fn on<T>(core: Option<Core>, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let Some(core) = core else { return work() };
    let before = sched_getaffinity(None).context("can't ask which cores there are")?;
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).with_context(|| format!("can't run on core {core}"))?;
    let result = work();
    sched_setaffinity(None, &before).context("can't run on all cores again")?;
    result
}

/// How busy a core was since the system started, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoreTime {
    /// The time of programs, including this one and the measured one.
    pub work: f64,
    /// The time that the hypervisor gave to other machines.
    pub stolen: f64,
}

/// How busy this core was, from /proc/stat.
pub fn core_time(core: Core) -> anyhow::Result<CoreTime> {
    let stat = std::fs::read_to_string("/proc/stat").context("can't read /proc/stat")?;
    let ticks = clock_ticks_per_second() as f64;
    core_time_in(&stat, core, ticks).with_context(|| format!("no core {core} in /proc/stat"))
}

/// In proc_stat(5), fields 1 to 3 are user, nice and system, and field 8 is steal.
fn core_time_in(stat: &str, core: Core, ticks_per_second: f64) -> Option<CoreTime> {
    let name = format!("cpu{core}");
    let mut lines = stat.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let fields = lines.find(|fields| fields.first() == Some(&name.as_str()))?;
    let seconds = |n: usize| Some(fields.get(n)?.parse::<f64>().ok()? / ticks_per_second);
    Some(CoreTime { work: seconds(1)? + seconds(2)? + seconds(3)?, stolen: seconds(8)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_stays_on_the_core_it_was_started_on() {
        let before = allowed().unwrap();
        let last = *before.last().unwrap();
        let status = on(Some(last), || {
            assert_eq!(allowed().unwrap(), [last]);
            let grep = ["Cpus_allowed_list", "/proc/self/status"];
            Ok(std::process::Command::new("grep").args(grep).output()?)
        });
        let listed = String::from_utf8(status.unwrap().stdout).unwrap();
        assert_eq!(listed.split_whitespace().last(), Some(last.to_string().as_str()));
        assert_eq!(allowed().unwrap(), before);
    }
    #[test]
    fn a_core_is_found_by_its_whole_name() {
        let stat = "cpu  9 9 9 9 9 9 9 9\ncpu10 9 9 9 9 9 9 9 9\ncpu1 100 20 30 5 5 5 5 40 0 0\n";
        assert_eq!(core_time_in(stat, 1, 100.0), Some(CoreTime { work: 1.5, stolen: 0.4 }));
        assert_eq!(core_time_in(stat, 2, 100.0), None);
        assert!(core_time(allowed().unwrap()[0]).unwrap().work > 0.0);
    }
}
