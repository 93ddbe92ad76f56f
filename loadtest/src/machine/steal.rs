//! How much of the cores' time a hypervisor gave to other machines while this one had work for them
//! (`steal` in proc_stat(5)). Requests wait meanwhile, whatever the server does.

use std::time::{Duration, Instant};

/// How often it is read at the most. The kernel adds up counters of all devices for each reading.
const EVERY: Duration = Duration::from_secs(1);

/// Readings over a run.
#[derive(Debug, Default)]
pub(crate) struct Steal(Vec<StealReading>);

#[derive(Debug)]
struct StealReading {
    at: Instant,
    /// What was stolen so far, core by core.
    cores: Vec<Duration>,
}

impl Steal {
    /// Reads it, if that is due.
    pub(crate) fn watch(&mut self) {
        if self.0.last().is_none_or(|last| last.at.elapsed() >= EVERY) {
            self.read();
        }
    }

    pub(crate) fn read(&mut self) {
        let cores = cores();
        self.0.extend(cores.map(|cores| StealReading { at: Instant::now(), cores }));
    }

    /// The share of some time that was stolen from the core that lost the most of it; `None` if the
    /// system does not say. What lies between two readings is taken to have been lost evenly.
    pub(crate) fn share(&self, from: Instant, lasted: Duration) -> Option<f64> {
        let (before, after) = (self.by(from)?, self.by(from + lasted)?);
        let lost = before.iter().zip(after).map(|(before, after)| (after - before).max(0.0));
        lost.reduce(f64::max).map(|lost| lost / lasted.as_secs_f64().max(1e-9))
    }

    /// What was stolen by then, in seconds, core by core.
    fn by(&self, moment: Instant) -> Option<Vec<f64>> {
        let next = self.0.partition_point(|reading| reading.at < moment);
        let after = self.0.get(next).or(self.0.last())?;
        let before = self.0.get(next.saturating_sub(1))?;
        let between = after.at.saturating_duration_since(before.at).as_secs_f64();
        let share = moment.saturating_duration_since(before.at).as_secs_f64() / between.max(1e-9);
        let cores = before.cores.iter().zip(&after.cores);
        let at = |(before, after): (&Duration, &Duration)| {
            let (before, after) = (before.as_secs_f64(), after.as_secs_f64());
            before + (after - before) * share.min(1.0)
        };
        Some(cores.map(at).collect())
    }
}

/// What was stolen from each core since the system started.
#[cfg(target_os = "linux")]
fn cores() -> Option<Vec<Duration>> {
    use procfs::CurrentSI as _;
    let stats = procfs::KernelStats::current().ok()?;
    stats.cpu_time.iter().map(procfs::CpuTime::steal_duration).collect()
}

#[cfg(not(target_os = "linux"))]
fn cores() -> Option<Vec<Duration>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Readings of two cores, in milliseconds since the first one.
    fn steal(start: Instant, readings: &[(u32, [u32; 2])]) -> Steal {
        let reading = |(at, cores): &(u32, [u32; 2])| StealReading {
            at: start + MS * *at,
            cores: cores.map(|ms| MS * ms).to_vec(),
        };
        Steal(readings.iter().map(reading).collect())
    }

    fn assert_share(steal: &Steal, from: Instant, ms: u32, expected: f64) {
        let share = steal.share(from, MS * ms).unwrap();
        assert!((share - expected).abs() < 1e-9, "{share}, not {expected}");
    }

    #[test]
    fn the_core_that_lost_the_most_counts_and_only_what_it_lost_meanwhile() {
        let start = Instant::now();
        let steal = steal(start, &[(0, [500, 90]), (1000, [510, 130]), (2000, [810, 130])]);
        assert_share(&steal, start, 1000, 0.04);
        assert_share(&steal, start + 1000 * MS, 1000, 0.3);
        assert_share(&steal, start, 2000, 0.155);
    }

    #[test]
    fn between_two_readings_time_is_lost_evenly() {
        let start = Instant::now();
        let steal = steal(start, &[(0, [0, 0]), (1000, [0, 100]), (2000, [0, 100])]);
        assert_share(&steal, start + 500 * MS, 500, 0.1);
        assert_share(&steal, start + 500 * MS, 1000, 0.05);
        // The last reading may be a moment too early.
        assert_share(&steal, start + 1500 * MS, 1000, 0.0);
    }

    #[test]
    fn who_is_not_told_does_not_know() {
        assert_eq!(Steal::default().share(Instant::now(), MS), None);
        let start = Instant::now();
        let steal = steal(start, &[(0, [7, 7])]);
        assert_eq!(steal.share(start, MS), Some(0.0), "a run that was too short for a second one");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn each_core_has_a_figure_that_never_falls() {
        let mut steal = Steal::default();
        steal.watch();
        steal.0[0].at += EVERY * 3600;
        steal.watch();
        assert_eq!(steal.0.len(), 1, "it is not due");
        steal.0[0].at -= EVERY * 3601;
        steal.watch();
        let [before, after] = &steal.0[..] else { panic!("{steal:?}") };
        let here = std::thread::available_parallelism().unwrap().get();
        assert!(before.cores.len() >= here, "{before:?}");
        assert!(before.cores.iter().zip(&after.cores).all(|(before, after)| before <= after));
    }
}
