//! Logins while a backup is made, beside logins while none is.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::scale::{self, Data};
use crate::bench::Bench;
use crate::clients::Repeat;
use crate::closed_loop::{self, Plan};
use crate::cores;
use crate::hallpass;
use crate::row::{Findings, Row, Target, Unit};
use crate::server::Server;
use crate::statistics::{self, Spread};

/// How many clients sign in.
const CLIENTS: usize = 4;

/// How many users are in the database.
const USERS: usize = 100_000;

/// The logins of all rounds, without or beside backups.
#[derive(Default)]
struct Logins {
    count: u64,
    p99_ms: Vec<f64>,
}

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let data = Data::import(bench, "hallpass-backup", USERS, &scale::hash(bench)?)?;
    let core = Some(bench.cores.server);
    // With hashes as costly as by default.
    let server = hallpass::start(bench, "hallpass-backup", &data.dir, core, &[])?;
    let names: Vec<_> = (0..CLIENTS).map(|n| format!("backup-{n}")).collect();
    hallpass::register(server.address, &names)?;
    let (mut alone, mut beside, mut backups) = (Logins::default(), Logins::default(), Vec::new());
    let (rounds, seconds) = bench.pick((6, 8), (2, 4));
    for round in 1..=rounds {
        bench.step(&format!("round {round} of {rounds}"));
        alone.add(bench, &server, &names, seconds)?;
        backups.extend(while_backing_up(bench, &data, || {
            beside.add(bench, &server, &names, seconds)
        })?);
    }
    let p99 = |logins: &Logins| Spread::of(logins.p99_ms.iter().copied());
    let ratio = statistics::paired(&beside.p99_ms, &alone.p99_ms);
    let name = "a login's p99, backups one after the other";
    let row = Row::new(name, p99(&beside), Unit::Milliseconds);
    let row = row.beside_by("without a backup", p99(&alone), ratio);
    let row = row.must(Target::RatioAtMost(2.0));
    findings.rows.push(row.note(format!("{} and {} logins", alone.count, beside.count)));
    let name = "a backup of 100,000 users beside logins";
    findings.rows.push(Row::new(name, Spread::of(backups), Unit::Seconds));
    Ok(())
}

/// Makes backups for as long as `work` takes. Returns how many seconds each took.
fn while_backing_up(
    bench: &Bench,
    data: &Data,
    work: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Vec<f64>> {
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let backups = scope.spawn(|| {
            let mut took = Vec::new();
            while !ends.load(Ordering::Relaxed) {
                took.push(backup(bench, data)?);
            }
            anyhow::Ok(took)
        });
        let worked = work();
        ends.store(true, Ordering::Relaxed);
        let took = backups.join().expect("it does not panic")?;
        worked.map(|()| took)
    })
}

fn backup(bench: &Bench, data: &Data) -> anyhow::Result<f64> {
    let file = bench.work().join("backup");
    let mut command = bench.program("hallpass")?;
    command.args(["store", "backup", "--plain"]).arg(&file).arg("--data-dir").arg(&data.dir);
    let began = Instant::now();
    bench.output("hallpass-store-backup", command, Some(bench.cores.load))?;
    let took = began.elapsed().as_secs_f64();
    fs::remove_file(&file).context("the backup is not there")?;
    Ok(took)
}

impl Logins {
    fn add(
        &mut self,
        bench: &Bench,
        server: &Server,
        names: &[String],
        seconds: u64,
    ) -> anyhow::Result<()> {
        let requests: Vec<_> = names.iter().map(|name| hallpass::login(name)).collect();
        let mut clients = Repeat::clients(&requests, CLIENTS);
        let plan = Plan { warm_up: Duration::from_secs(1), time: Duration::from_secs(seconds) };
        let load = || closed_loop::run(server.address, &mut clients, plan);
        let measured = cores::on(Some(bench.cores.load), load)?;
        self.p99_ms.push(measured.latency_us.value_at_quantile(0.99) as f64 / 1000.0);
        self.count += measured.requests;
        Ok(())
    }
}
