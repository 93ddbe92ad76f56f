//! A PostgreSQL of the benchmark's own: `scripts/postgres`, with all syncs.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::bench::Bench;

/// A running PostgreSQL. Dropping it ends it, and removes its data.
#[derive(Debug)]
pub struct Postgres {
    script: PathBuf,
    /// Its URL.
    pub url: String,
}

/// How much it has done.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Bytes of its write-ahead log.
    pub wal: f64,
    /// Transactions that it has committed.
    pub commits: f64,
}

impl Postgres {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is not installed, or one of this checkout runs already.
    pub fn start(bench: &Bench) -> anyhow::Result<Self> {
        let script = bench.root.join("scripts/postgres");
        let runs =
            Command::new(&script).arg("url").output().context("can't run scripts/postgres")?;
        ensure!(!runs.status.success(), "it runs already; end it with scripts/postgres stop");
        let mut start = Command::new(&script);
        start.args(["start", "--sync"]).stderr(Stdio::inherit());
        let output = start.output().context("can't run scripts/postgres")?;
        ensure!(output.status.success(), "scripts/postgres could not start one");
        let url = String::from_utf8(output.stdout)?.trim().to_owned();
        Ok(Self { script, url })
    }

    /// What a statement answers.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub fn ask(&self, statement: &str) -> anyhow::Result<String> {
        let output = self.psql(statement).output().context("can't run psql")?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "psql: {stderr}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Runs statements, each in a transaction, meanwhile.
    ///
    /// # Errors
    ///
    /// If psql can't be started.
    pub fn meanwhile(&self, statement: &str) -> anyhow::Result<Child> {
        self.psql(statement).spawn().context("can't run psql")
    }

    fn psql(&self, statement: &str) -> Command {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]);
        command.arg(&self.url).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// How much it has done so far.
    ///
    /// # Errors
    ///
    /// If it does not say.
    pub fn work(&self) -> anyhow::Result<Work> {
        // Statistics reach others once a second at most.
        let answer = self.ask(
            "SELECT pg_stat_force_next_flush(), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'),
                 (SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = 'hallpass')",
        )?;
        let mut fields = answer.split('|').skip(1).map(str::parse::<f64>);
        let mut next = || fields.next().context("no figures")?.context("no number");
        Ok(Work { wal: next()?, commits: next()? })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new(&self.script).arg("stop").status();
    }
}
