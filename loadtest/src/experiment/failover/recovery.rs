//! How long each kind of request took to be as usual again after each act.

use std::time::Duration;

use serde::Serialize;

use super::act::Act;
use super::history::Action;
use super::streams::STREAMS;
use crate::open::RunResult;
use crate::slo::Slo;
use crate::tally::Tally;

/// So many seconds before the next act, or before the end, must hold, for the service to have
/// recovered.
const IN_A_ROW: usize = 3;

/// The requests of a run by the second in which they were due, and by stream.
pub(super) type Seconds = Vec<[Tally; STREAMS.len()]>;

/// An act, and what it did to the requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ActResult {
    pub(super) act: String,
    #[serde(skip)]
    pub(super) kind: String,
    /// Whole seconds after the run's start.
    pub(super) at_s: usize,
    /// Until the next act, or the end.
    pub(super) until_s: usize,
    /// By stream: how many seconds after the act the objectives held for good; `null` if that was
    /// not seen.
    pub(super) recovery_s: [Option<usize>; STREAMS.len()],
    /// By stream: requests that were due meanwhile, and were not answered rightly.
    pub(super) failed: [u64; STREAMS.len()],
}

/// The requests of a run that kept its samples; none of the warm-up, of which there are no samples.
pub(super) fn by_second(result: &RunResult, warm_up: Duration) -> Seconds {
    let whole = usize::try_from(result.elapsed.as_secs()).unwrap_or(usize::MAX);
    let warm_up = usize::try_from(warm_up.as_secs()).unwrap_or(usize::MAX);
    let mut seconds: Seconds = Vec::new();
    for (at, second) in result.timeline.iter().enumerate().take(whole) {
        let offered = |stream: usize| match second.tallies.get(stream) {
            Some(tally) if at >= warm_up => tally.offered,
            _ => 0,
        };
        seconds.push(std::array::from_fn(|stream| Tally {
            offered: offered(stream),
            ..Tally::default()
        }));
    }
    for sample in result.samples.iter().flatten() {
        let second = usize::try_from(sample.arrival.intended.as_secs()).unwrap_or(usize::MAX);
        if let Some(tallies) = seconds.get_mut(second) {
            let tally = &mut tallies[sample.arrival.stream];
            tally.outcomes.add(sample.outcome);
            if sample.outcome.is_served() {
                tally.latency.record(sample.latency);
            }
        }
    }
    seconds
}

/// The objectives of a stream: those that were asked for, completed by the usual ones.
pub(super) fn objectives(asked: &[Slo], action: Action) -> Vec<Slo> {
    let name = action.call().key();
    let mut slos: Vec<Slo> = asked.iter().filter(|slo| slo.applies_to(name)).cloned().collect();
    if !slos.iter().any(|slo| slo.latency_bound().is_some()) {
        slos.push(Slo::p99_below(name, Duration::from_secs(1)));
    }
    if !slos.iter().any(Slo::is_about_errors) {
        slos.push(Slo::errors_below(1.0));
    }
    slos
}

/// What the acts did. The time before the first of them counts as one that does nothing.
pub(super) fn recoveries(
    seconds: &Seconds,
    acts: &[Act],
    warm_up: Duration,
    slos: &[Vec<Slo>; STREAMS.len()],
) -> Vec<ActResult> {
    let whole = |time: Duration| usize::try_from(time.as_secs()).unwrap_or(usize::MAX);
    let begins = |act: &Act| (act.text(), act.kind().to_owned(), whole(warm_up + act.at));
    let start = ("start".to_owned(), "start".to_owned(), whole(warm_up));
    let all: Vec<_> = std::iter::once(start).chain(acts.iter().map(begins)).collect();
    let ends = all.iter().skip(1).map(|(_, _, at)| *at).chain([seconds.len()]);
    let holds: [Vec<bool>; STREAMS.len()] = std::array::from_fn(|stream| {
        seconds.iter().map(|second| held(&second[stream], &slos[stream])).collect()
    });
    let result = |((act, kind, at_s), until_s): (&(String, String, usize), usize)| {
        let within = seconds.get(*at_s..until_s).unwrap_or_default();
        ActResult {
            act: act.clone(),
            kind: kind.clone(),
            at_s: *at_s,
            until_s,
            recovery_s: std::array::from_fn(|stream| until_good(&holds[stream], *at_s, until_s)),
            failed: std::array::from_fn(|stream| {
                within.iter().map(|second| second[stream].unserved()).sum()
            }),
        }
    };
    all.iter().zip(ends).filter(|((_, _, at), until)| at < until).map(result).collect()
}

fn held(tally: &Tally, slos: &[Slo]) -> bool {
    tally.offered == 0 || slos.iter().all(|slo| slo.held_by(tally, Duration::from_secs(1)))
}

/// How many seconds after `from` the last one before `to` is that does not hold; `None` if the end
/// comes too soon to tell.
fn until_good(holds: &[bool], from: usize, to: usize) -> Option<usize> {
    let stretch = holds.get(from..to)?;
    let good = stretch.iter().rev().take_while(|held| **held).count();
    let all = good == stretch.len();
    (all || good >= IN_A_ROW).then_some(stretch.len() - good)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sut::Outcome;

    fn good(holds: &str, from: usize, to: usize) -> Option<usize> {
        until_good(&holds.chars().map(|c| c == '+').collect::<Vec<bool>>(), from, to)
    }

    #[test]
    fn a_service_has_recovered_after_the_last_bad_second() {
        assert_eq!(good("++++--++++", 4, 10), Some(2));
        // A good second between bad ones is not the end of it, nor is a late beginning.
        assert_eq!(good("+++--+-++++", 3, 11), Some(4));
        assert_eq!(good("++++++--+++", 3, 11), Some(5));
        assert_eq!(good("++++++++++", 4, 10), Some(0));
        // Until the next act alone.
        assert_eq!(good("+-+++-----", 1, 5), Some(1));
    }

    #[test]
    fn what_is_not_seen_has_not_happened() {
        assert_eq!(good("++------++", 2, 10), None);
        assert_eq!(good("++", 5, 7), None);
    }

    #[test]
    fn each_stream_has_objectives_about_latency_and_errors() {
        let texts = |asked: &[&str], action| -> Vec<String> {
            let asked: Vec<Slo> = asked.iter().map(|slo| slo.parse().unwrap()).collect();
            objectives(&asked, action).iter().map(Slo::to_string).collect()
        };
        assert_eq!(texts(&[], Action::SignOut), ["sign_out p99<1s", "errors<1%"]);
        let asked = ["sign_out p99<25ms", "verify errors<2%"];
        assert_eq!(texts(&asked, Action::SignOut), ["sign_out p99<25ms", "errors<1%"]);
        assert_eq!(texts(&asked, Action::Verify), ["verify errors<2%", "verify p99<1s"]);
    }

    /// Ten seconds of requests, of which the verifications of those in `bad` fail.
    fn seconds(bad: &[usize]) -> Seconds {
        let second = |at: usize| {
            std::array::from_fn(|stream| {
                let mut tally = Tally { offered: 1, ..Tally::default() };
                let fails = stream == 0 && bad.contains(&at);
                tally.outcomes.add(if fails { Outcome::Overloaded } else { Outcome::Ok });
                tally.latency.record(Duration::from_millis(5));
                tally
            })
        };
        (0..10).map(second).collect()
    }

    #[test]
    fn acts_are_judged_up_to_the_next_one() {
        let acts = ["2s kill-node 1", "5s kill-primary"].map(|act| act.parse().unwrap());
        let slos = STREAMS.map(|action| objectives(&[], action));
        let judge = |bad: &[usize]| recoveries(&seconds(bad), &acts, Duration::from_secs(1), &slos);
        let results = judge(&[3, 6]);
        let times: Vec<_> = results.iter().map(|it| (it.at_s, it.until_s)).collect();
        assert_eq!(times, [(1, 3), (3, 6), (6, 10)]);
        let verify: Vec<_> = results.iter().map(|it| it.recovery_s[0]).collect();
        assert_eq!(verify, [Some(0), None, Some(1)]);
        assert!(results.iter().all(|it| it.recovery_s[1] == Some(0)));
    }
}
