//! The times at which requests are due: known before the run, so that no answer can move them.

use std::iter::Peekable;
use std::time::Duration;

use fastrand::Rng;

use super::plan::{Load, Plan, Spacing};

/// A request that is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Arrival {
    /// Since the run's start: its *intended* start, from which its latency counts.
    pub(crate) intended: Duration,
    /// Which stream of requests it belongs to.
    pub(crate) stream: usize,
    /// Which of its stream it is, counted from 0.
    pub(crate) number: u64,
    /// In which phase it is due.
    pub(crate) phase: usize,
    /// Which host gets it; 0 until it is taken in hand.
    pub(crate) host: usize,
}

/// All arrivals of a plan in order of time; of those due at once, the first stream's goes first.
#[derive(Debug)]
pub(crate) struct Schedule {
    lanes: Vec<Peekable<Lane>>,
}

impl Schedule {
    /// The schedule of a plan whose phases each have a load for each of `streams`.
    pub(crate) fn of(plan: &Plan, streams: usize) -> Self {
        let lane = |stream| Lane::new(plan, stream).peekable();
        Self { lanes: (0..streams).map(lane).collect() }
    }
}

/// When the requests of a plan's first stream are due, since the run's start.
pub(crate) fn arrivals(plan: &Plan) -> Vec<Duration> {
    Schedule::of(plan, 1).map(|arrival| arrival.intended).collect()
}

impl Iterator for Schedule {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let due = |lane: &mut Peekable<Lane>| lane.peek().map(|arrival| arrival.intended);
        let first = self
            .lanes
            .iter_mut()
            .enumerate()
            .filter_map(|(stream, lane)| Some((due(lane)?, stream)))
            .min()?;
        self.lanes[first.1].next()
    }
}

/// The arrivals of one stream.
#[derive(Debug)]
struct Lane {
    stream: usize,
    phases: Vec<Segment>,
    phase: usize,
    spacing: Spacing,
    random: Rng,
    /// What a rate's integral has to reach, from the phase's start on, for the next arrival. What
    /// is left at a phase's end is carried into the next one, so that no rate is rounded.
    next: f64,
    /// The next of given times.
    next_at: usize,
    number: u64,
}

/// A phase, as one stream sees it.
#[derive(Debug)]
struct Segment {
    start: Duration,
    duration: Duration,
    load: Load,
}

impl Lane {
    fn new(plan: &Plan, stream: usize) -> Self {
        let mut start = Duration::ZERO;
        let mut phases = Vec::new();
        for phase in &plan.phases {
            let load = phase.loads.get(stream).cloned().unwrap_or(Load::NONE);
            phases.push(Segment { start, duration: phase.duration, load });
            start += phase.duration;
        }
        // Streams of one seed must not arrive together.
        let mut random = Rng::with_seed(plan.seed.wrapping_add(stream as u64));
        let next = match plan.spacing {
            // The golden ratio keeps evenly spaced streams apart; the first begins at once.
            Spacing::Even => (stream as f64 * 0.618_033_988_749_895).fract(),
            Spacing::Poisson => exponential(&mut random),
        };
        let spacing = plan.spacing;
        Self { stream, phases, phase: 0, spacing, random, next, next_at: 0, number: 0 }
    }

    /// When the next arrival is due within the present phase, if it is.
    fn within_phase(&mut self) -> Option<Duration> {
        let Segment { duration, load, .. } = &self.phases[self.phase];
        match load {
            Load::At(times) => {
                let at = times.get(self.next_at).filter(|at| *at < duration)?;
                self.next_at += 1;
                Some(*at)
            }
            Load::Rate { from, to } => {
                let seconds = duration.as_secs_f64();
                let arrivals = f64::midpoint(*from, *to) * seconds;
                if self.next >= arrivals {
                    self.next -= arrivals;
                    return None;
                }
                let at = reached(self.next, *from, (to - from) / seconds);
                self.next += match self.spacing {
                    Spacing::Even => 1.0,
                    Spacing::Poisson => exponential(&mut self.random),
                };
                Some(Duration::from_secs_f64(at))
            }
        }
    }
}

impl Iterator for Lane {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        while self.phase < self.phases.len() {
            if let Some(at) = self.within_phase() {
                let number = self.number;
                self.number += 1;
                let intended = self.phases[self.phase].start + at;
                let (stream, phase) = (self.stream, self.phase);
                return Some(Arrival { intended, stream, number, phase, host: 0 });
            }
            self.phase += 1;
            self.next_at = 0;
        }
        None
    }
}

/// After how many seconds the integral of `from + slope * t` reaches `area`.
fn reached(area: f64, from: f64, slope: f64) -> f64 {
    if area <= 0.0 {
        return 0.0;
    }
    // The quadratic formula in the form that loses no digits where the slope is small, or 0.
    let root = (from * from + 2.0 * slope * area).max(0.0).sqrt();
    2.0 * area / (from + root)
}

/// A random number of mean 1 with the exponential distribution.
fn exponential(random: &mut Rng) -> f64 {
    -(1.0 - random.f64()).ln()
}

#[cfg(test)]
mod tests {
    use super::{Arrival, Duration, Load, Plan, Schedule, Spacing};
    use crate::open::plan::Phase;

    fn phase(seconds: u64, loads: Vec<Load>) -> Phase {
        let duration = Duration::from_secs(seconds);
        Phase { name: "phase".into(), duration, measured: true, loads }
    }

    fn plan(spacing: Spacing, phases: Vec<Phase>) -> Plan {
        Plan { phases, spacing, seed: 7, ..Plan::constant(vec![], Duration::ZERO, Duration::ZERO) }
    }

    fn arrivals(plan: &Plan, streams: usize) -> Vec<Arrival> {
        Schedule::of(plan, streams).collect()
    }

    fn seconds(arrivals: &[Arrival]) -> Vec<f64> {
        arrivals.iter().map(|arrival| arrival.intended.as_secs_f64()).collect()
    }

    #[test]
    fn a_constant_rate_begins_at_once_and_keeps_its_distance() {
        let plan = plan(Spacing::Even, vec![phase(20, vec![Load::constant(100.0)])]);
        let arrivals = arrivals(&plan, 1);
        assert_eq!(arrivals.len(), 2000);
        for (n, at) in seconds(&arrivals).iter().enumerate() {
            assert!((at - n as f64 / 100.0).abs() < 1e-8, "{n}: {at}");
        }
        assert!(arrivals.iter().enumerate().all(|(n, arrival)| arrival.number == n as u64));
    }

    #[test]
    fn a_ramp_reaches_each_count_when_its_integral_does() {
        // 0 to 100/s over 10 s: 5 t^2 requests are due by t.
        let ramp = Load::Rate { from: 0.0, to: 100.0 };
        let up = seconds(&arrivals(&plan(Spacing::Even, vec![phase(10, vec![ramp])]), 1));
        assert_eq!(up.len(), 500);
        assert!((up[125] - 5.0).abs() < 1e-6, "{}", up[125]);
        // And down again: 100 t - 5 t^2.
        let ramp = Load::Rate { from: 100.0, to: 0.0 };
        let down = seconds(&arrivals(&plan(Spacing::Even, vec![phase(10, vec![ramp])]), 1));
        assert!((down[375] - 5.0).abs() < 1e-6, "{}", down[375]);
    }

    #[test]
    fn a_step_changes_the_rate_and_carries_the_rest_over() {
        // 1.5 requests by the end of the first phase, so that the third is due half a request
        // later.
        let steps = [0.5, 0.5, 1.0].map(|rate| phase(3, vec![Load::constant(rate)]));
        let plan = plan(Spacing::Even, steps.to_vec());
        let arrivals = arrivals(&plan, 1);
        assert_eq!(seconds(&arrivals), [0.0, 2.0, 4.0, 6.0, 7.0, 8.0]);
        let phases: Vec<usize> = arrivals.iter().map(|arrival| arrival.phase).collect();
        assert_eq!(phases, [0, 0, 1, 2, 2, 2]);
    }

    #[test]
    fn random_arrivals_have_the_mean_and_the_spread_of_a_poisson_process() {
        let plan = plan(Spacing::Poisson, vec![phase(100, vec![Load::constant(1000.0)])]);
        let at = seconds(&arrivals(&plan, 1));
        let counts: Vec<f64> = (0..1000)
            .map(|slot| {
                let slot = slot as f64 / 10.0;
                at.iter().filter(|at| (slot..slot + 0.1).contains(*at)).count() as f64
            })
            .collect();
        let mean = counts.iter().sum::<f64>() / 1000.0;
        let variance = counts.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / 999.0;
        assert!((mean - 100.0).abs() < 2.0, "mean {mean}");
        assert!((variance - 100.0).abs() < 20.0, "variance {variance}");
    }

    #[test]
    fn a_seed_makes_the_same_arrivals_and_another_one_does_not() {
        let load = || vec![phase(1, vec![Load::constant(100.0), Load::constant(100.0)])];
        let one = plan(Spacing::Poisson, load());
        let other = Plan { seed: 8, ..one.clone() };
        assert_eq!(arrivals(&one, 2), arrivals(&one, 2));
        assert_ne!(arrivals(&one, 1), arrivals(&other, 1));
    }

    #[test]
    fn streams_are_merged_in_order_of_time() {
        for spacing in [Spacing::Even, Spacing::Poisson] {
            let loads = vec![Load::constant(100.0), Load::NONE, Load::constant(10.0)];
            let merged = arrivals(&plan(spacing, vec![phase(10, loads)]), 3);
            assert!(merged.is_sorted_by_key(|arrival| arrival.intended));
            let of = |stream| merged.iter().filter(|arrival| arrival.stream == stream).count();
            assert!(of(0) > 5 * of(2) && of(1) == 0 && of(2) > 50, "{spacing:?}");
        }
    }

    #[test]
    fn given_times_are_kept_and_end_with_their_phase() {
        let ms = Duration::from_millis;
        let at = Load::At(vec![ms(0), ms(0), ms(900), ms(1000)]);
        let merged =
            arrivals(&plan(Spacing::Even, vec![phase(1, vec![Load::NONE]), phase(1, vec![at])]), 1);
        let times: Vec<Duration> = merged.iter().map(|arrival| arrival.intended).collect();
        assert_eq!(times, [ms(1000), ms(1000), ms(1900)]);
    }
}
