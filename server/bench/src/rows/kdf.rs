//! PBKDF2-HMAC-SHA256 on one core: Hallpass's own code, the `pbkdf2` crate, and OpenSSL, which
//! Flask and Django use.

use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use crate::bench::Bench;
use crate::row::{Findings, Row, Target, Unit};
use crate::statistics::{self, Spread};

/// The report of the kdf crate's example `throughput`.
#[derive(Debug, Deserialize)]
struct Throughput {
    iterations: u32,
    backend: String,
    pbkdf2_crate_ms: f64,
    by_lanes: Vec<Lanes>,
}

/// What a hash costs with so many lanes.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Lanes {
    lanes: usize,
    ms: f64,
}

impl Throughput {
    fn ms(&self, lanes: usize) -> Option<f64> {
        self.by_lanes.iter().find(|row| row.lanes == lanes).map(|row| row.ms)
    }

    /// The number of lanes with which a hash costs least, as the server chooses it.
    fn best(&self) -> Option<usize> {
        let best = self.by_lanes.iter().min_by(|one, other| one.ms.total_cmp(&other.ms));
        best.map(|row| row.lanes)
    }
}

/// Prints the median time of three hashes, in milliseconds.
const OPENSSL: &str = "
import hashlib, sys, time
times = []
for _ in range(3):
    start = time.perf_counter()
    hashlib.pbkdf2_hmac('sha256', b'correct horse battery staple', bytes(16), int(sys.argv[1]))
    times.append(time.perf_counter() - start)
print(sorted(times)[1] * 1000)
";

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let (throughputs, openssl_ms) = measure(bench, findings)?;
    let first = throughputs.first().context("no round")?;
    let best = first.best().context("no number of lanes")?;
    let note = format!("backend {}, {best} lanes", first.backend);
    let ms = |lanes| throughputs.iter().map(|round| round.ms(lanes)).collect::<Option<Vec<_>>>();
    let one = ms(1).context("no row of one lane")?;
    let all = ms(best).context("another round has other lanes")?;
    let of_crate: Vec<f64> = throughputs.iter().map(|round| round.pbkdf2_crate_ms).collect();

    let mut beside = |name, ours: &[f64], reference, theirs: &[f64], bound| {
        // Converts to hashes per second, so that more is better as in the other rows.
        let rate = |ms: &[f64]| Spread::of(ms.iter().copied()).map(|ms| 1000.0 / ms);
        let row = Row::new(name, rate(ours), Unit::PerSecond);
        let row = row.beside_foreign(reference, rate(theirs), statistics::paired(theirs, ours));
        findings.rows.push(row.must(Target::RatioAtLeast(bound)).note(note.clone()));
    };
    beside("password hashes, one alone", &one, "pbkdf2 crate", &of_crate, 1.3);
    if let Some(two) = ms(2) {
        beside("password hashes, two lanes", &two, "pbkdf2 crate", &of_crate, 2.2);
    }
    beside("password hashes, all lanes", &all, "pbkdf2 crate", &of_crate, 2.2);
    if openssl_ms.len() == all.len() {
        beside("password hashes, all lanes", &all, "OpenSSL", &openssl_ms, 6.0);
    }
    Ok(())
}

/// The reports of all rounds, and the milliseconds of OpenSSL in the same ones.
fn measure(bench: &Bench, findings: &mut Findings) -> anyhow::Result<(Vec<Throughput>, Vec<f64>)> {
    let rounds = bench.pick(3, 1);
    let (mut throughputs, mut openssl_ms) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        bench.step(&format!("round {round} of {rounds}"));
        let throughput = throughput(bench)?;
        match openssl(bench, throughput.iterations) {
            Ok(ms) => openssl_ms.push(ms),
            Err(error) if round == 1 => findings.problems.push(format!("OpenSSL: {error:#}")),
            Err(_) => {}
        }
        throughputs.push(throughput);
    }
    Ok((throughputs, openssl_ms))
}

fn throughput(bench: &Bench) -> anyhow::Result<Throughput> {
    let mut command = bench.program("examples/throughput")?;
    let core = Some(bench.cores.server);
    command.arg("--json");
    let output = bench.output("throughput", command, core)?;
    serde_json::from_str(&output).context("the kdf's example reports something else")
}

fn openssl(bench: &Bench, iterations: u32) -> anyhow::Result<f64> {
    let mut command = Command::new("python3");
    command.args(["-c", OPENSSL, &iterations.to_string()]);
    let output = bench.output("python3", command, Some(bench.cores.server))?;
    output.trim().parse().context("Python did not print a number")
}
