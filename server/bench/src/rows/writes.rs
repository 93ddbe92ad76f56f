//! `POST /api/refresh` and `POST /api/register`. Each answer confirms a write that survives a power
//! failure.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::bench::Bench;
use crate::clients::{Refresher, Registrar};
use crate::closed_loop::{self, Client, LoadResult, Plan};
use crate::cores;
use crate::disk::{self, Syncs};
use crate::hallpass::{self, CHEAP_HASHES};
use crate::published::{REFRESHES, REFRESHES_OF_A_CORE};
use crate::row::{Findings, Row, Target, Unit};
use crate::server::Server;
use crate::statistics::{self, Spread};
use crate::users;

/// How many clients write at once.
const CLIENTS: usize = 256;

/// The results of one kind of write, round by round.
struct Writes {
    per_second: Vec<f64>,
    /// The rate for each core that the server used.
    of_core: Vec<f64>,
    p99_ms: Vec<f64>,
    latency_us: Histogram<u64>,
    load_busy: Vec<f64>,
}

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let dir = bench.directory("hallpass-writes")?;
    let mut server = hallpass::start(bench, "hallpass-writes", &dir, None, CHEAP_HASHES)?;
    let names = users::names(CLIENTS);
    hallpass::register(server.address, &names)?;

    let (rounds, time) = bench.pick((5, 4), (2, 3));
    let plan = Plan { warm_up: Duration::from_millis(500), time: Duration::from_secs(time) };
    let (mut syncs, mut rotations, mut registrations) =
        (Vec::new(), Writes::new()?, Writes::new()?);
    for round in 1..=rounds {
        bench.step(&format!("round {round} of {rounds}"));
        syncs.push(disk::measure(bench.work(), Duration::from_secs(1))?);
        let mut refreshers = refreshers(server.address, &names)?;
        rotations.add(bench, &mut server, &mut refreshers, plan)?;
        let registrars = (0..CLIENTS).map(|n| Registrar::new(format!("new-{round}-{n}")));
        registrations.add(bench, &mut server, &mut registrars.collect::<Vec<_>>(), plan)?;
    }
    let [rate, p99] = rotations.rows("durable refresh rotations", "a rotation's p99", &syncs);
    findings.rows.push(rate.must(Target::AtLeast(5000.0)));
    findings.rows.push(p99.must(Target::AtMost(50.0)));
    findings.rows.push(rotations.of_core().published(&REFRESHES));
    // This row has no target: a hash with more than these 1,000 iterations takes far longer than
    // all the rest.
    let what = ("durable registrations, cheap hashes", "a registration's p99");
    findings.rows.extend(registrations.rows(what.0, what.1, &syncs));
    Ok(())
}

/// The clients are made anew for each round. The end of a round interrupts refreshes, and nobody
/// has the tokens that they returned.
fn refreshers(address: SocketAddr, names: &[String]) -> anyhow::Result<Vec<Refresher>> {
    let users = hallpass::sign_in(address, names)?;
    Ok(users.into_iter().map(|user| Refresher::new(user.cookie)).collect())
}

impl Writes {
    fn new() -> anyhow::Result<Self> {
        let latency_us = Histogram::new(3)?;
        let (per_second, of_core, p99_ms, load_busy) = Default::default();
        Ok(Self { per_second, of_core, p99_ms, latency_us, load_busy })
    }

    fn add<C: Client>(
        &mut self,
        bench: &Bench,
        server: &mut Server,
        clients: &mut [C],
        plan: Plan,
    ) -> anyhow::Result<()> {
        let address = server.address;
        let (began, cpu) = (Instant::now(), server.cpu_time()?);
        let write = || closed_loop::run(address, clients, plan);
        let measured: LoadResult =
            cores::on(Some(bench.cores.load), write).map_err(|error| server.blame(error))?;
        let cores = (server.cpu_time()? - cpu).as_secs_f64() / began.elapsed().as_secs_f64();
        self.per_second.push(measured.per_second());
        self.of_core.push(measured.per_second() / cores);
        self.p99_ms.push(ms(&measured.latency_us, 0.99));
        self.load_busy.push(measured.generator_busy);
        self.latency_us.add(measured.latency_us)?;
        Ok(())
    }

    fn rows(&self, rate: &'static str, p99: &'static str, syncs: &[Syncs]) -> [Row; 2] {
        let of = |figures: &[f64]| Spread::of(figures.iter().copied());
        let syncs_per_second: Vec<f64> = syncs.iter().map(|syncs| syncs.per_second).collect();
        let ratio = statistics::paired(&self.per_second, &syncs_per_second);
        let busy = format!("load's core {:.0} % busy", 100.0 * of(&self.load_busy).median);
        let rate = Row::new(rate, of(&self.per_second), Unit::PerSecond);
        let rate =
            rate.beside_foreign("the disk's syncs, one by one", of(&syncs_per_second), ratio);
        let sync_ms: Vec<f64> = syncs.iter().map(|syncs| syncs.p99_us as f64 / 1000.0).collect();
        let ratio = statistics::paired(&self.p99_ms, &sync_ms);
        let p99 = Row::new(p99, of(&self.p99_ms), Unit::Milliseconds);
        let p99 = p99.beside_by("the disk's sync p99", of(&sync_ms), ratio);
        let p50 = format!("p50 {:.1} ms", ms(&self.latency_us, 0.5));
        [rate.note(busy), p99.note(p50)]
    }

    /// The rate for each core that the server used. It may use all of them.
    fn of_core(&self) -> Row {
        Row::new(REFRESHES_OF_A_CORE, Spread::of(self.of_core.iter().copied()), Unit::PerSecond)
    }
}

fn ms(latency_us: &Histogram<u64>, quantile: f64) -> f64 {
    latency_us.value_at_quantile(quantile) as f64 / 1000.0
}
