//! `hallpass user import`: users of another system, with the hashes it made.

mod csv;
mod fields;
mod json;
mod lines;
mod names;
mod records;

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::csv::CsvRecords;
use self::json::JsonRecords;
use self::lines::Lines;
use self::names::Names;
use self::records::{Numbered, Records};
use super::executor::{Executor, Offline, Place, unexpected};
use super::export::Format;
use super::terminal::{note, printable, say};
use crate::accounts::{ImportResult, UserRecord};
use crate::control::{Command, Reply};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass user import users.csv
  hallpass user import --format jsonl - < users.jsonl
  sqlite3 -header -csv app.db \"SELECT username, password_hash, NOT is_active AS disabled
    FROM user\" | hallpass user import -

CSV with a header, or one JSON object in each line:
  username       needed
  password_hash  needed; of hallpass, Werkzeug (pbkdf2:..., scrypt:...) or Django
                 (pbkdf2_sha256$...). Users sign in with the password they have, and it is hashed
                 anew then
  roles          \"user admin\", \"user,admin\", in JSON also [\"user\", \"admin\"]; `user` without it,
                 and none where it is empty
  created_at     2024-02-29T12:00:00Z, 2024-02-29 12:00:00.123456+00, or seconds since 1970; UTC
                 unless it says otherwise; now without it
  disabled       true or false, or 1 or 0; false without it. A file that has is_active instead is
                 refused: nobody who is shut out comes back unnoticed
  totp_secret    the secret of one-time codes, in base32 (SHA-1, 6 digits, 30 seconds); read with
                 --with-secrets. Without that flag such a line is a bad line

A bad line is reported with its number and the rest goes in; the exit code is 1 then. A user who was
there before stays as they are, so running it twice changes nothing. A second line with the name of
an earlier one is a bad line, also where the two differ in case only.";

/// Records that are sent at once.
const BATCH: usize = 1000;

/// What a batch may take in the file: as a command it stays far below the longest line.
const BATCH_BYTES: u64 = 1024 * 1024;

/// `hallpass user import`
#[derive(Args, Debug)]
pub struct Import {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How to read it; without it, its name or its first character tells
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    /// Take over the secrets of one-time codes
    #[arg(long)]
    with_secrets: bool,
    /// Leave the secrets of one-time codes out: the password alone signs these users in
    #[arg(long, conflicts_with = "with_secrets")]
    without_secrets: bool,
    #[command(flatten)]
    place: Place,
}

/// What became of the lines of a file.
#[derive(Default)]
struct LineTally {
    added: u64,
    already_there: u64,
    bad: u64,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (input, size) = open(&self.file)?;
        let mut records = records(input, self.format.or_else(|| format_of(&self.file)))
            .with_context(|| format!("can't import {}", self.file.display()))?;
        let offline =
            Offline { make_directory: true, needs_keys: self.with_secrets, ..Offline::default() };
        let mut executor = self.place.executor(offline).await?;
        let mut importing = Importing::new(bar(size), self.secrets());
        let outcome = importing.all(&mut *records, &mut executor).await;
        executor.end_import().await;
        importing.bar.finish_and_clear();
        outcome.with_context(|| {
            format!("{}; it can be run again, which goes on from there", importing.summary())
        })?;
        say(importing.summary())?;
        Ok(if importing.tally.bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What becomes of the secrets of one-time codes.
#[derive(Clone, Copy)]
enum Secrets {
    Taken,
    Left,
    /// Nobody has said. A user who had a second factor must not come in without it unnoticed.
    Refused,
}

impl Import {
    fn secrets(&self) -> Secrets {
        match (self.with_secrets, self.without_secrets) {
            (true, _) => Secrets::Taken,
            (_, true) => Secrets::Left,
            _ => Secrets::Refused,
        }
    }
}

struct Importing {
    bar: ProgressBar,
    tally: LineTally,
    names: Names,
    batch: Vec<Numbered>,
    secrets: Secrets,
}

impl Importing {
    fn new(bar: ProgressBar, secrets: Secrets) -> Self {
        let (tally, names, batch) = (LineTally::default(), Names::default(), Vec::new());
        Self { bar, tally, names, batch, secrets }
    }

    async fn all(
        &mut self,
        records: &mut dyn Records,
        executor: &mut Executor,
    ) -> anyhow::Result<()> {
        let mut begin = records.bytes_read();
        while let Some(next) = records.next().context("can't read on")? {
            // Whether this line clashes depends on whether the earlier one is accepted.
            if next.1.as_ref().is_ok_and(|record| self.names.is_undecided(&record.username)) {
                self.send(executor).await?;
            }
            self.add(next);
            let bytes = records.bytes_read();
            if self.batch.len() == BATCH || bytes - begin >= BATCH_BYTES {
                self.send(executor).await?;
                self.bar.set_position(bytes);
                begin = bytes;
            }
        }
        self.send(executor).await
    }

    fn add(&mut self, (line, parsed): Numbered) {
        let parsed = parsed.and_then(|record| match (self.secrets, &record.totp_secret) {
            (Secrets::Refused, Some(_)) => {
                Err("totp_secret: say --with-secrets to take it over, or --without-secrets".into())
            }
            (Secrets::Left, _) => Ok(UserRecord { totp_secret: None, ..record }),
            _ => Ok(record),
        });
        let parsed = parsed.and_then(|record| match self.names.claim(&record.username) {
            Ok(()) => Ok(record),
            Err(earlier) => Err(format!("username: line {earlier} has the same name")),
        });
        self.batch.push((line, parsed));
    }

    async fn send(&mut self, executor: &mut Executor) -> anyhow::Result<()> {
        let (mut records, mut results) = (Vec::new(), Vec::new());
        for (line, parsed) in std::mem::take(&mut self.batch) {
            results.push((line, parsed.map(|record| records.push(record))));
        }
        let sent = records.len();
        let names: Vec<String> = records.iter().map(|record| record.username.clone()).collect();
        let outcomes = match sent {
            0 => Vec::new(),
            _ => match executor.ask(Command::Import { records }).await? {
                Reply::Imported { outcomes } => outcomes,
                _ => bail!(unexpected()),
            },
        };
        ensure!(outcomes.len() == sent, unexpected());
        let mut outcomes = names.iter().zip(outcomes);
        for (line, parsed) in results {
            let outcome = match parsed {
                Ok(()) => {
                    let (name, outcome) = outcomes.next().with_context(unexpected)?;
                    self.names.decide(name, line, !matches!(outcome, ImportResult::Refused(_)));
                    outcome
                }
                Err(reason) => ImportResult::Refused(reason),
            };
            self.count(line, &outcome);
        }
        Ok(())
    }

    fn count(&mut self, line: u64, outcome: &ImportResult) {
        match outcome {
            ImportResult::Added => self.tally.added += 1,
            ImportResult::AlreadyThere => self.tally.already_there += 1,
            ImportResult::Refused(reason) => {
                self.tally.bad += 1;
                self.bar.suspend(|| note(format_args!("line {line}: {}", printable(reason))));
            }
        }
    }

    fn summary(&self) -> String {
        let LineTally { added, already_there, bad } = self.tally;
        format!("imported {added}, already there {already_there}, bad {bad}")
    }
}

/// The file and its size, as far as it is known.
fn open(path: &Path) -> anyhow::Result<(Box<dyn BufRead>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let failed = || format!("can't open {}", path.display());
    let file = File::open(path).with_context(failed)?;
    let metadata = file.metadata().with_context(failed)?;
    ensure!(!metadata.is_dir(), "{} is a directory; name a file", path.display());
    let size = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(BufReader::new(file)), size))
}

fn format_of(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "jsonl" | "ndjson" => Some(Format::Jsonl),
        _ => None,
    }
}

/// The numbers of the lines of a file that is fed by `server/fuzz`.
#[cfg(fuzzing)]
pub(crate) fn read(file: Vec<u8>) -> Vec<u64> {
    let Ok(mut records) = records(Box::new(io::Cursor::new(file)), None) else { return Vec::new() };
    std::iter::from_fn(|| records.next().expect("memory can be read")).map(|it| it.0).collect()
}

fn records(input: Box<dyn BufRead>, format: Option<Format>) -> anyhow::Result<Box<dyn Records>> {
    let mut lines = Lines::new(input);
    let first = lines.first_character()?;
    let format = format.unwrap_or(match first {
        Some(b'{' | b'[') => Format::Jsonl,
        _ => Format::Csv,
    });
    Ok(match format {
        Format::Jsonl => {
            ensure!(
                first != Some(b'['),
                "it is one JSON array; write an object in each line, as `jq -c .[]` does"
            );
            Box::new(JsonRecords::new(lines))
        }
        Format::Csv => Box::new(CsvRecords::open(lines)?),
    })
}

/// Nothing unless somebody looks at a terminal.
fn bar(size: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{bar:40} {percent}% {bytes_per_sec}, {eta} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} read, {bytes_per_sec}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.with_style(ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests;
