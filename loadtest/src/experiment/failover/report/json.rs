//! The part of the JSON report that `failover` alone has.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::experiment::failover::checker::Violation;
use crate::experiment::failover::cluster::Cluster;
use crate::experiment::failover::history::Event;
use crate::experiment::failover::recovery::ActResult;
use crate::experiment::failover::run::Measured;
use crate::experiment::failover::streams::STREAMS;
use crate::open::OpenJson;
use crate::slo::Judged;

/// More broken promises than this are only counted.
pub(super) const SHOWN: usize = 50;

/// What the JSON report has beside its head.
#[derive(Debug, Serialize)]
pub(crate) struct FailoverJson {
    nodes: Vec<String>,
    acts: Vec<ActJson>,
    history: HistoryJson,
    #[serde(flatten)]
    run: OpenJson,
}

#[derive(Debug, Serialize)]
struct ActJson {
    act: String,
    at_s: usize,
    until_s: usize,
    /// By request.
    recovery_s: BTreeMap<&'static str, Option<usize>>,
    failed: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
struct HistoryJson {
    events: usize,
    /// By action and answer.
    answers: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    unclear_sessions: u64,
    violation_count: usize,
    violations: Vec<Violation>,
}

impl FailoverJson {
    pub(super) fn new(cluster: &Cluster, measured: &Measured, judged: &[Judged]) -> Self {
        let of_streams = |values: [u64; STREAMS.len()]| {
            STREAMS.map(|action| action.call().key()).into_iter().zip(values).collect()
        };
        let act = |act: &ActResult| ActJson {
            act: act.act.clone(),
            at_s: act.at_s,
            until_s: act.until_s,
            recovery_s: STREAMS
                .into_iter()
                .map(|action| action.call().key())
                .zip(act.recovery_s)
                .collect(),
            failed: of_streams(act.failed),
        };
        Self {
            nodes: cluster.nodes.iter().map(ToString::to_string).collect(),
            acts: measured.acts.iter().map(act).collect(),
            history: HistoryJson {
                events: measured.events.len(),
                answers: counts(&measured.events),
                unclear_sessions: measured.unclear,
                violation_count: measured.violations.len(),
                violations: measured.violations.iter().take(SHOWN).copied().collect(),
            },
            run: OpenJson::new(&measured.result, judged, measured.planned),
        }
    }
}

/// How many requests had which answer.
pub(super) fn counts(events: &[Event]) -> BTreeMap<&'static str, BTreeMap<&'static str, usize>> {
    let mut counts: BTreeMap<_, BTreeMap<_, usize>> = BTreeMap::new();
    for event in events {
        let answers = counts.entry(event.action.call().key()).or_default();
        *answers.entry(event.answer.key()).or_default() += 1;
    }
    counts
}
