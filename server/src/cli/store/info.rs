//! `hallpass store info`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::backup;
use crate::backup::Opener;
use crate::cli::executor::{Executor, Offline, Place, unexpected};
use crate::cli::terminal::{Stdout, printable};
use crate::control::{Command, Reply};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass store info                        what the database holds, also while the server runs
  hallpass store info today.backup           what a backup holds, and that it can be read to its end";

/// `hallpass store info`
#[derive(Args, Debug)]
pub struct Info {
    /// A backup. Without it, the data directory
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    opener: Opener,
    #[command(flatten)]
    place: Place,
}

impl Info {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let rows = match &self.file {
            Some(file) => backup::info(file, &self.opener)?,
            None => of_the_directory(&self.place).await?,
        };
        let mut stdout = Stdout::lock();
        for (what, value) in rows {
            stdout.line(format_args!("{what:10} {}", printable(&value)))?;
        }
        stdout.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn of_the_directory(place: &Place) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut executor = place.executor(Offline::default()).await?;
    let server = match &executor {
        Executor::Server(_) => "running",
        Executor::Own(_) => "stopped",
    };
    let reply = executor.ask(Command::Counts).await?;
    let Reply::Counts { users, sessions, version } = reply else { return Err(unexpected()) };
    let mut rows = vec![
        ("server", server.to_owned()),
        ("version", format!("hallpass {version}")),
        ("users", users.to_string()),
        ("sessions", sessions.to_string()),
    ];
    if let Ok(file) = place.database_file() {
        rows.push(("bytes", file.metadata()?.len().to_string()));
        rows.push(("file", file.display().to_string()));
    }
    Ok(rows)
}
