use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::terminal::{note, say};
use crate::clock::Clock;
use crate::config::{DEFAULT_DATA_DIR, MasterKeyArgs};
use crate::opening::{Location, Route, copy_store};
use crate::store::{Copied, DatabaseUrl, Kind, Progress};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass keys new-master /etc/hallpass/master.key
  export HALLPASS_MASTER_KEY_FILE=/etc/hallpass/master.key
  hallpass store copy --data-dir /var/lib/hallpass --to postgres://hallpass@db.example/hallpass
  hallpass store copy --from postgres://hallpass@db.example/hallpass --to /var/lib/hallpass-2

Stop the servers of both first. Users keep their ids and passwords, and nobody is signed out: keys,
sessions, ended sessions, reset links and the addresses that people signed in from come along. The
source stays as it is. In PostgreSQL, the keys are sealed with the master key.

The target is an empty database or a new data directory. It gets all or nothing, so a copy that was
interrupted is run again. A second run compares the two, and says so if nothing is left to do.

A URL with a password belongs into HALLPASS_FROM or HALLPASS_TO, since others can see arguments.";

/// `hallpass store copy`
#[derive(Args, Debug)]
pub struct Copy {
    /// What to copy: a data directory, or the URL of a PostgreSQL database. By default --data-dir
    #[arg(
        long,
        value_name = "DIR|URL",
        hide_env_values = true,
        value_parser = location
    )]
    from: Option<Location>,
    /// Where to: the URL of an empty PostgreSQL database, or a new data directory
    #[arg(
        long,
        value_name = "URL|DIR",
        hide_env_values = true,
        value_parser = location
    )]
    to: Location,
    /// The server's data directory
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA_DIR)]
    data_dir: PathBuf,
    #[command(flatten)]
    master_key: MasterKeyArgs,
}

#[expect(clippy::unnecessary_wraps, reason = "clap asks for a result")]
fn location(text: &str) -> Result<Location, String> {
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    Ok(match is_url {
        true => Location::Database(DatabaseUrl::from(text)),
        false => Location::Directory(text.into()),
    })
}

impl Copy {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let from = self.from.unwrap_or(Location::Directory(self.data_dir));
        let route = Route { from, to: self.to, master: self.master_key.needed()? };
        let mut watch = Watch::new();
        let now = Clock::system().now();
        let copied = copy_store(&route, now, |progress| watch.show(progress)).await;
        watch.bar.finish_and_clear();
        let Copied { counts, was_there } = copied?;
        let counts =
            counts.iter().zip(Kind::ALL).map(|(count, kind)| format!("{count} {}", kind.name()));
        let counts = counts.collect::<Vec<_>>().join(", ");
        say(match was_there {
            true => format!("all was there already: {counts}, and the keys"),
            false => format!("copied {counts}, and the keys"),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows how far the copy has come: as a bar on a terminal, else a line for each hundred thousand.
struct Watch {
    bar: ProgressBar,
    is_terminal: bool,
}

const LINE_EVERY: u64 = 100_000;

impl Watch {
    fn new() -> Self {
        let is_terminal = io::stderr().is_terminal();
        let target = match is_terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let style = ProgressStyle::with_template("{msg} {bar:40} {pos} of {len}, {eta} left");
        let bar = ProgressBar::with_draw_target(None, target);
        Self { bar: bar.with_style(style.unwrap_or(ProgressStyle::default_bar())), is_terminal }
    }

    fn show(&mut self, Progress { kind, done, all }: Progress) {
        if self.bar.message() != kind.name() {
            self.bar.set_message(kind.name());
            self.bar.set_length(all);
            self.bar.set_position(0);
            self.bar.reset_eta();
        }
        let before = self.bar.position();
        self.bar.set_position(done);
        let is_due = done / LINE_EVERY > before / LINE_EVERY;
        if !self.is_terminal && is_due {
            note(format_args!("{} {done} of {all}", kind.name()));
        }
    }
}
