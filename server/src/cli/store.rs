//! `hallpass store`: the database as a whole.

mod backup;
mod copy;
mod findings;
mod info;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use self::backup::{Backup, Restore};
use self::copy::Copy;
use self::findings::{code, list, tell};
use self::info::Info;
use super::executor::Place;
use super::terminal::{Stdout, printable};
use crate::backup::Opener;
use crate::clock::Clock;
use crate::store::{Repaired, check_file, repair_file};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass store backup /backup --recipient age1...
  hallpass store restore b.backup.age --identity key.txt --data-dir /var/lib/hallpass
  hallpass store info
  hallpass store check
  hallpass store repair
  hallpass store copy --to postgres://hallpass@db.example/hallpass

`backup` and `info` work while the server runs. Stop it for the others. Each exits with 0 if nothing is wrong any more, 1 if
something is, and 2 if the arguments make no sense.";

/// What can be done with the database as a whole.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Write users, sessions and keys to a file, also while the server runs
    #[command(after_help = backup::EXAMPLES)]
    Backup(Backup),
    /// Make a data directory from a backup
    #[command(after_help = backup::RESTORE_EXAMPLES)]
    Restore(Restore),
    /// Say how much the database or a backup holds
    #[command(after_help = info::EXAMPLES)]
    Info(Info),
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
  hallpass store check today.backup

Every page of the file is compared with its checksum, every row is read, and every reference between
two tables is followed. Each finding is one line: the table, the key of the row, and what is wrong.
Stop the server first. A backup is restored in memory for this, and needs no server to be stopped.";

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
    /// A backup. Without it, the database in the data directory
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    opener: Opener,
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
            Self::Backup(backup) => backup.run().await,
            Self::Restore(restore) => restore.run(),
            Self::Info(info) => info.run().await,
            Self::Check(check) => check.run(),
            Self::Repair(repair) => repair.run(),
            Self::Copy(copy) => copy.run().await,
        }
    }
}

impl Check {
    fn run(self) -> anyhow::Result<ExitCode> {
        match &self.file {
            Some(file) => backup::check(file, &self.opener),
            None => tell(&check_file(&self.place.database_file()?)?, "found nothing wrong"),
        }
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
