//! Several servers on one PostgreSQL, beside one server with its own database.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hallpass_contract::path;

use super::contest::{self, Contender};
use crate::bench::Bench;
use crate::clients::{Once, Refresher};
use crate::closed_loop::{self, LoadResult, Plan};
use crate::cores::{self, Core, Cores};
use crate::hallpass::{self, CHEAP_HASHES, SignedIn};
use crate::postgres::Postgres;
use crate::published::{REFRESHES, REFRESHES_OF_A_CORE};
use crate::row::{Findings, Row, Target, Unit};
use crate::server::Server;
use crate::statistics::Spread;
use crate::{users, wire};

/// How long a node that says nothing may go on. The default is longer than the load waits.
const LEASE: Duration = Duration::from_secs(10);

/// The clients that verify and refresh.
const CLIENTS: usize = 64;

/// Servers on one database. The first has the server's core, the others have the load's.
struct Nodes<'b> {
    bench: &'b Bench,
    database: &'b Postgres,
    master_key: PathBuf,
    nodes: Vec<Server>,
}

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    bench.step("starting PostgreSQL and three servers");
    let database = Postgres::start(bench).context("PostgreSQL")?;
    let mut nodes = Nodes::new(bench, &database)?;
    let Cores { server, load } = bench.cores;
    for core in [server, load, load] {
        nodes.add(core, CHEAP_HASHES)?;
    }
    verifications(bench, findings, &mut nodes)?;
    refreshes(bench, findings, &nodes)?;
    sign_outs(bench, findings, &mut nodes)?;
    polling(bench, findings, &mut nodes)?;
    drop(nodes);
    logins(bench, findings, &database)
}

impl<'b> Nodes<'b> {
    fn new(bench: &'b Bench, database: &'b Postgres) -> anyhow::Result<Self> {
        let master_key = bench.work().join("master.key");
        if !master_key.exists() {
            let mut command = bench.program("hallpass")?;
            command.args(["keys", "new-master"]).arg(&master_key);
            bench.output("hallpass-new-master", command, None)?;
        }
        Ok(Self { bench, database, master_key, nodes: Vec::new() })
    }

    fn add(&mut self, core: Core, args: &[&str]) -> anyhow::Result<()> {
        let name = format!("node-{}", uuid::Uuid::now_v7().simple());
        let dir = self.bench.directory(&name)?;
        let (lease, key) = (format!("{}s", LEASE.as_secs()), self.master_key.display().to_string());
        let own = ["--database-url", &self.database.url, "--master-key-file", &key];
        let args = [&own[..], &["--lease", &lease], args].concat();
        let program = self.bench.binary("hallpass")?;
        let (bench, core) = (self.bench, Some(core));
        self.nodes.push(hallpass::start_program(bench, &program, &name, &dir, core, &args)?);
        Ok(())
    }

    /// Users with these prefixes who have signed in at the first node.
    fn users(&self, prefix: &str, count: usize) -> anyhow::Result<Vec<SignedIn>> {
        let names: Vec<_> = (0..count).map(|n| format!("{prefix}{n:06}")).collect();
        let address = self.nodes[0].address;
        hallpass::register(address, &names)?;
        hallpass::sign_in(address, &names)
    }
}

/// Two servers that take turns on one core: one of three, and one alone. Hands the first one back.
fn beside_one_alone(
    bench: &Bench,
    findings: &mut Findings,
    name: &'static str,
    mut contenders: [Contender; 2],
    (rounds, time): (usize, u64),
) -> anyhow::Result<Server> {
    let [of_three, alone] = &mut contenders;
    contest::hold(bench, findings, &mut [of_three, alone], rounds, Duration::from_millis(time))?;
    let per_second = |contender: &Contender| contender.spread(|round| round.per_second);
    let ratio = of_three.ratio(alone, |round| round.per_second);
    let row = Row::new(name, per_second(of_three), Unit::PerSecond);
    let row = row.beside_by("one server with redb", per_second(alone), ratio);
    findings.rows.push(row.must(Target::RatioAtLeast(0.95)).note(of_three.busy()));
    let [of_three, _] = contenders;
    Ok(of_three.server)
}

fn alone(bench: &Bench, name: &'static str, args: &[&str]) -> anyhow::Result<Server> {
    let dir = bench.directory(name)?;
    hallpass::start(bench, name, &dir, Some(bench.cores.server), args)
}

fn verifications(
    bench: &Bench,
    findings: &mut Findings,
    nodes: &mut Nodes<'_>,
) -> anyhow::Result<()> {
    bench.step("GET /api/verify");
    let redb = alone(bench, "redb-verify", CHEAP_HASHES)?;
    let names = users::names(CLIENTS);
    hallpass::register(redb.address, &names)?;
    let of_redb = hallpass::gets(path::VERIFY, &hallpass::sign_in(redb.address, &names)?);
    let of_node = hallpass::gets(path::VERIFY, &nodes.users("verify-", CLIENTS)?);
    let node = nodes.nodes.remove(0);
    let contenders =
        [Contender::new(node, of_node, CLIENTS), Contender::new(redb, of_redb, CLIENTS)];
    let name = "GET /api/verify, one of three servers";
    let pace = bench.pick((25, 1000), (5, 600));
    nodes.nodes.insert(0, beside_one_alone(bench, findings, name, contenders, pace)?);
    Ok(())
}

fn logins(bench: &Bench, findings: &mut Findings, database: &Postgres) -> anyhow::Result<()> {
    const CLIENTS: usize = 32;
    bench.step("POST /api/login");
    let mut nodes = Nodes::new(bench, database)?;
    for core in [bench.cores.server, bench.cores.load, bench.cores.load] {
        nodes.add(core, &[])?;
    }
    let redb = alone(bench, "redb-logins", &[])?;
    let names: Vec<_> = (0..CLIENTS).map(|n| format!("login-{n:06}")).collect();
    for address in [nodes.nodes[0].address, redb.address] {
        hallpass::register(address, &names)?;
    }
    let logins = || names.iter().map(|name| hallpass::login(name)).collect();
    let node = nodes.nodes.remove(0);
    let contenders =
        [Contender::new(node, logins(), CLIENTS), Contender::new(redb, logins(), CLIENTS)];
    let name = "POST /api/login, one of three servers";
    let pace = bench.pick((5, 6000), (2, 4000));
    beside_one_alone(bench, findings, name, contenders, pace).map(drop)
}

fn refreshes(bench: &Bench, findings: &mut Findings, nodes: &Nodes<'_>) -> anyhow::Result<()> {
    bench.step("POST /api/refresh");
    let users = nodes.users("refresh-", CLIENTS)?;
    let mut clients: Vec<_> = users.into_iter().map(|user| Refresher::new(user.cookie)).collect();
    let (mut rates, mut of_core) = (Vec::new(), Vec::new());
    for _ in 0..bench.pick(5, 2) {
        let node = &nodes.nodes[0];
        let before = node.cpu_time()?;
        let plan = Plan { warm_up: Duration::ZERO, time: Duration::from_secs(4) };
        let measured = on_load(bench, || closed_loop::run(node.address, &mut clients, plan))?;
        let used = (node.cpu_time()? - before).as_secs_f64();
        rates.push(measured.per_second());
        of_core.push(measured.requests as f64 / used);
        // What was interrupted can be sent again, with the successor of the same token.
        let names: Vec<_> = (0..CLIENTS).map(|n| format!("refresh-{n:06}")).collect();
        let users = hallpass::sign_in(node.address, &names)?;
        clients = users.into_iter().map(|user| Refresher::new(user.cookie)).collect();
    }
    let row = Row::new(REFRESHES_OF_A_CORE, Spread::of(of_core), Unit::PerSecond);
    let row = row.published(&REFRESHES);
    let rate = Spread::of(rates).median;
    let note = format!("{rate:.0} a second, with PostgreSQL and the load on the other core");
    findings.rows.push(row.must(Target::AtLeast(1200.0)).note(note));
    Ok(())
}

fn on_load<T>(bench: &Bench, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    cores::on(Some(bench.cores.load), work)
}

/// Signs all of these out, over so many connections.
fn sign_out(
    bench: &Bench,
    nodes: &Nodes<'_>,
    users: &[SignedIn],
    connections: usize,
) -> anyhow::Result<LoadResult> {
    let requests = users.iter().map(|user| wire::post_cookie(path::LOGOUT, &user.cookie));
    let requests: Vec<_> = requests.collect();
    let shares = requests.chunks(requests.len().div_ceil(connections));
    let done = |answer: &wire::Answer<'_>| answer.expect(204);
    let mut clients: Vec<_> = shares.map(|share| Once::new(share.to_vec(), done)).collect();
    on_load(bench, || closed_loop::run(nodes.nodes[0].address, &mut clients, Plan::TO_THE_END))
}

fn p99(measured: &LoadResult) -> Spread {
    Spread::single(measured.latency_us.value_at_quantile(0.99) as f64 / 1000.0)
}

fn sign_outs(bench: &Bench, findings: &mut Findings, nodes: &mut Nodes<'_>) -> anyhow::Result<()> {
    let some = bench.pick(1000, 200);
    let latency = |name, measured: &LoadResult| Row::new(name, p99(measured), Unit::Milliseconds);
    bench.step("sign-outs");
    let idle = sign_out(bench, nodes, &nodes.users("idle-", some)?, 1)?;
    findings.rows.push(latency("a sign-out's p99, idle", &idle).must(Target::AtMost(25.0)));
    let many = sign_out(bench, nodes, &nodes.users("many-", 4 * some)?, CLIENTS)?;
    let rate =
        Row::new("sign-outs, 64 at once", Spread::single(many.per_second()), Unit::PerSecond);
    findings.rows.push(rate.note(format!("p99 {:.1} ms", p99(&many).median)));

    let disabling = during_disablings(bench, nodes)?;
    findings
        .rows
        .push(latency("a sign-out's p99 while users are disabled", &disabling.0).note(disabling.1));

    let (snapshot, note) = an_hour_of_polling_beside_a_snapshot(nodes.database)?;
    let beside = sign_out(bench, nodes, &nodes.users("snapshot-", some)?, 1)?;
    drop(snapshot);
    findings.rows.push(latency("a sign-out's p99 beside an old snapshot", &beside).note(note));

    bench.step("sign-outs after the loss of a node");
    let users = nodes.users("lost-", some + 1)?;
    nodes.nodes.pop().context("no node")?.kill();
    let lost = sign_out(bench, nodes, &users[..1], 1)?;
    let row = latency("the first sign-out after a node is lost", &lost);
    let bound = LEASE.as_millis() as f64 * 1.01 + 100.0;
    findings.rows.push(row.must(Target::AtMost(bound)).note("the lease is 10 s"));
    let after = sign_out(bench, nodes, &users[1..], 1)?;
    findings.rows.push(latency("a sign-out's p99 after that", &after).must(Target::AtMost(25.0)));
    Ok(())
}

/// Signs users out while an admin disables many others. Says how many, and how fast.
fn during_disablings(bench: &Bench, nodes: &Nodes<'_>) -> anyhow::Result<(LoadResult, String)> {
    bench.step("sign-outs while users are disabled");
    let (disabled, signed_out) = bench.pick((10_000, 2000), (1000, 200));
    let admin = admin(nodes)?;
    let names: Vec<_> = (0..disabled).map(|n| format!("disabled-{n:06}")).collect();
    hallpass::register(nodes.nodes[0].address, &names)?;
    let ids = nodes.database.ask("SELECT id FROM users WHERE username_key LIKE 'disabled-%'")?;
    let patch = |id: &str| {
        let path = path::ADMIN_USER.replace("{id}", id);
        wire::patch(&path, &admin.token, r#"{"disabled": true}"#)
    };
    let requests: Vec<_> = ids.lines().map(patch).collect();
    ensure!(requests.len() == disabled, "{} users were registered", requests.len());
    let users = nodes.users("during-", signed_out)?;
    let address = nodes.nodes[1].address;
    thread::scope(|scope| {
        let disabling = scope.spawn(|| {
            let began = Instant::now();
            hallpass::each(address, &requests, |answer| answer.expect(200))?;
            anyhow::Ok(began.elapsed().as_secs_f64())
        });
        let measured = sign_out(bench, nodes, &users, 1)?;
        let still = if disabling.is_finished() { "; they were done before" } else { "" };
        let took = disabling.join().map_err(|_| anyhow::anyhow!("the thread panicked"))??;
        Ok((measured, format!("{disabled} disablings in {took:.1} s{still}")))
    })
}

fn admin(nodes: &Nodes<'_>) -> anyhow::Result<SignedIn> {
    let address = nodes.nodes[0].address;
    let names = ["the-admin".to_owned()];
    hallpass::register(address, &names)?;
    let mut command = nodes.bench.program("hallpass")?;
    command.args(["user", "roles", "the-admin", "--add", "admin"]);
    command.args(["--database-url", &nodes.database.url, "--master-key-file"]);
    command.arg(&nodes.master_key);
    nodes.bench.output("hallpass-roles", command, None)?;
    hallpass::sign_in(address, &names)?.pop().context("no admin")
}

/// A transaction that goes on.
struct Snapshot(std::process::Child);

impl Drop for Snapshot {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Opens a snapshot, and leaves the row versions behind that three nodes make in an hour.
fn an_hour_of_polling_beside_a_snapshot(
    database: &Postgres,
) -> anyhow::Result<(Snapshot, &'static str)> {
    let open =
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM users; SELECT pg_sleep(600)";
    let snapshot = Snapshot(database.meanwhile(open)?);
    let began = Instant::now();
    let is_open = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND wait_event = 'PgSleep'";
    while database.ask(is_open)? != "1" {
        ensure!(began.elapsed() < Duration::from_secs(10), "the snapshot was not opened");
    }
    // Two polls a second, and as many changes.
    database.ask(
        "DO $$ BEGIN FOR n IN 1..7200 LOOP
             UPDATE nodes SET beat = beat + 0; UPDATE change_counter SET number = number + 0; COMMIT;
         END LOOP; END $$",
    )?;
    Ok((snapshot, "an open snapshot keeps the row versions of an hour"))
}

/// What the servers cost that do nothing but poll.
fn polling(bench: &Bench, findings: &mut Findings, nodes: &mut Nodes<'_>) -> anyhow::Result<()> {
    let seconds = bench.pick(20, 10);
    for (count, name) in [
        (3, "WAL of three idle servers, a second"),
        (20, "WAL of 20 idle servers, a second"),
        (100, "WAL of 100 idle servers, a second"),
    ] {
        if bench.quick && count > 20 {
            continue;
        }
        bench.step(&format!("polling of {count} servers"));
        while nodes.nodes.len() < count {
            nodes.add(bench.cores.load, CHEAP_HASHES)?;
        }
        let before = nodes.database.work()?;
        thread::sleep(Duration::from_secs(seconds));
        let after = nodes.database.work()?;
        let per_second = |after: f64, before: f64| (after - before) / seconds as f64;
        let row = Row::new(name, Spread::single(per_second(after.wal, before.wal)), Unit::Bytes);
        let commits = per_second(after.commits, before.commits);
        findings.rows.push(row.note(format!("{commits:.1} commits a second")));
    }
    Ok(())
}
