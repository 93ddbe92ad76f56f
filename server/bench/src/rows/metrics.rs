//! What the metrics cost on the hot path.

use std::time::Duration;

use anyhow::ensure;

use super::contest::{self, Contender};
use super::verify;
use crate::bench::Bench;
use crate::row::{Findings, Row, Target, Unit};

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let mut help = bench.program("hallpass")?;
    let help = bench.output("hallpass-help", help.args(["serve", "--help"]), None)?;
    ensure!(help.contains("--metrics-listen"), "this hallpass has no --metrics-listen");
    let args = &["--metrics-listen", "127.0.0.1:0"];
    let mut with = verify::hallpass(bench, "hallpass-metrics", args)?;
    let mut without = verify::hallpass(bench, "hallpass-no-metrics", &[])?;
    let (rounds, time) = bench.pick((15, 1000), (5, 600));
    contest::hold(bench, &mut [&mut with, &mut without], rounds, Duration::from_millis(time))?;

    let per_second = |contender: &Contender| contender.spread(|round| round.per_second);
    let ratio = with.ratio(&without, |round| round.per_second);
    let row = Row::new("GET /api/verify, metrics on", per_second(&with), Unit::PerSecond);
    let row = row.beside_by("metrics off", per_second(&without), ratio);
    findings.rows.push(row.must(Target::RatioAtLeast(0.98)).note(with.busy()));
    with.check("Hallpass")
}
