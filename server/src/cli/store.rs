mod copy;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use self::copy::Copy;
use super::executor::Place;
use super::terminal::{Stdout, note, printable};
use crate::clock::Clock;
use crate::store::{Finding, Repaired, check_file, repair_file};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass store check
  hallpass store repair
  hallpass store copy --to postgres://hallpass@db.example/hallpass

Stop the server first. `check` changes nothing. Each exits with 0 if nothing is wrong any more, 1 if
something is, and 2 if the arguments make no sense.";

/// What can be done with the database as a whole.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Look for what can't be read or does not fit together; changes nothing
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),
    /// Set aside what can't be read, and mend what does not fit together
    #[command(after_help = REPAIR_EXAMPLES)]
    Repair(Repair),
    /// Copy everything to PostgreSQL or back; nobody is signed out
    #[command(after_help = copy::EXAMPLES)]
    Copy(Copy),
}

const CHECK_EXAMPLES: &str = "\
Examples:
  hallpass store check
  hallpass store check --data-dir /var/lib/hallpass || hallpass store repair

Every page of the file is compared with its checksum, every row is read, and every reference between
two tables is followed. Each finding is one line: the table, the key of the row, and what is wrong.
Stop the server first.";

const REPAIR_EXAMPLES: &str = "\
Examples:
  hallpass store repair

Rows that can't be read, and rows that belong to nobody, are removed. They go to a file
set-aside-TIME.jsonl in the data directory first: a JSON object in each line with the table, the raw
key and the raw value in base64. It holds password hashes, and only its owner can read it. The name
of a user who was set aside is free again, and their sessions have ended.

Stop the server and copy the data directory first.";

/// `hallpass store check`
#[derive(Args, Debug)]
pub struct Check {
    #[command(flatten)]
    place: Place,
}

/// `hallpass store repair`
#[derive(Args, Debug)]
pub struct Repair {
    #[command(flatten)]
    place: Place,
}

impl StoreCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check(check) => check.run(),
            Self::Repair(repair) => repair.run(),
            Self::Copy(copy) => copy.run().await,
        }
    }
}

impl Check {
    fn run(self) -> anyhow::Result<ExitCode> {
        let findings = check_file(&self.place.database_file()?)?;
        let mut stdout = Stdout::lock();
        list(&mut stdout, "", &findings)?;
        if findings.is_empty() {
            stdout.line("found nothing wrong")?;
        } else {
            note(format_args!(
                "hallpass: {} wrong; `hallpass store repair` may help",
                things(&findings)
            ));
        }
        stdout.flush()?;
        Ok(code(&findings))
    }
}

impl Repair {
    fn run(self) -> anyhow::Result<ExitCode> {
        let now = Clock::system().now();
        let Repaired { mended, left, set_aside } = repair_file(&self.place.database_file()?, now)?;
        let mut stdout = Stdout::lock();
        list(&mut stdout, "mended ", &mended)?;
        list(&mut stdout, "left ", &left)?;
        if mended.is_empty() && left.is_empty() {
            stdout.line("found nothing wrong")?;
        }
        if let Some(file) = set_aside {
            let file = printable(&file.display().to_string());
            stdout
                .line(format_args!("what was removed is in {file}; it may hold password hashes"))?;
        }
        stdout.flush()?;
        Ok(code(&left))
    }
}

fn list(stdout: &mut Stdout, what: &str, findings: &[Finding]) -> anyhow::Result<()> {
    findings.iter().try_for_each(|finding| {
        stdout.line(format_args!("{what}{}", printable(&finding.to_string())))
    })
}

fn things(findings: &[Finding]) -> String {
    match findings.len() {
        1 => "1 thing is".to_owned(),
        count => format!("{count} things are"),
    }
}

fn code(findings: &[Finding]) -> ExitCode {
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
