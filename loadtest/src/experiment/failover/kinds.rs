//! What acts of the same kind did, taken together: the kills of each node, for one.

use std::time::Duration;

use super::history::Action;
use super::recovery::ActResult;
use super::streams::STREAMS;
use crate::slo::Judged;
use crate::text::{grouped, seconds_or_not_seen};

/// The acts of one kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    /// The act, or the kind and how many there were of it.
    pub(super) name: String,
    /// By stream: the longest of their recoveries; none if one was not seen.
    pub(super) recovery_s: [Option<usize>; STREAMS.len()],
    /// By stream: requests that were due after one of them, and were not answered rightly.
    pub(super) failed: [u64; STREAMS.len()],
    kills_primary: bool,
}

/// The kinds of these acts, in the order of their first ones.
pub(super) fn kinds(acts: &[ActResult]) -> Vec<Kind> {
    let is_first =
        |(at, act): &(usize, &ActResult)| !acts[..*at].iter().any(|it| it.kind == act.kind);
    let firsts = acts.iter().enumerate().filter(is_first);
    let of_kind = |kind: &str| acts.iter().filter(|it| it.kind == kind).collect::<Vec<_>>();
    firsts.map(|(_, first)| together(&of_kind(&first.kind))).collect()
}

fn together(acts: &[&ActResult]) -> Kind {
    let kind = acts.first().map_or("", |act| act.kind.as_str());
    let name = match acts {
        [one] => one.act.clone(),
        _ => format!("{} ({} times)", kind, acts.len()),
    };
    let longest = |stream: usize| {
        let recoveries: Option<Vec<usize>> =
            acts.iter().map(|act| act.recovery_s[stream]).collect();
        recoveries?.into_iter().max()
    };
    Kind {
        name,
        recovery_s: std::array::from_fn(longest),
        failed: std::array::from_fn(|stream| acts.iter().map(|act| act.failed[stream]).sum()),
        kills_primary: kind == "kill-primary",
    }
}

impl Kind {
    /// What is asked of them.
    pub(super) fn objectives(&self, within: Duration) -> Vec<Judged> {
        let name = &self.name;
        let recovery = |(action, seconds): (Action, Option<usize>)| {
            let slo = format!("{name}: holds again within {} s", within.as_secs());
            let held = seconds.is_some_and(|seconds| seconds as u64 <= within.as_secs());
            Judged::new(slo, action.call().key(), Some(seconds_or_not_seen(seconds)), held)
        };
        let mut all: Vec<Judged> = STREAMS.into_iter().zip(self.recovery_s).map(recovery).collect();
        if self.kills_primary {
            let slo = format!("{name}: no known token fails");
            let observed = Some(format!("{} failed", grouped(self.failed[0])));
            all.push(Judged::new(slo, Action::Verify.call().key(), observed, self.failed[0] == 0));
        }
        all
    }

    /// For each stream, the longest recovery and how many requests failed.
    pub(super) fn cells(&self) -> impl Iterator<Item = String> {
        let cell = |(seconds, failed): (Option<usize>, u64)| {
            format!("{} ({})", seconds_or_not_seen(seconds), grouped(failed))
        };
        self.recovery_s.into_iter().zip(self.failed).map(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(act: &str, verify_s: Option<usize>, failed: u64) -> ActResult {
        ActResult {
            act: act.to_owned(),
            kind: act.split(' ').next().unwrap_or_default().to_owned(),
            at_s: 0,
            until_s: 10,
            recovery_s: [verify_s, Some(0), Some(0), Some(0)],
            failed: [failed, 0, 0, 0],
        }
    }

    fn held(kind: &Kind) -> Vec<bool> {
        kind.objectives(Duration::from_secs(1)).iter().map(|judged| judged.held).collect()
    }

    #[test]
    fn the_longest_recovery_of_a_kind_counts_and_all_of_its_failures() {
        let acts = [
            act("restart-node 1", Some(1), 2),
            act("kill-primary", Some(0), 0),
            act("restart-node 2", Some(0), 3),
        ];
        let [nodes, primary] = &kinds(&acts)[..] else { panic!("two kinds") };
        assert_eq!(nodes.name, "restart-node (2 times)");
        assert_eq!((nodes.recovery_s[0], nodes.failed[0]), (Some(1), 5));
        assert_eq!(nodes.cells().next().unwrap(), "1 s (5)");
        assert_eq!(held(nodes), [true; 4]);
        assert_eq!((primary.name.as_str(), held(primary)), ("kill-primary", vec![true; 5]));
    }

    #[test]
    fn what_takes_too_long_or_is_not_seen_is_missed() {
        let slow = kinds(&[act("kill-node 1", Some(0), 1), act("kill-node 2", Some(2), 1)]);
        assert_eq!(held(&slow[0]), [false, true, true, true]);
        let unseen = kinds(&[act("kill-node 1", Some(0), 1), act("kill-node 2", None, 1)]);
        assert_eq!(held(&unseen[0]), [false, true, true, true]);
        // A token that the nodes know is accepted all through a fail-over.
        let primary = kinds(&[act("kill-primary", Some(1), 1)]);
        assert_eq!(held(&primary[0]), [true, true, true, true, false]);
    }
}
