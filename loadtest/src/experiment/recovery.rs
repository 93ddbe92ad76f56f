//! When a server has recovered: from which second on its objectives hold.

use std::time::Duration;

use super::Stream;
use crate::histogram::Times;
use crate::open::{RunResult, Second, SecondTally};
use crate::slo::Slo;
use crate::tally::Tally;

/// So many seconds in a row must hold, so that a quiet one between two waves is not taken for the
/// end.
const IN_A_ROW: usize = 3;

/// How many seconds after the second `from` the objectives begin to hold for good. `holds` says
/// whether they hold in each second. `None` if that is not seen.
pub(crate) fn recovered(holds: &[bool], from: usize) -> Option<usize> {
    let after = holds.get(from..)?;
    after.windows(IN_A_ROW).position(|seconds| seconds.iter().all(|held| *held))
}

/// Whether the objectives of a stream hold in each whole second of arrivals. A second's latencies
/// are of requests that were due in it, its errors of those that ended in it.
pub(crate) fn holds(result: &RunResult, stream: usize, slos: &[Slo]) -> Vec<bool> {
    let seconds = usize::try_from(result.elapsed.as_secs()).unwrap_or(usize::MAX);
    let judged = |slo: &&Slo| slo.latency_bound().is_some() || slo.is_about_errors();
    let holds = |second: &Second| {
        let tally = tally(&second.tallies[stream]);
        let held = |slo: &Slo| slo.held_by(&tally, Duration::from_secs(1));
        tally.offered == 0 || slos.iter().filter(judged).all(held)
    };
    result.timeline.iter().take(seconds).map(holds).collect()
}

fn tally(of: &SecondTally) -> Tally {
    Tally {
        // Of what ended, whenever it was due, the errors are a share.
        offered: of.outcomes.total().max(u64::from(of.offered > 0)),
        outcomes: of.outcomes,
        in_time: of.outcomes,
        latency: of.latency.clone(),
        service: Times::coarse(),
        late: 0,
        dropped: 0,
    }
}

/// The latencies of a stream that were due in a stretch of whole seconds.
pub(crate) fn latencies(result: &RunResult, from: usize, to: usize, stream: Stream) -> Times {
    let mut all = Times::coarse();
    for second in result.timeline.iter().take(to).skip(from) {
        all.merge(&second.tallies[stream as usize].latency);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(holds: &str, from: usize) -> Option<usize> {
        recovered(&holds.chars().map(|c| c == '+').collect::<Vec<bool>>(), from)
    }

    #[test]
    fn a_server_has_recovered_when_it_holds_for_a_while() {
        assert_eq!(after("++++--++++", 4), Some(2));
        assert_eq!(after("++++++++++", 4), Some(0));
        // One good second between bad ones is none.
        assert_eq!(after("++--+-++-+++", 2), Some(7));
    }

    #[test]
    fn what_is_not_seen_has_not_happened() {
        assert_eq!(after("++------++", 2), None);
        assert_eq!(after("++", 5), None);
    }
}
