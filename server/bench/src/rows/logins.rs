//! `POST /api/login` with the default cost, each server on one core.

use std::time::Duration;

use super::contest::{self, Contender};
use super::flask;
use crate::bench::Bench;
use crate::hallpass;
use crate::published::LOGINS;
use crate::row::{Findings, Row, Unit};
use crate::server::Server;
use crate::statistics::Spread;
use crate::users;

/// How many clients sign in at once: enough to fill all lanes of one core while as many wait.
const CLIENTS: usize = 64;

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let core = Some(bench.cores.server);
    bench.step("starting Hallpass, Flask");
    let dir = bench.directory("hallpass-logins")?;
    let server = hallpass::start(bench, "hallpass-logins", &dir, core, &[])?;
    let names = users::names(CLIENTS);
    hallpass::register(server.address, &names)?;
    let logins = names.iter().map(|name| hallpass::login(name)).collect();
    let mut hallpass = Contender::new(server, logins, CLIENTS);
    let mut flask = flask::start(bench, "flask-logins", core)
        .and_then(contender)
        .map_err(|error| findings.problems.push(format!("beside Flask: {error:#}")))
        .ok();
    let mut contenders = vec![&mut hallpass];
    contenders.extend(flask.as_mut());
    let (rounds, time) = bench.pick((3, 8000), (1, 5000));
    contest::hold(bench, findings, &mut contenders, rounds, Duration::from_millis(time))?;

    let figure = per_second(&hallpass);
    let row = Row::new("POST /api/login", figure, Unit::PerSecond).published(&LOGINS);
    findings.rows.push(match &flask {
        Some(flask) => {
            let ratio = hallpass.ratio(flask, |round| round.per_second);
            row.beside_foreign("Flask, the same hash", per_second(flask), ratio)
        }
        None => row,
    });
    Ok(())
}

fn contender(server: Server) -> anyhow::Result<Contender> {
    let logins = flask::logins(server.address)?;
    Ok(Contender::new(server, logins, CLIENTS))
}

fn per_second(contender: &Contender) -> Spread {
    contender.spread(|round| round.per_second)
}
