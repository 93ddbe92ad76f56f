//! Measures whether a flood of logins slows down verifications, with `scripts/load isolate`.
//! Verifications arrive at a fixed rate: alone, beside as many logins as the server can do, and
//! beside half as many more. Server and load share all cores, as on a machine of that size.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use crate::bench::Bench;
use crate::hallpass;
use crate::row::{Findings, Row, Target, Unit};
use crate::server::Server;
use crate::statistics::{self, Spread};

/// How often a round is tried. On a shared machine, the generator falls behind now and then.
const TRIES: u32 = 3;

/// Verifications per second.
const VERIFY_RATE: f64 = 2000.0;

/// The rate of logins, in percent of what the server can do.
const STEPS: [f64; 3] = [0.0, 100.0, 150.0];

/// The part of the report of `isolate` that is needed here.
#[derive(Debug, Deserialize)]
struct Report {
    verdict: String,
    reason: String,
    verify_rate_per_s: f64,
    /// The logins per second that the server can do. None if they could not be found.
    capacity_per_s: Option<f64>,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    login_percent: f64,
    login_goodput_per_s: f64,
    requests: BTreeMap<String, Requests>,
}

#[derive(Debug, Deserialize)]
struct Requests {
    latency_us: Latency,
}

#[derive(Debug, Deserialize)]
struct Latency {
    /// None if no request was timed.
    p99: Option<f64>,
}

#[derive(Default)]
struct Rounds {
    alone_ms: Vec<f64>,
    overload_ms: Vec<f64>,
    full: Vec<f64>,
    overload: Vec<f64>,
}

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let mut help = bench.program("hallpass-loadtest")?;
    help.args(["isolate", "--help"]);
    let help = bench.output("loadtest-help", help, None);
    help.context("this hallpass-loadtest does not know isolate")?;
    let dir = bench.directory("hallpass-isolation")?;
    let mut server = hallpass::start(bench, "hallpass-isolation", &dir, None, &[])?;
    let count = bench.pick(3, 1);
    let mut rounds = Rounds::default();
    // The first round measures the capacity, and the others use it.
    let mut capacity = None;
    for round in 1..=count {
        bench.step(&format!("round {round} of {count}"));
        let mut tries = 1..TRIES;
        let mut known = capacity;
        let report = loop {
            let outcome = isolate(bench, &server, known);
            let nothing = outcome.as_ref().err().and_then(|error| error.downcast_ref());
            match (nothing, tries.next()) {
                (Some(SaysNothing { reason, capacity }), Some(_)) => {
                    bench.step(&format!("{reason}: once more"));
                    // The known capacity may have been wrong.
                    known = capacity.filter(|_| known.is_none());
                }
                _ => break outcome.map_err(|error| server.blame(error))?,
            }
        };
        capacity = capacity.or(report.capacity_per_s);
        rounds.add(&report)?;
    }
    findings.rows.extend(rounds.rows());
    Ok(())
}

impl Rounds {
    fn add(&mut self, report: &Report) -> anyhow::Result<()> {
        let [alone, full, overload] = STEPS.map(|percent| report.step(percent));
        let (alone, full, overload) = (alone?, full?, overload?);
        // A round counts only as a whole.
        let (alone_ms, overload_ms) = (alone.verify_p99_ms()?, overload.verify_p99_ms()?);
        self.alone_ms.push(alone_ms);
        self.overload_ms.push(overload_ms);
        self.full.push(full.login_goodput_per_s);
        self.overload.push(overload.login_goodput_per_s);
        Ok(())
    }

    fn rows(&self) -> [Row; 2] {
        let of = |figures: &[f64]| Spread::of(figures.iter().copied());
        let p99 =
            Row::new("verify's p99, logins at 150 %", of(&self.overload_ms), Unit::Milliseconds);
        let ratio = statistics::paired(&self.overload_ms, &self.alone_ms);
        let p99 = p99.beside_by("without logins", of(&self.alone_ms), ratio);
        let goodput =
            Row::new("logins done, offered at 150 %", of(&self.overload), Unit::PerSecond);
        let ratio = statistics::paired(&self.overload, &self.full);
        let goodput = goodput.beside_by("offered at 100 %", of(&self.full), ratio);
        [p99.must(Target::RatioAtMost(2.0)), goodput.must(Target::RatioAtLeast(0.9))]
    }
}

/// A run is invalid, and the server is not to blame.
#[derive(Debug)]
struct SaysNothing {
    reason: String,
    /// The server's capacity, if the run found it.
    capacity: Option<f64>,
}

impl fmt::Display for SaysNothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for SaysNothing {}

/// Runs the experiment and waits for its end. A verdict of FAIL is no error here.
fn isolate(bench: &Bench, server: &Server, capacity: Option<f64>) -> anyhow::Result<Report> {
    let file = |name| bench.work().join(name);
    let json = file("isolate.json");
    // Removes an earlier report, which could be mistaken for this one.
    let _ = fs::remove_file(&json);
    let mut command = bench.program("hallpass-loadtest")?;
    let steps = STEPS.map(|percent| percent.to_string()).join(",");
    command.args(["isolate", "--steps", &steps, "--verify-rate", &VERIFY_RATE.to_string()]);
    command.arg("--host");
    command.arg(format!("http://{}", server.address));
    command.arg("--json").arg(&json).arg("--html").arg(file("isolate.html"));
    if let Some(per_s) = capacity {
        command.args(["--capacity", &per_s.to_string()]);
    }
    let finished = bench.finish("hallpass-loadtest", command, None)?;
    let Ok(report) = fs::read(&json) else {
        bail!("hallpass-loadtest failed ({}){}", finished.status, finished.last_words)
    };
    let report: Report = serde_json::from_slice(&report).context("another report than expected")?;
    let (capacity, rate) = (report.capacity_per_s, report.verify_rate_per_s);
    ensure!(report.verdict != "invalid", SaysNothing { reason: report.reason, capacity });
    if rate < VERIFY_RATE {
        let reason = format!("not even {VERIFY_RATE} verifications/s alone, but {rate}");
        bail!(SaysNothing { reason, capacity: None });
    }
    Ok(report)
}

impl Report {
    fn step(&self, percent: f64) -> anyhow::Result<&Step> {
        let mut steps = self.steps.iter();
        let step = steps.find(|step| (step.login_percent - percent).abs() < 0.5);
        step.with_context(|| format!("no step at {percent}% in the report: {}", self.reason))
    }
}

impl Step {
    fn verify_p99_ms(&self) -> anyhow::Result<f64> {
        let requests = self.requests.get("verify").context("no verify in the report")?;
        let p99_us = requests.latency_us.p99.context("no verification was answered")?;
        Ok(p99_us / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> serde_json::Value {
        let step = |percent: f64, p99: f64, goodput: f64| {
            serde_json::json!({
                "login_percent": percent,
                "login_goodput_per_s": goodput,
                "requests": {"verify": {"latency_us": {"p99": p99}}},
            })
        };
        let steps = [step(0.0, 300.0, 0.0), step(100.0, 400.0, 50.0), step(150.0, 450.0, 48.0)];
        serde_json::json!({
            "verdict": "pass", "reason": "all held", "verify_rate_per_s": 2000.0,
            "capacity_per_s": 52.0, "steps": steps,
        })
    }

    #[test]
    fn a_round_compares_the_last_step_with_the_first_and_with_a_full_server() {
        let mut rounds = Rounds::default();
        rounds.add(&serde_json::from_value(report()).unwrap()).unwrap();
        let [p99, goodput] = rounds.rows().map(|row| row.reference.unwrap().ratio.median);
        assert!((p99 - 1.5).abs() < 1e-9 && (goodput - 0.96).abs() < 1e-9, "{p99} {goodput}");
    }

    #[test]
    fn a_round_without_one_of_the_steps_is_none() {
        let mut report = report();
        report["steps"].as_array_mut().unwrap().pop();
        let mut rounds = Rounds::default();
        let refused = rounds.add(&serde_json::from_value(report).unwrap());
        assert!(refused.unwrap_err().to_string().contains("150%"));
        assert!(rounds.alone_ms.is_empty());
    }
}
