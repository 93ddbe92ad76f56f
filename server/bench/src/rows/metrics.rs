//! What the metrics cost on the hot path. Requests are always counted, so counting is timed inside
//! Hallpass and compared with a whole request. Besides, a server that is scraped every second takes
//! turns with one that nobody can scrape.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;

use super::contest::{self, Contender};
use super::verify;
use crate::bench::Bench;
use crate::row::{Findings, Row, Target, Unit};
use crate::statistics::Spread;
use crate::{cores, hallpass};

/// How often this scrapes; Prometheus does so less often.
const PERIOD: Duration = Duration::from_secs(1);

const SCRAPE: &[u8] = b"GET /metrics HTTP/1.1\r\nhost: bench\r\n\r\n";

/// The report of `hallpass-probe count`.
#[derive(Debug, Deserialize)]
struct Count {
    count_ns: f64,
}

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let metrics = free_address()?;
    let args = &["--metrics-listen", &metrics.to_string()];
    let mut asked = verify::hallpass(bench, "hallpass-metrics", args)?;
    let mut alone = verify::hallpass(bench, "hallpass-no-metrics", &[])?;
    let (rounds, time) = bench.pick((15, 1000), (5, 600));
    let time = Duration::from_millis(time);
    scraping(bench, metrics, || {
        contest::hold(bench, findings, &mut [&mut asked, &mut alone], rounds, time)
    })?;

    let per_second = |contender: &Contender| contender.spread(|round| round.per_second);
    let ratio = asked.ratio(&alone, |round| round.per_second);
    let row = Row::new("GET /api/verify, metrics asked for", per_second(&asked), Unit::PerSecond);
    let row = row.beside_by("no metrics listener", per_second(&alone), ratio);
    findings.rows.push(row.must(Target::RatioAtLeast(0.98)).note(asked.busy()));

    let mut counts_us = Vec::new();
    for _ in 0..bench.pick(5, 2) {
        counts_us.push(count(bench)?.count_ns / 1000.0);
    }
    let request_us = per_second(&alone).map(|per_second| 1e6 / per_second);
    let row = Row::new("counting a request", Spread::of(counts_us), Unit::Microseconds);
    let row = row.beside("a whole one", request_us).must(Target::RatioAtMost(0.02));
    findings.rows.push(row.note("two clock readings included"));
    alone.check("Hallpass")
}

/// An address that is free now. If another program takes it before Hallpass does, Hallpass reports
/// that.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port")?;
    listener.local_addr().context("a port has no number")
}

/// Does `work` while another thread scrapes the metrics, from the load's core.
fn scraping(
    bench: &Bench,
    metrics: SocketAddr,
    work: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (stop, stopped) = mpsc::channel::<()>();
    let ask = move || -> anyhow::Result<()> {
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(PERIOD) {
            hallpass::each(metrics, &[SCRAPE.to_vec()], |answer| answer.expect(200))?;
        }
        Ok(())
    };
    let scraper = cores::on(Some(bench.cores.load), || Ok(thread::spawn(ask)))?;
    let worked = work();
    drop(stop);
    let asked = scraper.join().map_err(|_| anyhow::anyhow!("the scraper panicked"))?;
    worked.and(asked.context("asking for the metrics"))
}

fn count(bench: &Bench) -> anyhow::Result<Count> {
    let mut command = bench.program("hallpass-probe")?;
    let core = Some(bench.cores.server);
    command.arg("count");
    let output = bench.output("hallpass-probe", command, core)?;
    serde_json::from_str(&output).context("hallpass-probe reports something else")
}
