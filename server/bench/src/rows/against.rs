//! Compares this build with another `hallpass` program, such as the last release. Both take turns
//! under the same load.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use hallpass_contract::path;

use super::contest::{self, Contender};
use crate::bench::Bench;
use crate::clients::{Refresher, Registrar};
use crate::closed_loop::{self, Plan};
use crate::cores::{self, Core};
use crate::hallpass::{self, CHEAP_HASHES};
use crate::row::{Findings, Row, Target, Unit};
use crate::server::Server;
use crate::statistics::{self, Spread};
use crate::users;

/// The new build must not be slower: the ratio's upper quartile must reach this.
const NO_SLOWER: Target = Target::RatioReaches(0.97);

/// The name of the other program in the table.
const OTHER: &str = "the other program";

/// Measures verifications, logins, durable rotations and registrations of both.
///
/// # Errors
///
/// If one of them can't be started, or answers wrongly.
pub fn run(bench: &Bench, other: &Path, findings: &mut Findings) -> anyhow::Result<()> {
    let pairs = [("this", bench.binary("hallpass")?), ("other", other.to_owned())];
    let [this, other] = pairs;
    verify(bench, findings, [&this, &other])?;
    logins(bench, findings, [&this, &other])?;
    writes(bench, findings, [&this, &other], "durable refresh rotations", rotate)?;
    writes(bench, findings, [&this, &other], "durable registrations, cheap hashes", register)
}

/// The name of a program's servers, and its file.
type Program = (&'static str, std::path::PathBuf);

fn start(
    bench: &Bench,
    (name, binary): &Program,
    what: &str,
    core: Option<Core>,
    args: &[&str],
) -> anyhow::Result<Server> {
    let name = format!("{name}-{what}");
    let dir = bench.directory(&name)?;
    hallpass::start_program(bench, binary, &name, &dir, core, args)
}

fn verify(bench: &Bench, findings: &mut Findings, programs: [&Program; 2]) -> anyhow::Result<()> {
    const CLIENTS: usize = 64;
    let contender = |program| {
        let server = start(bench, program, "verify", Some(bench.cores.server), CHEAP_HASHES)?;
        let names = users::names(CLIENTS);
        hallpass::register(server.address, &names)?;
        let users = hallpass::sign_in(server.address, &names)?;
        anyhow::Ok(Contender::new(server, hallpass::gets(path::VERIFY, &users), CLIENTS))
    };
    let (rounds, time) = bench.pick((25, 1000), (5, 600));
    compare(bench, findings, "GET /api/verify", programs, contender, (rounds, time))
}

fn logins(bench: &Bench, findings: &mut Findings, programs: [&Program; 2]) -> anyhow::Result<()> {
    const CLIENTS: usize = 32;
    let contender = |program| {
        let server = start(bench, program, "logins", Some(bench.cores.server), &[])?;
        let names = users::names(CLIENTS);
        hallpass::register(server.address, &names)?;
        let logins = names.iter().map(|name| hallpass::login(name)).collect();
        anyhow::Ok(Contender::new(server, logins, CLIENTS))
    };
    let (rounds, time) = bench.pick((5, 6000), (2, 4000));
    compare(bench, findings, "POST /api/login", programs, contender, (rounds, time))
}

/// Lets both servers take turns, and adds the row.
fn compare<'p>(
    bench: &Bench,
    findings: &mut Findings,
    name: &'static str,
    [this, other]: [&'p Program; 2],
    contender: impl Fn(&'p Program) -> anyhow::Result<Contender>,
    (rounds, millis): (usize, u64),
) -> anyhow::Result<()> {
    bench.step(&format!("{name}, of both programs"));
    let (mut this, mut other) = (contender(this)?, contender(other)?);
    let time = Duration::from_millis(millis);
    contest::hold(bench, findings, &mut [&mut this, &mut other], rounds, time)?;
    let per_second = |contender: &Contender| contender.spread(|round| round.per_second);
    let ratio = this.ratio(&other, |round| round.per_second);
    let row = Row::new(name, per_second(&this), Unit::PerSecond);
    let row = row.beside_by(OTHER, per_second(&other), ratio).must(NO_SLOWER);
    findings.rows.push(row.note(format!("this one: {}", this.busy())));
    Ok(())
}

/// How many clients write at once.
const WRITERS: usize = 256;

/// Writes to a server for so long, and returns the rate.
type Write = fn(&Bench, SocketAddr, Plan) -> anyhow::Result<f64>;

/// The rate of writes by 256 clients. Each is durable. Both servers start anew for each round: one
/// that has luck with its memory or its file keeps it to its end, some percent of it.
fn writes(
    bench: &Bench,
    findings: &mut Findings,
    programs: [&Program; 2],
    name: &'static str,
    write: Write,
) -> anyhow::Result<()> {
    let mut rates = [Vec::new(), Vec::new()];
    let (rounds, seconds) = bench.pick((12, 3), (3, 2));
    let plan = Plan { warm_up: Duration::from_millis(500), time: Duration::from_secs(seconds) };
    for round in 0..rounds {
        bench.step(&format!("{name}, round {} of {rounds}", round + 1));
        for turn in 0..2 {
            let program = (round + turn) % 2;
            let what = format!("{}-{round}", name.replace([' ', ','], "-"));
            let mut server = start(bench, programs[program], &what, None, CHEAP_HASHES)?;
            let rate = write(bench, server.address, plan);
            rates[program].push(rate.map_err(|error| server.blame(error))?);
        }
    }
    let [this, other] = &rates;
    let of = |rates: &[f64]| Spread::of(rates.iter().copied());
    let row = Row::new(name, of(this), Unit::PerSecond);
    let row = row.beside_by(OTHER, of(other), statistics::paired(this, other));
    findings.rows.push(row.must(NO_SLOWER));
    Ok(())
}

fn rotate(bench: &Bench, address: SocketAddr, plan: Plan) -> anyhow::Result<f64> {
    let names = users::names(WRITERS);
    hallpass::register(address, &names)?;
    let users = hallpass::sign_in(address, &names)?;
    let mut clients: Vec<_> = users.into_iter().map(|user| Refresher::new(user.cookie)).collect();
    let run = || closed_loop::run(address, &mut clients, plan);
    Ok(cores::on(Some(bench.cores.load), run)?.per_second())
}

fn register(bench: &Bench, address: SocketAddr, plan: Plan) -> anyhow::Result<f64> {
    let mut clients: Vec<_> = (0..WRITERS).map(|n| Registrar::new(format!("new-{n}"))).collect();
    let run = || closed_loop::run(address, &mut clients, plan);
    Ok(cores::on(Some(bench.cores.load), run)?.per_second())
}
