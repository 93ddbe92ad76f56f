//! What the JSON report has beside its head.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::Args;
use super::baseline::{Baseline, Recorded, ServerAt};
use super::decide::{Decision, Round};
use super::session::SubjectRounds;
use crate::closed::Block;
use crate::experiment::duel::Pair;
use crate::stats::{median, sorted};

/// The part of the JSON report that is this experiment's own.
#[derive(Debug, Serialize)]
pub(super) struct GateJson {
    baseline: ServerAt,
    /// As shares of 1.
    worse_than: f64,
    confidence: f64,
    requests: BTreeMap<&'static str, SubjectFigures>,
    interrupted: bool,
}

#[derive(Debug, Serialize)]
struct SubjectFigures {
    #[serde(flatten)]
    decision: Option<Decision>,
    baseline_us: BlockFigures,
    candidate_us: BlockFigures,
    /// When the baseline was recorded.
    recorded: Option<Recorded>,
    /// The medians of the blocks, in the order in which they were measured.
    rounds: Vec<Round>,
    took_s: f64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct BlockFigures {
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) per_second: f64,
}

/// A subject's measurements and what they decide, if they are enough for it.
pub(super) type One = (SubjectRounds, Option<Decision>);

/// The middle of a figure over all blocks.
pub(super) fn middle(measured: &SubjectRounds, side: fn(&Pair) -> &Block) -> BlockFigures {
    let of = |figure: fn(&Block) -> f64| {
        let blocks = measured.rounds.iter().flatten().map(|pair| figure(side(pair)));
        median(&sorted(blocks.collect()))
    };
    BlockFigures {
        p50: of(Block::p50),
        p90: of(Block::p90),
        per_second: of(|block| block.per_second),
    }
}

pub(super) fn body(args: &Args, baseline: &Baseline, compared: &[One]) -> GateJson {
    let one = |(measured, decision): &One| {
        let compared = SubjectFigures {
            decision: *decision,
            baseline_us: middle(measured, |pair| &pair.a),
            candidate_us: middle(measured, |pair| &pair.b),
            recorded: baseline.figures.get(measured.subject.key()).copied(),
            rounds: measured.medians(),
            took_s: measured.took.as_secs_f64(),
        };
        (measured.subject.key(), compared)
    };
    GateJson {
        baseline: baseline.server.clone(),
        worse_than: args.worse_than,
        confidence: args.confidence,
        requests: compared.iter().map(one).collect(),
        interrupted: compared.iter().any(|(measured, _)| measured.interrupted),
    }
}
