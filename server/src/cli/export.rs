use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::executor::{Offline, Place, unexpected};
use super::list::{PAGE, left_out};
use super::terminal::{Stdout, note};
use crate::accounts::UserRecord;
use crate::control::{Command, Reply};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass user export > users.csv
  hallpass user export --format jsonl | gzip > users.jsonl.gz
  hallpass user export | hallpass user import - --data-dir ../other

Password hashes are in it, so keep it where nobody else can read it. Names, hashes, roles, times of
registration and who is disabled come out of `import` as they were. Ids, sessions and keys are not
in it: to move a whole server, stop it and copy its data directory.";

/// A file format of users.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values with a header
    Csv,
    /// One JSON object in each line
    Jsonl,
}

/// The columns of a CSV file, in the order in which we write them.
pub(super) const COLUMNS: [&str; 5] =
    ["username", "password_hash", "roles", "created_at", "disabled"];

/// `hallpass user export`
#[derive(Args, Debug)]
pub struct Export {
    /// How to write them
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "csv")]
    format: Format,
    #[command(flatten)]
    place: Place,
}

impl Export {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut executor = self.place.executor(Offline::default()).await?;
        if io::stdout().is_terminal() {
            note("hallpass: these are password hashes; send them to a file that only you can read");
        }
        let mut stdout = Stdout::lock();
        if self.format == Format::Csv {
            stdout.line(COLUMNS.join(","))?;
        }
        let (mut after, mut code) = (None, ExitCode::SUCCESS);
        loop {
            let command = Command::Export { after, limit: PAGE };
            let Reply::Records { records, damaged, next } = executor.ask(command).await? else {
                bail!(unexpected())
            };
            stdout.bytes(&match self.format {
                Format::Csv => csv(&records)?,
                Format::Jsonl => jsonl(&records)?,
            })?;
            for user in damaged {
                note(format_args!("hallpass: {}", left_out(user)));
                code = ExitCode::FAILURE;
            }
            if next.is_none() {
                return stdout.flush().map(|()| code);
            }
            after = next;
        }
    }
}

fn csv(records: &[UserRecord]) -> anyhow::Result<Vec<u8>> {
    let mut rows = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for record in records {
        let UserRecord { username, password_hash, roles, created_at, disabled } = record;
        rows.write_record([
            username,
            password_hash.expose(),
            &roles.as_deref().unwrap_or_default().join(" "),
            &created_at.map(|at| at.to_string()).unwrap_or_default(),
            &disabled.to_string(),
        ])?;
    }
    Ok(rows.into_inner()?)
}

fn jsonl(records: &[UserRecord]) -> anyhow::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for record in records {
        serde_json::to_writer(&mut lines, record)?;
        lines.push(b'\n');
    }
    Ok(lines)
}
