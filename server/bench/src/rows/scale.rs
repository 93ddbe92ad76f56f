//! Compares one million users with ten thousand. All have the same password hash, so that the file
//! is made quickly. For the store, it is as long as any other hash.

mod lookups;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ::hallpass::data_dir::DATABASE_FILE;
use anyhow::{Context as _, ensure};
use hallpass_contract::path;
use serde::Deserialize;

use self::lookups::Filled;
use super::contest::{self, Contender, Round};
use super::memory::{self, megabytes, resident};
use crate::bench::Bench;
use crate::hallpass::{self, CHEAP_HASHES, SignedIn};
use crate::row::{Findings, Row, Target, Unit};
use crate::server::Server;
use crate::statistics::Spread;
use crate::users::{self, name};

/// How many users have signed in and are asked for. They are drawn at random from all.
const ACTIVE: usize = 4096;

/// How many connections are open when memory is measured.
const CONNECTIONS: usize = 5000;

/// How long a server has nothing to do before it is killed.
const IDLE_BEFORE_KILL: Duration = Duration::from_secs(1);

/// A data directory full of imported users.
pub(super) struct Data {
    name: &'static str,
    users: usize,
    /// Where they are.
    pub(super) dir: PathBuf,
    import: Duration,
    active: Vec<SignedIn>,
}

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let hash = hash(bench)?;
    let few = Data::import(bench, "hallpass-10k", 10_000, &hash)?;
    let many = Data::import(bench, "hallpass-1m", bench.pick(1_000_000, 200_000), &hash)?;
    findings.rows.extend(import_rows(&few, &many)?);
    findings.rows.extend(start_up_rows(bench, &few, &many)?);
    let rows = serving_rows(bench, findings, &few, &many)?;
    findings.rows.extend(rows);
    findings.rows.extend(lookups::rows(bench, few.filled(), many.filled())?);
    Ok(())
}

/// The password's hash, as Hallpass stores it.
pub(super) fn hash(bench: &Bench) -> anyhow::Result<String> {
    let dir = bench.directory("hallpass-hash")?;
    let server = hallpass::start(bench, "hallpass-hash", &dir, None, CHEAP_HASHES)?;
    hallpass::register(server.address, &users::names(1))?;
    server.stop();
    let mut export = bench.program("hallpass")?;
    export.args(["user", "export", "--format", "jsonl", "--data-dir"]).arg(&dir);
    let lines = bench.output("hallpass-export", export, None)?;
    #[derive(Deserialize)]
    struct Exported {
        password_hash: String,
    }
    let exported: Exported = serde_json::from_str(&lines).context("the export has no hash")?;
    Ok(exported.password_hash)
}

impl Data {
    pub(super) fn import(
        bench: &Bench,
        name: &'static str,
        users: usize,
        hash: &str,
    ) -> anyhow::Result<Self> {
        bench.step(&format!("importing {users} users"));
        let (file, dir) = (bench.work().join("users.csv"), bench.directory(name)?);
        write_users(&file, users, hash).context("can't write the users")?;
        let mut command = bench.program("hallpass")?;
        command.args(["user", "import"]).arg(&file).arg("--data-dir").arg(&dir);
        let began = Instant::now();
        let said = bench.output("hallpass-import", command, None)?;
        let import = began.elapsed();
        let expected = format!("imported {users}, already there 0, bad 0");
        ensure!(said.trim() == expected, "`hallpass user import` said {said:?}");
        let mut data = Self { name, users, dir, import, active: Vec::new() };
        data.active = data.sign_in(bench)?;
        Ok(data)
    }

    fn sign_in(&self, bench: &Bench) -> anyhow::Result<Vec<SignedIn>> {
        let mut random = fastrand::Rng::with_seed(7);
        let names: Vec<String> = (0..ACTIVE).map(|_| name(random.usize(..self.users))).collect();
        let server = self.start(bench, None)?;
        hallpass::sign_in(server.address, &names)
    }

    fn start(&self, bench: &Bench, core: Option<usize>) -> anyhow::Result<Server> {
        let connections = (CONNECTIONS + 1000).to_string();
        let args = [CHEAP_HASHES, &["--max-connections", &connections]].concat();
        hallpass::start(bench, self.name, &self.dir, core, &args)
    }

    fn filled(&self) -> Filled<'_> {
        Filled { dir: &self.dir, users: self.users }
    }

    fn contender(&self, server: Server) -> Contender {
        Contender::new(server, hallpass::gets(path::ME, &self.active), 16)
    }

    fn bytes_per_user(&self) -> anyhow::Result<Spread> {
        let file = fs::metadata(self.dir.join(DATABASE_FILE)).context("no database")?;
        // Its length may be twice as much: redb makes a full file longer, and writes there later.
        let size = file.blocks() * 512;
        Ok(Spread::single(size as f64 / self.users as f64))
    }
}

fn write_users(file: &Path, users: usize, hash: &str) -> std::io::Result<()> {
    let mut lines = BufWriter::new(File::create(file)?);
    writeln!(lines, "username,password_hash")?;
    // Quoted, since a PHC string contains commas.
    (0..users).try_for_each(|n| writeln!(lines, "{},\"{hash}\"", name(n)))?;
    lines.flush()
}

fn import_rows(few: &Data, many: &Data) -> anyhow::Result<[Row; 2]> {
    let rate = |data: &Data| Spread::single(data.users as f64 / data.import.as_secs_f64());
    let seconds = many.import.as_secs_f64();
    let import = Row::new("users imported", rate(many), Unit::PerSecond);
    // The target is one million users in under a minute.
    let import = import.beside("10,000 users", rate(few)).must(Target::AtLeast(1e6 / 60.0));
    let size = Row::new("a user on the disk", many.bytes_per_user()?, Unit::Bytes);
    Ok([
        import.note(format!("{} users in {seconds:.1} s", many.users)),
        size.beside("10,000 users", few.bytes_per_user()?),
    ])
}

/// How long a start takes: after an orderly shutdown, after a crash while nothing was written, and
/// after one right behind a write, when the store must check its file.
fn start_up_rows(bench: &Bench, few: &Data, many: &Data) -> anyhow::Result<[Row; 3]> {
    bench.step("starting up");
    let [mut in_order, mut killed, mut killed_writing] = [const { [const { Vec::new() }; 2] }; 3];
    for _ in 0..bench.pick(7, 3) {
        for (n, data) in [few, many].into_iter().enumerate() {
            let start = || -> anyhow::Result<(Server, f64)> {
                let server = data.start(bench, Some(bench.cores.server))?;
                let milliseconds = server.start_up.as_secs_f64() * 1000.0;
                Ok((server, milliseconds))
            };
            let (server, milliseconds) = start()?;
            in_order[n].push(milliseconds);
            // A login writes, so that there is something to check.
            hallpass::sign_in(server.address, &[name(0)])?;
            server.kill();
            let (server, milliseconds) = start()?;
            killed_writing[n].push(milliseconds);
            hallpass::sign_in(server.address, &[name(0)])?;
            thread::sleep(IDLE_BEFORE_KILL);
            server.kill();
            killed[n].push(start()?.1);
        }
    }
    let row = |what, figures: [Vec<f64>; 2]| {
        let [few, many] = figures.map(Spread::of);
        Row::new(what, many, Unit::Milliseconds).beside("10,000 users", few)
    };
    Ok([
        row("start-up", in_order).must(Target::AtMost(200.0)),
        row("start-up after kill -9 while idle", killed).must(Target::AtMost(100.0)),
        row("start-up after kill -9 right behind a write", killed_writing),
    ])
}

/// Measures memory and GET /api/me.
fn serving_rows(
    bench: &Bench,
    findings: &mut Findings,
    few: &Data,
    many: &Data,
) -> anyhow::Result<[Row; 4]> {
    let core = Some(bench.cores.server);
    let (few_server, many_server) = (few.start(bench, core)?, many.start(bench, core)?);
    // By then, everything that a start leaves for later is done.
    thread::sleep(Duration::from_secs(1));
    let idle = Row::new("resident memory, idle", resident(&many_server)?, Unit::Megabytes);
    let idle = idle.beside("10,000 users", resident(&few_server)?).must(Target::AtMost(64.0));

    let (mut few, mut many) = (few.contender(few_server), many.contender(many_server));
    bench.step("GET /api/me");
    let rounds = bench.pick(9, 3);
    contest::hold(bench, findings, &mut [&mut few, &mut many], rounds, Duration::from_millis(700))?;
    let p50 = |round: &Round| round.latency_us.value_at_quantile(0.5) as f64;
    let me = Row::new("GET /api/me, p50, 16 clients", many.spread(p50), Unit::Microseconds);
    let me = me.beside_by("10,000 users", few.spread(p50), many.ratio(&few, p50));
    let me = me.must(Target::RatioAtMost(1.2)).note(many.busy());

    bench.step("GET /api/me on 5,000 connections");
    many.clients = CONNECTIONS;
    let before = many.server.memory()?.resident;
    contest::hold(bench, findings, &mut [&mut many], 1, Duration::from_secs(bench.pick(5, 2)))?;
    let peak = megabytes(many.server.memory()?.peak);
    let loaded = Row::new("resident memory, 5,000 connections", peak, Unit::Megabytes);
    let loaded = loaded.must(Target::AtMost(80.0)).note("the most at any time");
    Ok([idle, loaded, memory::after_flood(bench, &many.server, before)?, me])
}
