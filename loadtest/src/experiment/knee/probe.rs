//! One try at a rate.

use std::time::Duration;

use super::search::ProbeOutcome;
use crate::experiment::streams::works;
use crate::experiment::{GeneratorArgs, Scene, Stream};
use crate::machine::{Shares, speed};
use crate::open::{Phase, Plan, RunResult, faults};
use crate::slo::{Judged, Slo};
use crate::tally::Tally;
use crate::text::time_or_dash;

/// The share of what arrives that must be served while it arrives. With less, a queue grows, and
/// the latency depends on how long the probe is.
const KEPT_UP: f64 = 0.98;
/// So many requests may be under way at the end that were not at the start.
const IN_FLIGHT: f64 = 2.0;
/// A miss is doubted if others had this much more of the machine than beside a probe that held.
const CALMER: f64 = 0.02;
/// A probe lasts at most so many times as long as asked for, to get enough requests.
const LONGER: u32 = 4;

/// How probes are made and judged.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) stream: Stream,
    /// The rate of the other stream meanwhile.
    pub(crate) beside: f64,
    pub(crate) slos: Vec<Slo>,
    /// Both in whole seconds.
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
    pub(crate) generator: GeneratorArgs,
}

/// What came of a try at a rate.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    /// In requests per second, as it was planned.
    pub(crate) rate: f64,
    /// What became of the measured requests.
    pub(crate) tally: Tally,
    pub(crate) lasted: Duration,
    /// Answers during the measured time, as a share of what was due in it.
    pub(crate) kept_up: f64,
    /// How far the generator was behind with 99 of 100 requests, in microseconds.
    pub(crate) lag_p99_us: u64,
    /// As of [`RunResult`].
    pub(crate) steal: Option<f64>,
    pub(crate) contention: Shares,
    pub(crate) speed: Option<f64>,
    /// The objectives, and that the server keeps up.
    pub(crate) judged: Vec<Judged>,
    /// Why it says nothing.
    pub(crate) faults: Vec<String>,
    pub(crate) outcome: ProbeOutcome,
}

impl Rules {
    /// Tries a rate.
    pub(crate) fn probe(
        &self,
        scene: &mut Scene<'_>,
        step: &str,
        rate: f64,
    ) -> anyhow::Result<Probe> {
        let time = self.time_at(rate);
        let plan = self.plan(rate, time, scene.target.timeout);
        let result = scene.run(step, &plan, &works(&scene.stage))?;
        let probe = self.judge(rate, time, &result);
        eprintln!("{step}: {}", probe.in_one_line());
        Ok(probe)
    }

    /// How long a rate is tried: a few times as long where it is so low that its requests decide no
    /// percentile.
    fn time_at(&self, rate: f64) -> Duration {
        let needed = self.slos.iter().filter_map(Slo::needed).max().unwrap_or_default();
        let seconds = (needed as f64 / rate).ceil() as u64;
        Duration::from_secs(seconds).clamp(self.time, self.time * LONGER)
    }

    fn plan(&self, rate: f64, time: Duration, timeout: Duration) -> Plan {
        let phase = |name: &str, duration, measured| {
            let loads = self.stream.beside(rate, self.beside);
            Phase { name: name.to_owned(), duration, measured, loads }
        };
        let phases = vec![phase("warm-up", self.warm_up, false), phase("probe", time, true)];
        self.generator.plan(phases, timeout)
    }

    fn judge(&self, rate: f64, time: Duration, result: &RunResult) -> Probe {
        let stream = self.stream as usize;
        let (tally, lasted) = (result.total(stream), result.measured());
        let (offered, served) = result.within(self.warm_up, time, stream);
        let judged = self.slos.iter().map(|slo| self.estimate(slo, &tally, lasted));
        let judged: Vec<Judged> = judged.chain([self.keeps_up(offered, served)]).collect();
        let faults = faults(result);
        let outcome = match (result.interrupted, faults.is_empty()) {
            (true, _) => ProbeOutcome::Interrupted,
            (false, false) => ProbeOutcome::Invalid,
            (false, true) if judged.iter().all(|judged| judged.held) => ProbeOutcome::Holds,
            (false, true) => ProbeOutcome::Misses,
        };
        Probe {
            rate,
            tally,
            lasted,
            kept_up: served as f64 / offered.max(1) as f64,
            lag_p99_us: result.generator.lag_p99_us(),
            steal: result.steal,
            contention: result.contention,
            speed: result.speed,
            judged,
            faults,
            outcome,
        }
    }

    /// A search goes by the measured value, however few requests a short probe has.
    fn estimate(&self, slo: &Slo, tally: &Tally, lasted: Duration) -> Judged {
        let judged = slo.judge(self.stream.name(), tally, lasted);
        Judged { held: slo.held_by(tally, lasted), undecided: None, ..judged }
    }

    fn keeps_up(&self, offered: u64, served: u64) -> Judged {
        let short = (offered as f64 - served as f64).max(0.0);
        let percent = || format!("{:.1}%", 100.0 * served as f64 / offered as f64);
        Judged::new(
            format!("served>={:.0}% while they arrive", 100.0 * KEPT_UP),
            self.stream.name(),
            (offered > 0).then(percent),
            offered > 0 && short <= ((1.0 - KEPT_UP) * offered as f64).max(IN_FLIGHT),
        )
    }
}

impl Probe {
    /// The share of the machine that others had, processes and other machines.
    fn disturbance(&self) -> f64 {
        self.contention.others.unwrap_or(0.0) + self.steal.unwrap_or(0.0)
    }

    /// Whether it misses although a probe held when the machine was calmer or faster. Then the
    /// machine may be why.
    pub(crate) fn is_doubtful(&self, made: &[Self]) -> bool {
        let held = made.iter().filter(|probe| probe.outcome == ProbeOutcome::Holds);
        let is_calmer = |probe: &Self| {
            probe.disturbance() + CALMER < self.disturbance()
                || speed::slower(self.speed, probe.speed).is_some()
        };
        self.outcome == ProbeOutcome::Misses && held.clone().any(is_calmer)
    }

    /// In a few words.
    pub(crate) fn in_one_line(&self) -> String {
        format!("p99 {}, {}", time_or_dash(self.tally.latency.quantile(0.99)), self.verdict())
    }

    /// Whether it holds, and else why not.
    pub(crate) fn verdict(&self) -> String {
        let missed = self.judged.iter().filter(|judged| !judged.held).map(|judged| {
            let observed = judged.observed.as_deref().unwrap_or("nothing measured");
            format!("{} ({observed})", judged.slo)
        });
        match self.outcome {
            ProbeOutcome::Holds => "holds".to_owned(),
            ProbeOutcome::Misses => format!("misses {}", missed.collect::<Vec<_>>().join(", ")),
            ProbeOutcome::Invalid => format!("invalid: {}", self.faults.join(", ")),
            ProbeOutcome::Interrupted => "interrupted".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules {
            stream: Stream::Login,
            beside: 0.0,
            slos: vec![],
            warm_up: Duration::ZERO,
            time: Duration::from_secs(1),
            generator: crate::experiment::generator::tests::args(),
        }
    }

    fn keeps_up(offered: u64, served: u64) -> bool {
        rules().keeps_up(offered, served).held
    }

    #[test]
    fn a_low_rate_is_tried_for_longer_so_that_there_are_enough_requests() {
        let slos = vec!["login p99<1s".parse().unwrap(), "errors<0.1%".parse().unwrap()];
        let rules = Rules { slos, time: Duration::from_secs(4), ..rules() };
        let seconds = |rate| rules.time_at(rate).as_secs();
        assert_eq!([1000.0, 92.0, 40.0, 23.0, 1.0].map(seconds), [4, 4, 10, 16, 16]);
    }

    fn probe(outcome: ProbeOutcome, others: f64, speed: f64) -> Probe {
        Probe {
            rate: 100.0,
            tally: Tally::default(),
            lasted: Duration::from_secs(4),
            kept_up: 1.0,
            lag_p99_us: 0,
            steal: Some(0.0),
            contention: Shares { others: Some(others), ..Shares::default() },
            speed: Some(speed),
            judged: vec![],
            faults: vec![],
            outcome,
        }
    }

    #[test]
    fn a_miss_beside_a_calmer_or_faster_probe_that_held_is_doubtful() {
        let doubtful = |is: Probe, made: &[Probe]| is.is_doubtful(made);
        let calm = [probe(ProbeOutcome::Holds, 0.01, 100.0)];
        assert!(doubtful(probe(ProbeOutcome::Misses, 0.06, 100.0), &calm));
        assert!(doubtful(probe(ProbeOutcome::Misses, 0.01, 80.0), &calm), "the machine was slower");
        assert!(!doubtful(probe(ProbeOutcome::Misses, 0.02, 99.0), &calm));
        assert!(!doubtful(probe(ProbeOutcome::Holds, 0.06, 100.0), &calm));
        // Nothing held that was calmer.
        assert!(!doubtful(
            probe(ProbeOutcome::Misses, 0.06, 100.0),
            &[probe(ProbeOutcome::Holds, 0.06, 100.0)]
        ));
        assert!(!doubtful(
            probe(ProbeOutcome::Misses, 0.06, 100.0),
            &[probe(ProbeOutcome::Misses, 0.0, 100.0)]
        ));
    }

    #[test]
    fn a_server_keeps_up_if_it_answers_what_arrives_but_for_a_few() {
        assert!(keeps_up(1000, 980) && keeps_up(1000, 1010) && keeps_up(5, 3));
        assert!(!keeps_up(1000, 979) && !keeps_up(5, 2) && !keeps_up(0, 0));
    }
}
