//! `hallpass store backup`, `store restore`, and `store check` of a backup.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::findings::tell;
use crate::backup::{Destination, NewFile, Opener, SealArgs, open};
use crate::cli::executor::{BELONGS_TO_ROOT, Offline, Place};
use crate::cli::terminal::{note, printable, say};
use crate::clock::Clock;
use crate::store::{BackupHead, check_backup, verify_backup};
use crate::{data_dir, opening};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass store backup /backup --recipient age1...      as /backup/hallpass-TIME.backup.age
  hallpass store backup today.backup --plain             not encrypted: guard the file

It holds users, password hashes, sessions and keys as they are at its start; logins go on meanwhile.
The file is there once it is whole, and only its owner can read it. With HS256, keep the secret
yourself: it is not stored. With --database-url there is nothing to back up here: use pg_dump, and
keep a copy of the master key elsewhere.";

pub(super) const RESTORE_EXAMPLES: &str = "\
Examples:
  hallpass store restore today.backup --data-dir /var/lib/hallpass
  hallpass store restore b.backup.age --identity key.txt --data-dir ./restored

The directory must be empty or not there. Users keep their ids, and sessions go on. Sessions that
ended and passwords that changed after the backup are again as they were: if that matters, run
`hallpass keys reset` before the server starts, which signs everybody out.";

/// `hallpass store backup`
#[derive(Args, Debug)]
pub struct Backup {
    /// The file to make, or the directory to make it in
    #[arg(value_name = "FILE|DIR")]
    to: PathBuf,
    #[command(flatten)]
    seal: SealArgs,
    #[command(flatten)]
    place: Place,
}

/// `hallpass store restore`
#[derive(Args, Debug)]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    opener: Opener,
    #[command(flatten)]
    place: Place,
}

impl Backup {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let seal = self.seal.seal()?;
        let to = Destination::at(&self.to, Clock::system().now())?;
        let mut executor = self.place.executor(Offline::default()).await?;
        let file = NewFile::begin(to, &seal)?;
        let made = executor.back_up(file.writer()).await;
        let head = made.context("no backup was made")?;
        let path = file.finish()?;
        say(format_args!("{} has {}", shown(&path), contents(&head)))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let dir = self.place.empty_directory()?;
        let was_new = !dir.exists();
        let head = opening::restore(dir, || open(&self.file, &self.opener))
            .with_context(|| format!("{} was not restored", shown(&self.file)))?;
        say(format_args!("{} has {}", shown(dir), contents(&head)))?;
        if was_new && data_dir::will_be_roots() {
            note(format_args!("hallpass: made {}{BELONGS_TO_ROOT}", shown(dir)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads all of a backup, and looks for what is wrong in it.
pub(super) fn check(file: &Path, opener: &Opener) -> anyhow::Result<ExitCode> {
    let not_sound = || format!("{} can't be restored", shown(file));
    let checked = || check_backup(open(file, opener)?);
    let (head, found) = checked().with_context(not_sound)?;
    tell(&found, &format!("found nothing wrong; it has {}", contents(&head)))
}

/// Says what a backup holds.
pub(super) fn info(file: &Path, opener: &Opener) -> anyhow::Result<Vec<(&'static str, String)>> {
    let not_sound = || format!("{} can't be restored", shown(file));
    let verified = || verify_backup(open(file, opener)?);
    let (head, keys) = verified().with_context(not_sound)?;
    Ok(vec![
        ("made at", head.made_at.to_string()),
        ("made by", format!("hallpass {}", head.made_by)),
        ("schema", head.schema.to_string()),
        ("users", head.users.to_string()),
        ("sessions", head.sessions.to_string()),
        ("keys", if keys.is_some() { "yes" } else { "no" }.to_owned()),
        ("bytes", file.metadata()?.len().to_string()),
    ])
}

fn contents(head: &BackupHead) -> String {
    let BackupHead { users, sessions, made_at, .. } = head;
    let count = |count: &u64, what| format!("{count} {what}{}", if *count == 1 { "" } else { "s" });
    let (users, sessions) = (count(users, "user"), count(sessions, "session"));
    format!("{users} and {sessions} of {made_at:.0}")
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}
