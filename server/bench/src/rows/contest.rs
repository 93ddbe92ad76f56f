//! Servers that take turns under the same load: whatever else the machine does disturbs each of
//! them alike, and ratios are taken round by round.

use std::time::{Duration, Instant};

use anyhow::ensure;
use hdrhistogram::Histogram;

use crate::bench::Bench;
use crate::clients::Repeat;
use crate::closed_loop::{self, Measured, Plan};
use crate::cores;
use crate::server::Server;
use crate::statistics::{self, Spread};

/// A server and what it is asked.
#[derive(Debug)]
pub struct Contender {
    /// On the server's core, or on all.
    pub server: Server,
    /// The clients take turns with them.
    pub requests: Vec<Vec<u8>>,
    /// As many connections.
    pub clients: usize,
    /// It takes part in every so many rounds.
    pub every: usize,
    /// What was measured in each round that it took part in.
    pub rounds: Vec<Round>,
}

/// What one round measured.
#[derive(Debug)]
pub struct Round {
    /// Its number, from 0.
    number: usize,
    /// Answers per second.
    pub per_second: f64,
    /// How much of its core, or cores, the server took.
    pub server_busy: f64,
    /// How much of its core the load took.
    pub load_busy: f64,
    /// In microseconds.
    pub latency_us: Histogram<u64>,
}

/// Above this the load may be what is measured.
const LOAD_IS_BUSY: f64 = 0.95;
/// Below this a server on one core has not been what was measured.
const SERVER_IS_BUSY: f64 = 0.9;

impl Contender {
    /// One that takes part in every round.
    pub fn new(server: Server, requests: Vec<Vec<u8>>, clients: usize) -> Self {
        Self { server, requests, clients, every: 1, rounds: Vec::new() }
    }

    /// What was measured, round by round.
    pub fn spread(&self, figure: impl Fn(&Round) -> f64) -> Spread {
        Spread::of(self.rounds.iter().map(figure))
    }

    /// Its rate over another one's in those rounds in which both took part.
    pub fn ratio(&self, other: &Self, figure: impl Fn(&Round) -> f64) -> Spread {
        let both = self.rounds.iter().filter_map(|round| {
            let other = other.rounds.iter().find(|other| other.number == round.number)?;
            Some((figure(round), figure(other)))
        });
        let (figures, references): (Vec<_>, Vec<_>) = both.unzip();
        statistics::paired(&figures, &references)
    }

    /// Whose core was the bottleneck.
    pub fn busy(&self) -> String {
        let percent = |figure: fn(&Round) -> f64| 100.0 * self.spread(figure).median;
        let (server, load) = (percent(|round| round.server_busy), percent(|round| round.load_busy));
        format!("server's core {server:.0} % busy, load's {load:.0} %")
    }

    /// That the server was the bottleneck, and not the load.
    ///
    /// # Errors
    ///
    /// If the load was.
    pub fn check(&self, name: &str) -> anyhow::Result<()> {
        let is_load = self.spread(|round| round.load_busy).median > LOAD_IS_BUSY
            && self.spread(|round| round.server_busy).median < SERVER_IS_BUSY;
        ensure!(!is_load, "{name}: the load was the bottleneck, {}", self.busy());
        Ok(())
    }

    fn round(&mut self, bench: &Bench, number: usize, plan: Plan) -> anyhow::Result<()> {
        let mut clients = Repeat::clients(&self.requests, self.clients);
        let (cpu, began) = (self.server.cpu_time()?, Instant::now());
        let address = self.server.address;
        let load = || closed_loop::run(address, &mut clients, plan);
        let measured = cores::on(Some(bench.cores.load), load);
        let measured = measured.map_err(|error| self.server.blame(error))?;
        let wall = began.elapsed();
        let server_busy = (self.server.cpu_time()? - cpu).as_secs_f64() / wall.as_secs_f64();
        self.rounds.push(Round::of(number, measured, server_busy));
        Ok(())
    }
}

impl Round {
    fn of(number: usize, measured: Measured, server_busy: f64) -> Self {
        Self {
            number,
            per_second: measured.per_second(),
            server_busy,
            load_busy: measured.generator_busy,
            latency_us: measured.latency_us,
        }
    }
}

/// Lets them take turns, each time beginning with another one.
///
/// # Errors
///
/// If a server does not answer as it should; the error names it.
pub fn hold(
    bench: &Bench,
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
    Ok(())
}
