//! `POST /api/refresh`: each answer is a write that survives the loss of power.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::bench::Bench;
use crate::clients::Refresher;
use crate::closed_loop::{self, Plan};
use crate::hallpass::{self, CHEAP_HASHES};
use crate::row::{Findings, Row, Target, Unit};
use crate::statistics::{self, Spread};
use crate::{cores, disk};

/// Sessions that are refreshed at once.
const CLIENTS: usize = 256;

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let dir = bench.directory("hallpass-writes")?;
    let mut server = hallpass::start(bench, "hallpass-writes", &dir, None, CHEAP_HASHES)?;
    let names = hallpass::names(CLIENTS);
    hallpass::register(server.address, &names)?;

    let (rounds, time) = bench.pick((5, 4), (2, 3));
    let plan = Plan { warm_up: Duration::from_millis(500), time: Duration::from_secs(time) };
    let (mut rotations, mut syncs, mut load) = (Vec::new(), Vec::new(), Vec::new());
    let mut latency_us = Histogram::new(3)?;
    for round in 1..=rounds {
        bench.step(&format!("round {round} of {rounds}"));
        syncs.push(disk::measure(bench.work(), Duration::from_secs(1))?);
        // Anew, since the end of a round cuts rotations off whose tokens nobody has received.
        let users = hallpass::sign_in(server.address, &names)?;
        let mut clients: Vec<_> =
            users.into_iter().map(|user| Refresher::new(user.cookie)).collect();
        let address = server.address;
        let rotate = || closed_loop::run(address, &mut clients, plan);
        let measured =
            cores::on(Some(bench.cores.load), rotate).map_err(|error| server.blame(error))?;
        rotations.push(measured.per_second());
        load.push(measured.generator_busy);
        latency_us.add(measured.latency_us)?;
    }

    let per_second: Vec<f64> = syncs.iter().map(|syncs| syncs.per_second).collect();
    let of = |figures: &[f64]| Spread::of(figures.iter().copied());
    let row = Row::new("durable refresh rotations", of(&rotations), Unit::PerSecond);
    let ratio = statistics::paired(&rotations, &per_second);
    let busy = format!("load's core {:.0} % busy", 100.0 * of(&load).median);
    let row = row.beside_by("the disk's syncs, one by one", of(&per_second), ratio);
    findings.rows.push(row.must(Target::AtLeast(5000.0)).note(busy));
    let ms = |us: u64| Spread::single(us as f64 / 1000.0);
    let p99 = ms(latency_us.value_at_quantile(0.99));
    let sync_p99 = Spread::of(syncs.iter().map(|syncs| syncs.p99_us as f64 / 1000.0));
    let row = Row::new("a rotation's p99", p99, Unit::Milliseconds);
    let row = row.beside("the disk's sync p99", sync_p99).must(Target::AtMost(50.0));
    let p50 = latency_us.value_at_quantile(0.5) as f64 / 1000.0;
    findings.rows.push(row.note(format!("p50 {p50:.1} ms")));
    Ok(())
}
