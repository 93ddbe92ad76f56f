//! Whether a run is valid, and whether its objectives hold.

use super::backlog::Growth;
use super::result::{Lag, RunResult};
use crate::slo::{Judged, Slo};
use crate::sut::OWN_LIMITS;
use crate::tally::Tally;
use crate::text::{grouped, time};
use crate::verdict::{Ending, Verdict};

/// With more late requests than this share of all, the percentiles are the generator's as much as
/// the server's.
const MOST_LATE: f64 = 0.01;
/// A single stop of the generator of so many times `--late-after` moves the high percentiles,
/// however few requests it delays.
const WORST_LAG: u32 = 100;
/// With more of its core than this, the generator reads answers late and counts that as the
/// server's time.
const MOST_CPU: f64 = 0.9;
/// More kinds of failures than this are only counted.
const SHOWN: usize = 5;

/// A run's verdict and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judgment {
    pub(crate) ending: Ending,
    /// Each objective, applied to each request that it is about.
    pub(crate) slos: Vec<Judged>,
}

/// Judges a run. An objective that names a request of none of the run's streams does not hold. What
/// goes without saying is that every request is answered rightly, unless an objective says how
/// many.
pub(crate) fn judge(result: &RunResult, slos: &[Slo], server_exit: Option<&str>) -> Judgment {
    let mut slos = objectives(result, slos);
    slos.extend(keeping_up(result));
    let invalid = faults(result);
    let failed = failed(result, &slos, server_exit);
    let ending = if !invalid.is_empty() {
        Ending { verdict: Verdict::Invalid, reason: invalid.join("; ") }
    } else if !failed.is_empty() {
        let burst = burst(result, &slos).filter(|_| server_exit.is_none() && !result.interrupted);
        let verdict = if burst.is_some() { Verdict::Invalid } else { Verdict::Fail };
        let reasons: Vec<String> = burst.into_iter().chain(failed).collect();
        Ending { verdict, reason: reasons.join("; ") }
    } else if let Some(reason) = undecided(&slos) {
        Ending { verdict: Verdict::Invalid, reason }
    } else {
        Ending { verdict: Verdict::Pass, reason: passed(result, &slos) }
    };
    Judgment { ending, slos }
}

/// Each objective for each request that it applies to.
fn objectives(result: &RunResult, slos: &[Slo]) -> Vec<Judged> {
    let mut judged = Vec::new();
    let measured = result.measured();
    for (name, tally) in result.requests() {
        // A stream without any load is not part of the run.
        if tally.offered == 0 && !slos.iter().any(|slo| slo.request.as_deref() == Some(name)) {
            continue;
        }
        let its: Vec<&Slo> = slos.iter().filter(|slo| slo.applies_to(name)).collect();
        judged.extend(its.iter().map(|slo| slo.judge(name, &tally, measured)));
        if !its.iter().any(|slo| slo.is_about_errors()) {
            judged.push(Slo::no_errors().judge(name, &tally, measured));
        }
    }
    judged
}

/// The objective that every run has at a constant rate: no queue grows to the end. Otherwise
/// latencies depend on how long the run is.
fn keeping_up(result: &RunResult) -> Vec<Judged> {
    let streams = result.names.iter().enumerate().zip(&result.backlogs);
    let judged = streams.filter_map(|((stream, name), backlog)| {
        let rate = result.constant_rate(stream).filter(|_| !result.interrupted)?;
        let answered = result.total(stream).in_time.answered() as f64;
        let answered = answered / result.measured().as_secs_f64().max(1e-9);
        let growth = backlog.growth();
        let queue = growth.map_or_else(String::new, |Growth { from, to }| {
            let (from, to) = (grouped(from), grouped(to));
            format!("; a queue grew to the end: {from} waited at half time, {to} in the end")
        });
        let observed = format!("{answered:.1}/s answered of {rate:.1}/s{queue}");
        Some(Judged::new("keeps up", name, Some(observed), growth.is_none()))
    });
    judged.collect()
}

/// Which objectives cannot be decided, and why; `None` if all are.
fn undecided(slos: &[Judged]) -> Option<String> {
    let reason = |judged: &Judged| {
        let why = judged.undecided.as_ref()?;
        Some(format!("{}: {} cannot be decided: {why}", judged.request, judged.slo))
    };
    let reasons: Vec<String> = slos.iter().filter_map(reason).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// What the generator did wrong, so that the run says nothing about the server; nothing if the run
/// is valid.
pub(crate) fn faults(result: &RunResult) -> Vec<String> {
    let generator = &result.generator;
    let mut reasons = own_limits(result);
    reasons.extend(result.contention.fault(result.steal, result.max_others));
    reasons.extend(lateness(&generator.lag));
    // One that never sleeps uses all of it, and shows by its lag alone whether that is enough.
    if generator.cpu > MOST_CPU && !generator.busy_wait {
        let percent = 100.0 * generator.cpu;
        reasons.push(format!("the generator used {percent:.0}% of its core"));
    }
    reasons
}

/// Whether the generator was late too often, or too late once.
fn lateness(lag: &Lag) -> Vec<String> {
    let share = lag.late as f64 / lag.times.count().max(1) as f64;
    let often = (share > MOST_LATE).then(|| {
        let (after, percent) = (time(lag.late_after.as_micros() as f64), 100.0 * share);
        format!("the generator was more than {after} late with {percent:.1}% of the requests")
    });
    let bearable = (lag.late_after * WORST_LAG).as_micros();
    let worst = lag.times.max().filter(|worst| u128::from(*worst) > bearable);
    let once = worst.map(|worst| format!("the generator was {} behind once", time(worst as f64)));
    often.into_iter().chain(once).collect()
}

/// The second in which others took so much of the machine that misses may be theirs. `None` if
/// there is none, or if an objective about errors was missed: errors are never theirs.
fn burst(result: &RunResult, slos: &[Judged]) -> Option<String> {
    let mut missed = slos.iter().filter(|slo| !slo.held && slo.undecided.is_none());
    if missed.any(|slo| slo.slo.contains("errors")) {
        return None;
    }
    let (second, others) = result.worst_second()?;
    let is_burst = result.timeline[second].contention.is_burst(result.max_others);
    is_burst.then(|| {
        format!(
            "other processes took {:.0}% of the machine's processor time in second {second}",
            100.0 * others
        )
    })
}

/// The limits of the generator's machine that requests failed by.
fn own_limits(result: &RunResult) -> Vec<String> {
    let by_limit = result.failures.iter().filter(|it| OWN_LIMITS.contains(&it.kind.as_str()));
    by_limit.map(|it| format!("{} x {}: {}", grouped(it.count), it.request, it.kind)).collect()
}

/// What was asked for and does not hold, the gravest first.
fn failed(result: &RunResult, slos: &[Judged], server_exit: Option<&str>) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(exit) = server_exit {
        reasons.push(format!("the server ended during the run ({exit})"));
    }
    reasons.extend(result.interrupted_after());
    let missed: Vec<&Judged> =
        slos.iter().filter(|slo| !slo.held && slo.undecided.is_none()).collect();
    for Judged { slo, request, observed, .. } in &missed {
        let observed = observed.as_deref().unwrap_or("nothing measured");
        reasons.push(format!("{request}: {slo} missed ({observed})"));
    }
    if !missed.is_empty() {
        reasons.extend(result.failures.iter().take(SHOWN).map(|failure| {
            let example = match failure.example.as_str() {
                "" => String::new(),
                example => format!(", e.g. {example}"),
            };
            let count = grouped(failure.count);
            format!("{count} x {}: {}{example}", failure.request, failure.kind)
        }));
        let more = result.failures.len().saturating_sub(SHOWN);
        reasons.extend((more > 0).then(|| format!("{more} more kinds of failures")));
    }
    reasons
}

fn passed(result: &RunResult, slos: &[Judged]) -> String {
    let requests = result.requests();
    let served: u64 = requests.values().map(Tally::served).sum();
    let offered: u64 = requests.values().map(|tally| tally.offered).sum();
    let held = slos.len();
    let objectives = if held == 1 { "objective holds" } else { "objectives hold" };
    match served == offered {
        true => {
            format!("{} requests, each answered rightly; {held} {objectives}", grouped(offered))
        }
        false => format!(
            "{} of {} requests answered rightly; {held} {objectives}",
            grouped(served),
            grouped(offered)
        ),
    }
}
