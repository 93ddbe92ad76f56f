//! What the JSON report has beside its head.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::Args;
use super::measure::{ComparedBy, Comparison};
use crate::experiment::duel::Pair;
use crate::stats::Interval;

/// The part of the JSON report that is this experiment's own.
#[derive(Debug, Serialize)]
pub(crate) struct CompareJson {
    a: Named,
    b: Named,
    connections: usize,
    requests: BTreeMap<&'static str, SubjectRatios>,
    failures: Vec<String>,
    interrupted: bool,
}

#[derive(Debug, Serialize)]
struct Named {
    host: String,
    target: String,
}

#[derive(Debug, Default, Serialize)]
struct SubjectRatios {
    /// On one connection, in microseconds.
    service_us: Option<Both>,
    /// On several at once.
    per_second: Option<Both>,
}

/// A figure of both servers.
#[derive(Debug, Serialize)]
struct Both {
    a: f64,
    b: f64,
    /// How many times as fast A is.
    ratio: Option<Interval>,
    /// Of each block, in their order.
    blocks: Vec<[f64; 2]>,
}

pub(super) fn body(
    args: &Args,
    [a, b]: [String; 2],
    measured: &[Comparison],
    failures: Vec<String>,
    interrupted: bool,
) -> CompareJson {
    let mut requests: BTreeMap<&'static str, SubjectRatios> = BTreeMap::new();
    for one in measured {
        let figures = |pair: &Pair| [one.measure.of(&pair.a), one.measure.of(&pair.b)];
        let both = Both {
            a: one.middle(|pair| &pair.a),
            b: one.middle(|pair| &pair.b),
            ratio: one.ratio(),
            blocks: one.pairs.iter().map(figures).collect(),
        };
        let compared = requests.entry(one.subject.key()).or_default();
        match one.measure {
            ComparedBy::Time => compared.service_us = Some(both),
            ComparedBy::Rate => compared.per_second = Some(both),
        }
    }
    let named = |host, target: &String| Named { host, target: target.clone() };
    CompareJson {
        a: named(a, &args.target.target),
        b: named(b, &args.to.target),
        connections: args.connections.get(),
        requests,
        failures,
        interrupted,
    }
}
