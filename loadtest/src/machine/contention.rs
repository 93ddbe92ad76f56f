//! How much of the machine's processor time others took: processes other than the generator and the
//! server under test. Pure arithmetic on growing counters; `counters` reads them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[cfg(test)]
/// The share of the machine's processor time that others may take by default. Up to there, a thread
/// that is woken finds a free core nine times of ten.
pub(crate) const MOST_OTHERS: f64 = 0.10;
/// A single second in which others took more than this moves the high percentiles of a short run.
const BURST: f64 = 0.25;
/// With a whole core idle nobody waits for one, whatever others take of the rest.
const SPARE_CORES: f64 = 1.0;
/// How far the times that the kernel accounts for may be from the time that has passed, for them to
/// be believed.
const ACCOUNTED: std::ops::RangeInclusive<f64> = 0.8..=1.2;
/// A figure that is known for less than this share of a time is not told of that time.
const KNOWN: f64 = 0.8;

/// Counters at one moment, since the system or the process started.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) at: Instant,
    /// `None` if the system does not say.
    pub(crate) machine: Option<Cores>,
    /// The processor time of the generator's process.
    pub(crate) own: Duration,
    /// The processor time of each of the server's processes; `None` if they are not known.
    pub(crate) server: Option<BTreeMap<i32, Duration>>,
    /// For how long the server's threads have waited for a core, together.
    pub(crate) delay: Option<Duration>,
    /// For how long some task has waited for a core or for memory (pressure stall information).
    pub(crate) cpu_pressure: Option<Duration>,
    pub(crate) memory_pressure: Option<Duration>,
}

/// The time of all cores together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cores {
    pub(crate) number: u32,
    /// Idle, also while a disk was waited for.
    pub(crate) idle: Duration,
    pub(crate) stolen: Duration,
    /// For interrupts, such as of the network: they are nobody's, and on one machine most are of
    /// the load itself.
    pub(crate) interrupts: Duration,
    /// All that the kernel accounts for.
    pub(crate) accounted: Duration,
}

/// What happened over some time; `None` for what the system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub(crate) struct Shares {
    /// The share of the cores' time, from 0 to 1, that other processes took.
    pub(crate) others: Option<f64>,
    /// How many cores were idle on the average.
    pub(crate) idle_cores: Option<f64>,
    /// The share of the time in which some task waited for a core, or for memory.
    pub(crate) cpu_pressure: Option<f64>,
    pub(crate) memory_pressure: Option<f64>,
    /// For how many seconds per second the server's threads waited for a core, together.
    pub(crate) server_delay: Option<f64>,
}

/// Readings over a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readings(Vec<Reading>);

impl Readings {
    pub(crate) fn last(&self) -> Option<&Reading> {
        self.0.last()
    }

    pub(crate) fn add(&mut self, reading: Reading) {
        self.0.push(reading);
    }

    /// What happened in some time; what lies between two readings is taken to have happened evenly.
    pub(crate) fn shares(&self, from: Instant, lasted: Duration) -> Shares {
        let (until, mut sum) = (from + lasted, Sum::default());
        let pairs = self.0.windows(2).filter(|pair| pair[1].at > from && pair[0].at < until);
        for pair in pairs {
            let (before, after) = (&pair[0], &pair[1]);
            let whole = (after.at - before.at).as_secs_f64().max(1e-9);
            let within = after.at.min(until) - before.at.max(from);
            sum.add(before, after, whole, within.as_secs_f64() / whole);
        }
        sum.shares()
    }
}

/// Seconds, added up over pairs of readings.
#[derive(Debug, Default)]
struct Sum {
    time: f64,
    cores: f64,
    figures: [Figure; 5],
}

/// One figure, and over how long a time it is known: some pairs may not tell it.
#[derive(Clone, Copy, Debug, Default)]
struct Figure {
    seconds: f64,
    known: f64,
}

impl Figure {
    fn add(&mut self, seconds: Option<f64>, time: f64) {
        if let Some(seconds) = seconds {
            self.seconds += seconds;
            self.known += time;
        }
    }

    /// Per second of the time in which it is known, if that is most of `time`.
    fn per_second(self, time: f64) -> Option<f64> {
        (self.known > 0.0 && self.known >= KNOWN * time).then(|| self.seconds / self.known)
    }
}

impl Sum {
    fn add(&mut self, before: &Reading, after: &Reading, whole: f64, part: f64) {
        let delta = |before: Option<Duration>, after: Option<Duration>| {
            Some(after?.saturating_sub(before?).as_secs_f64() * part)
        };
        let machine = before.machine.zip(after.machine).and_then(|(a, b)| busy(&a, &b, whole));
        let server = before.server.as_ref().zip(after.server.as_ref());
        let server = server.map(|(before, after)| grown(before, after));
        let own = after.own.saturating_sub(before.own).as_secs_f64();
        let others = machine.zip(server).map(|((busy, _), server)| (busy - own - server).max(0.0));
        let pair = [
            others.map(|seconds| seconds * part),
            machine.map(|(_, idle)| idle * part),
            delta(before.cpu_pressure, after.cpu_pressure),
            delta(before.memory_pressure, after.memory_pressure),
            delta(before.delay, after.delay),
        ];
        for (figure, seconds) in self.figures.iter_mut().zip(pair) {
            figure.add(seconds, whole * part);
        }
        self.time += whole * part;
        self.cores = after.machine.map_or(self.cores, |machine| f64::from(machine.number));
    }

    fn shares(&self) -> Shares {
        let [others, idle, cpu, memory, delay] = self.figures.map(|it| it.per_second(self.time));
        Shares {
            others: others.map(|cores| cores / self.cores.max(1.0)),
            idle_cores: idle,
            cpu_pressure: cpu,
            memory_pressure: memory,
            server_delay: delay,
        }
    }
}

/// For how many seconds cores were busy, and idle. `None` if the kernel's account does not fit the
/// time that passed, as in some containers.
fn busy(before: &Cores, after: &Cores, seconds: f64) -> Option<(f64, f64)> {
    let all = f64::from(after.number) * seconds;
    let grown = |before: Duration, after: Duration| after.saturating_sub(before).as_secs_f64();
    let accounted = grown(before.accounted, after.accounted);
    // Over a moment, the grain of the counters is too coarse to tell.
    let believable = seconds < 0.5 || ACCOUNTED.contains(&(accounted / all.max(1e-9)));
    let idle = grown(before.idle, after.idle).min(all);
    let stolen = grown(before.stolen, after.stolen);
    let interrupts = grown(before.interrupts, after.interrupts);
    believable.then(|| ((all - idle - stolen - interrupts).max(0.0), idle))
}

/// The processor time that processes took; of one that is new, all of it.
fn grown(before: &BTreeMap<i32, Duration>, after: &BTreeMap<i32, Duration>) -> f64 {
    let of = |(pid, time): (&i32, &Duration)| {
        time.saturating_sub(before.get(pid).copied().unwrap_or_default()).as_secs_f64()
    };
    after.iter().map(of).sum()
}

impl Shares {
    /// Whether others took so much that the server had to wait for a core.
    fn beyond(&self, most: f64) -> bool {
        self.others.is_some_and(|others| others > most)
            && self.idle_cores.is_some_and(|idle| idle < SPARE_CORES)
    }

    /// Why what was measured meanwhile says nothing about the server.
    pub(crate) fn fault(&self, steal: Option<f64>, most: f64) -> Option<String> {
        let percent = |share: f64| format!("{:.0}%", 100.0 * share);
        if self.beyond(most) {
            return Some(format!(
                "other processes took {} of the machine's processor time, more than {}",
                percent(self.others.unwrap_or_default()),
                percent(most)
            ));
        }
        if let Some(steal) = steal.filter(|steal| *steal > most) {
            return Some(format!("other machines had a core for {} of the time", percent(steal)));
        }
        let short = self.memory_pressure.filter(|share| *share > most);
        short.map(|share| format!("tasks waited for memory for {} of the time", percent(share)))
    }

    /// Whether others took so much of a second that a miss may be theirs.
    pub(crate) fn is_burst(&self, most: f64) -> bool {
        self.beyond(BURST.max(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A reading of two cores after so many milliseconds, of which the cores were idle, the
    /// generator ran, and the server ran for so many.
    fn reading(start: Instant, at: u32, idle: u32, own: u32, server: u32) -> Reading {
        let accounted = MS * 2 * at;
        Reading {
            at: start + MS * at,
            machine: Some(Cores {
                number: 2,
                idle: MS * idle,
                stolen: Duration::ZERO,
                interrupts: Duration::ZERO,
                accounted,
            }),
            own: MS * own,
            server: Some(BTreeMap::from([(7, MS * server)])),
            delay: Some(MS * server),
            cpu_pressure: Some(MS * at / 2),
            memory_pressure: Some(Duration::ZERO),
        }
    }

    fn shares(readings: Vec<Reading>, from: u32, ms: u32) -> Shares {
        let start = readings[0].at;
        Readings(readings).shares(start + MS * from, MS * ms)
    }

    fn near(is: Option<f64>, should: f64) -> bool {
        is.is_some_and(|is| (is - should).abs() < 1e-6)
    }

    #[test]
    fn others_have_what_neither_generator_nor_server_took_and_no_core_idled_away() {
        let start = Instant::now();
        let quiet = vec![reading(start, 0, 0, 0, 0), reading(start, 1000, 1200, 300, 500)];
        assert!(near(shares(quiet, 0, 1000).others, 0.0));
        let busy = vec![reading(start, 0, 0, 0, 0), reading(start, 1000, 0, 300, 100)];
        let shares = shares(busy, 0, 1000);
        assert!(near(shares.others, 0.8) && near(shares.idle_cores, 0.0), "{shares:?}");
        assert!(near(shares.cpu_pressure, 0.5) && near(shares.server_delay, 0.1), "{shares:?}");
    }

    #[test]
    fn interrupts_and_what_is_stolen_are_no_processes() {
        let start = Instant::now();
        let (before, mut after) = (reading(start, 0, 0, 0, 0), reading(start, 1000, 1000, 0, 0));
        after.machine =
            after.machine.map(|cores| Cores { stolen: MS * 200, interrupts: MS * 300, ..cores });
        assert!(near(shares(vec![before, after], 0, 1000).others, 0.25));
    }

    #[test]
    fn each_second_has_its_own_share() {
        let start = Instant::now();
        let readings = || {
            vec![
                reading(start, 0, 0, 0, 0),
                reading(start, 1000, 2000, 0, 0),
                reading(start, 2000, 2000, 0, 1000),
            ]
        };
        assert!(near(shares(readings(), 0, 1000).others, 0.0));
        assert!(near(shares(readings(), 1000, 1000).others, 0.5));
        assert!(near(shares(readings(), 0, 2000).others, 0.25));
        assert!(near(shares(readings(), 500, 1000).others, 0.25));
    }

    #[test]
    fn a_server_that_was_started_again_is_still_the_server() {
        let start = Instant::now();
        let mut after = reading(start, 1000, 1000, 0, 0);
        after.server = Some(BTreeMap::from([(8, MS * 1000)]));
        assert!(near(shares(vec![reading(start, 0, 0, 0, 500), after], 0, 1000).others, 0.0));
    }

    #[test]
    fn what_the_system_does_not_say_is_not_known() {
        let start = Instant::now();
        let (before, after) = (reading(start, 0, 0, 0, 0), reading(start, 1000, 0, 0, 0));
        let without_proc = Reading { machine: None, ..after.clone() };
        assert_eq!(shares(vec![before.clone(), without_proc], 0, 1000).others, None);
        let unknown = Reading { server: None, cpu_pressure: None, ..after.clone() };
        let shown = shares(vec![before.clone(), unknown], 0, 1000);
        assert_eq!((shown.others, shown.cpu_pressure), (None, None));
        assert!(shown.idle_cores.is_some() && shown.fault(None, 0.1).is_none());
        // A container that is shown another machine's counters, or none that move.
        let mut frozen = after;
        frozen.machine = before.machine;
        assert_eq!(shares(vec![before, frozen], 0, 1000).others, None);
        assert_eq!(Readings::default().shares(start, MS), Shares::default());
    }

    #[test]
    fn one_second_that_the_system_miscounts_does_not_hide_the_others() {
        let start = Instant::now();
        let idle = |n: u32| if n < 3 { 2000 * n } else { 2000 * n - 1000 };
        let mut readings: Vec<_> =
            (0..=10).map(|n| reading(start, 1000 * n, idle(n), 0, 0)).collect();
        for reading in &mut readings[7..] {
            let machine = reading.machine.as_mut().unwrap();
            machine.accounted -= MS * 1500;
        }
        assert_eq!(shares(readings.clone(), 6000, 1000).others, None, "the second itself");
        let run = shares(readings.clone(), 0, 10_000);
        assert!(near(run.others, 0.5 / 9.0), "{run:?}");
        assert_eq!(shares(readings, 5000, 3000).others, None, "a third of the time is unknown");
    }

    #[test]
    fn a_run_beside_busy_loops_is_at_fault_and_one_on_a_quiet_or_a_large_machine_is_not() {
        let of = |others, idle| Shares {
            others: Some(others),
            idle_cores: Some(idle),
            ..Shares::default()
        };
        let fault = |shares: Shares| shares.fault(None, MOST_OTHERS);
        // Eight loops on two cores.
        let loops = fault(of(0.82, 0.0)).unwrap();
        assert!(loops.contains("other processes took 82% of the machine's"), "{loops}");
        assert_eq!(fault(of(0.03, 0.4)), None);
        assert_eq!(fault(of(0.5, 30.0)), None, "half of 64 cores, and 30 idle");
        assert!(of(0.3, 0.2).is_burst(0.1) && !of(0.2, 0.2).is_burst(0.1));
        assert_eq!(of(0.82, 0.0).fault(None, 1.0), None, "it may be allowed");
        assert!(of(0.0, 0.4).fault(Some(0.2), 0.1).unwrap().contains("other machines"));
        let short = Shares { memory_pressure: Some(0.5), ..of(0.0, 1.0) };
        assert!(fault(short).unwrap().contains("memory"));
    }
}
