//! Whether a flood of logins hurts verifications: verifications arrive at a fixed rate from the
//! open-loop generator of `scripts/load`, alone, beside as many logins as the server can do, and
//! beside half as many again. Server and load share all cores, as on a machine of that size.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use crate::bench::Bench;
use crate::clients::Repeat;
use crate::closed_loop::{self, Plan};
use crate::hallpass;
use crate::process::Program;
use crate::row::{Findings, Row, Target, Unit};
use crate::server::Server;
use crate::statistics::{self, Spread};

/// Verifications per second.
const VERIFY_RATE: &str = "2000";

/// Logins under way at once, where they are as many as the server can do and no more.
const CLIENTS: usize = 8;

/// Logins that are offered, over those that the server can do.
const OVERLOAD: f64 = 1.5;

/// How often a round is tried: on a machine that others use too, the generator falls behind now and then.
const TRIES: u32 = 3;

/// So long does it take until as many logins wait as may.
const FILL: usize = 3;

/// The report of `scripts/load open`, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Open {
    verdict: String,
    requests: BTreeMap<String, Requests>,
    timeline: Vec<Second>,
}

#[derive(Debug, Deserialize)]
struct Requests {
    latency_us: Latency,
}

#[derive(Debug, Deserialize)]
struct Latency {
    /// None where there was nothing to time.
    p99: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Second {
    requests: BTreeMap<String, Ended>,
}

/// What ended in a second, whenever it began.
#[derive(Debug, Deserialize)]
struct Ended {
    outcomes: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Rounds {
    alone_ms: Vec<f64>,
    overload_ms: Vec<f64>,
    capacity: Vec<f64>,
    goodput: Vec<f64>,
}

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let mut help = bench.program("hallpass-loadtest")?;
    let help = bench.output("loadtest-help", help.args(["open", "--help"]), None);
    help.context("this hallpass-loadtest has no open loop")?;
    let dir = bench.directory("hallpass-isolation")?;
    let mut server = hallpass::start(bench, "hallpass-isolation", &dir, None, &[])?;
    let names = hallpass::names(CLIENTS);
    hallpass::register(server.address, &names)?;
    let logins: Vec<_> = names.iter().map(|name| hallpass::login(name)).collect();

    let (count, seconds) = bench.pick((3, 10), (1, 6));
    let mut rounds = Rounds::default();
    for round in 1..=count {
        bench.step(&format!("round {round} of {count}"));
        let mut tries = 1..TRIES;
        loop {
            match rounds.add(bench, &server, &logins, seconds) {
                Err(error) if error.is::<FellBehind>() && tries.next().is_some() => {
                    bench.step(&format!("{error}: once more"));
                }
                outcome => break outcome.map_err(|error| server.blame(error))?,
            }
        }
    }
    findings.rows.extend(rounds.rows());
    Ok(())
}

impl Rounds {
    fn add(
        &mut self,
        bench: &Bench,
        server: &Server,
        logins: &[Vec<u8>],
        seconds: u64,
    ) -> anyhow::Result<()> {
        let alone = Generator::start(bench, server, 0.0, seconds)?.report()?;

        let beside = Generator::start(bench, server, 0.0, seconds + 4)?;
        let mut clients = Repeat::clients(logins, CLIENTS);
        let (warm_up, time) = (Duration::from_secs(2), Duration::from_secs(seconds));
        let measured = closed_loop::run(server.address, &mut clients, Plan { warm_up, time })?;
        beside.report()?;
        let capacity = measured.per_second();

        let overload = Generator::start(bench, server, OVERLOAD * capacity, seconds)?.report()?;
        // A round counts as a whole.
        self.alone_ms.push(alone.p99_ms("verify")?);
        self.capacity.push(capacity);
        self.overload_ms.push(overload.p99_ms("verify")?);
        self.goodput.push(overload.logins_per_second(seconds as usize));
        Ok(())
    }

    fn rows(&self) -> [Row; 2] {
        let of = |figures: &[f64]| Spread::of(figures.iter().copied());
        let p99 =
            Row::new("verify's p99, logins at 150 %", of(&self.overload_ms), Unit::Milliseconds);
        let ratio = statistics::paired(&self.overload_ms, &self.alone_ms);
        let p99 = p99.beside_by("without logins", of(&self.alone_ms), ratio);
        let goodput = Row::new("logins done, offered at 150 %", of(&self.goodput), Unit::PerSecond);
        let ratio = statistics::paired(&self.goodput, &self.capacity);
        let goodput = goodput.beside_by("without overload", of(&self.capacity), ratio);
        [p99.must(Target::RatioAtMost(2.0)), goodput.must(Target::RatioAtLeast(0.9))]
    }
}

/// A run says nothing, through no fault of the server's.
#[derive(Debug)]
struct FellBehind;

impl fmt::Display for FellBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the load generator fell behind")
    }
}

impl std::error::Error for FellBehind {}

/// A running generator.
struct Generator {
    program: Program,
    report: PathBuf,
}

impl Generator {
    fn start(
        bench: &Bench,
        server: &Server,
        login_rate: f64,
        seconds: u64,
    ) -> anyhow::Result<Self> {
        let file = |name| bench.work().join(name);
        let report = file("open.json");
        // A report of before must not pass for this one's.
        let _ = fs::remove_file(&report);
        let mut command = bench.program("hallpass-loadtest")?;
        command.args(["open", "--verify-rate", VERIFY_RATE, "--accounts", "16"]);
        command.args(["--login-rate", &format!("{login_rate:.1}"), "--max-in-flight", "2000"]);
        command.args(["--time", &format!("{seconds}s"), "--host"]);
        command.arg(format!("http://{}", server.address));
        command.arg("--json").arg(&report).arg("--html").arg(file("open.html"));
        let program = Program::start("hallpass-loadtest", &mut command, None, bench.work())?;
        Ok(Self { program, report })
    }

    /// Waits for its end. That some logins were refused is no failure here.
    fn report(self) -> anyhow::Result<Open> {
        let finished = self.program.finish()?;
        let Ok(report) = fs::read(&self.report) else {
            bail!("hallpass-loadtest failed ({}): {}", finished.status, finished.last_words)
        };
        let report: Open =
            serde_json::from_slice(&report).context("another report than expected")?;
        ensure!(report.verdict != "invalid", FellBehind);
        Ok(report)
    }
}

impl Open {
    /// In milliseconds.
    fn p99_ms(&self, name: &str) -> anyhow::Result<f64> {
        let requests =
            self.requests.get(name).with_context(|| format!("no {name} in the report"))?;
        let p99_us = requests.latency_us.p99.with_context(|| format!("no {name} was answered"))?;
        Ok(p99_us / 1000.0)
    }

    /// Logins that were answered in a second, between the filling of the queue and the end of the
    /// arrivals.
    fn logins_per_second(&self, seconds: usize) -> f64 {
        let steady = self.timeline.iter().take(seconds).skip(FILL);
        let answered = steady.map(|second| {
            let login = second.requests.get("login");
            login.and_then(|login| login.outcomes.get("ok")).copied().unwrap_or(0)
        });
        answered.sum::<u64>() as f64 / (seconds - FILL) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_count_between_the_filling_of_the_queue_and_the_end() {
        let second =
            |ok| serde_json::json!({"requests": {"login": {"outcomes": {"ok": ok, "503": 9}}}});
        let timeline: Vec<_> = [1, 1, 1, 40, 60, 1000].map(second).into();
        let report = serde_json::json!({"verdict": "fail", "requests": {}, "timeline": timeline});
        let open: Open = serde_json::from_value(report).unwrap();
        assert!((open.logins_per_second(5) - 50.0).abs() < 1e-9);
    }
}
