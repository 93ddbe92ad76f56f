//! Lets servers take turns under the same load. So other work on the machine disturbs all of them
//! alike, and ratios are taken round by round.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use hdrhistogram::Histogram;
use rustls::ClientConfig;

use crate::bench::Bench;
use crate::clients::Repeat;
use crate::closed_loop::{self, Endpoint, Plan};
use crate::cores::{self, Cores};
use crate::row::Findings;
use crate::server::Server;
use crate::statistics::{self, Spread};

/// A server and the requests that it gets.
#[derive(Debug)]
pub(super) struct Contender {
    /// The server, on its own core or on all cores.
    pub(super) server: Server,
    /// The requests, which the clients send in turn.
    pub(super) requests: Vec<Vec<u8>>,
    /// The number of clients, each with a connection.
    pub(super) clients: usize,
    /// How its clients speak TLS. None without TLS.
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Whether each request has a connection of its own.
    pub(super) connects_anew: bool,
    /// It takes part in one of this many rounds.
    pub(super) every: usize,
    /// The rounds that it took part in.
    pub(super) rounds: Vec<Round>,
}

/// The figures of one round.
#[derive(Debug)]
pub(super) struct Round {
    /// Its number, from 0.
    number: usize,
    /// Answers per second.
    pub(super) per_second: f64,
    /// The share of answers whose connection resumed a TLS session.
    pub(super) resumed: f64,
    /// How much of its core, or of all cores, the server used.
    pub(super) server_busy: f64,
    /// How much of its core the load used.
    pub(super) load_busy: f64,
    /// How much of the server's core other programs and other machines used.
    pub(super) disturbed: f64,
    /// The latencies, in microseconds.
    pub(super) latency_us: Histogram<u64>,
}

/// Above this, the load may be the bottleneck.
const LOAD_IS_BUSY: f64 = 0.95;
/// Below this, a server on one core was not the bottleneck.
const SERVER_IS_BUSY: f64 = 0.9;

/// How long the server is watched to see whether it is idle.
const WAIT: Duration = Duration::from_millis(100);

/// The most times to wait: more than the server needs for 32 logins.
const MOST_WAITS: u32 = 300;

/// If the median is above this, other programs took more than a target allows for.
const DISTURBED: f64 = 0.03;

impl Contender {
    /// A server that takes part in every round.
    pub(super) fn new(server: Server, requests: Vec<Vec<u8>>, clients: usize) -> Self {
        let (tls, connects_anew, every, rounds) = (None, false, 1, Vec::new());
        Self { server, requests, clients, tls, connects_anew, every, rounds }
    }

    /// Where its clients connect, and how.
    pub(super) fn endpoint(&self) -> Endpoint {
        let (tls, connects_anew) = (self.tls.clone(), self.connects_anew);
        Endpoint { tls, connects_anew, ..self.server.address.into() }
    }

    /// A figure over all rounds.
    pub(super) fn spread(&self, figure: impl Fn(&Round) -> f64) -> Spread {
        Spread::of(self.rounds.iter().map(figure))
    }

    /// The ratio of a figure to that of `other`, over the rounds in which both took part.
    pub(super) fn ratio(&self, other: &Self, figure: impl Fn(&Round) -> f64) -> Spread {
        let both = self.rounds.iter().filter_map(|round| {
            let other = other.rounds.iter().find(|other| other.number == round.number)?;
            Some((figure(round), figure(other)))
        });
        let (figures, references): (Vec<_>, Vec<_>) = both.unzip();
        statistics::paired(&figures, &references)
    }

    /// How busy the server and the load were, and how much others disturbed.
    pub(super) fn busy(&self) -> String {
        let percent = |figure: fn(&Round) -> f64| 100.0 * self.spread(figure).median;
        let (server, load) = (percent(|round| round.server_busy), percent(|round| round.load_busy));
        let others = percent(|round| round.disturbed);
        format!(
            "its core {server:.0} % busy with it and {others:.0} % with others, the load's {load:.0} %"
        )
    }

    /// Checks that the server was the bottleneck, not the load.
    pub(super) fn check(&self, name: &str) -> anyhow::Result<()> {
        let is_load = self.spread(|round| round.load_busy).median > LOAD_IS_BUSY
            && self.spread(|round| round.server_busy).median < SERVER_IS_BUSY;
        ensure!(!is_load, "{name}: the load was the bottleneck, {}", self.busy());
        Ok(())
    }

    fn round(&mut self, bench: &Bench, number: usize, plan: Plan) -> anyhow::Result<()> {
        let mut clients = Repeat::clients(&self.requests, self.clients);
        let Cores { server: core, load } = bench.cores;
        let endpoint = self.endpoint();
        let (began, cpu, done) = (Instant::now(), self.server.cpu_time()?, cores::core_time(core)?);
        let run = || closed_loop::run(endpoint, &mut clients, plan);
        let measured = cores::on(Some(load), run).map_err(|error| self.server.blame(error))?;
        let wall = began.elapsed().as_secs_f64();
        let server = (self.server.cpu_time()? - cpu).as_secs_f64();
        let now = cores::core_time(core)?;
        let others = (now.work - done.work - server).max(0.0) + now.stolen - done.stolen;
        self.rounds.push(Round {
            number,
            per_second: measured.per_second(),
            resumed: measured.resumed as f64 / measured.requests as f64,
            server_busy: server / wall,
            load_busy: measured.generator_busy,
            disturbed: others / wall,
            latency_us: measured.latency_us,
        });
        self.settle()
    }

    /// Waits until the server has finished what its clients left behind. Not every server cancels
    /// work whose client is gone, and that would disturb the next server.
    fn settle(&self) -> anyhow::Result<()> {
        let mut before = self.server.cpu_time()?;
        for _ in 0..MOST_WAITS {
            thread::sleep(WAIT);
            let now = self.server.cpu_time()?;
            if now - before < WAIT / 10 {
                break;
            }
            before = now;
        }
        Ok(())
    }
}

/// Lets the servers take turns. Each round begins with another one. Adds a warning if they were
/// disturbed.
///
/// # Errors
///
/// If a server answers wrongly. The error names it.
pub(super) fn hold(
    bench: &Bench,
    findings: &mut Findings,
    contenders: &mut [&mut Contender],
    rounds: usize,
    time: Duration,
) -> anyhow::Result<()> {
    let plan = Plan { warm_up: Duration::from_millis(300), time };
    for round in 0..rounds {
        bench.step(&format!("round {} of {rounds}", round + 1));
        let count = contenders.len();
        for turn in 0..count {
            let contender = &mut contenders[(round + turn) % count];
            if round % contender.every == 0 {
                contender.round(bench, round, plan)?;
            }
        }
    }
    let all = contenders.iter().flat_map(|contender| &contender.rounds);
    let disturbed = all.map(|round| round.disturbed);
    let disturbed = Spread::of(disturbed).median;
    if disturbed > DISTURBED {
        let percent = 100.0 * disturbed;
        findings.warnings.push(format!("other programs took {percent:.0} % of the server's core"));
    }
    Ok(())
}
