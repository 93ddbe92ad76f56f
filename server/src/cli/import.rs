//! `hallpass user import`: users of another system, with the hashes it made.

mod auth0;
mod complaints;
mod csv;
mod document;
mod fields;
mod firebase;
mod htpasswd;
mod importing;
mod input;
mod json;
mod keycloak;
mod lines;
mod names;
mod own;
mod reader;
mod recognized;
mod records;
mod row;
mod source;
mod table;
mod tables;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::importing::{Importing, Secrets};
use self::source::Source;
use super::executor::{Offline, Place};
use super::terminal::{note, say};
use crate::proof::password::FirebaseProject;

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass user import --dry-run users.csv
  hallpass user import realm.json
  hallpass user import users.json --firebase-hash-config hash-config.txt
  sqlite3 -header -csv app.db \"SELECT username, password_hash, NOT is_active AS disabled
    FROM user\" | hallpass user import -

Files of Django, Keycloak, Auth0, Firebase, Supabase, PocketBase and htpasswd are recognized by
themselves. Users sign in with the password they have, and it is hashed anew then. Or else CSV with
a header, or JSON objects in lines or in an array:
  username       needed
  password_hash  needed; of hallpass, bcrypt, argon2, Werkzeug, Django, passlib, or Supabase's form of
                 Firebase. Empty, or ! as in Django: there is no password, and the user needs a
                 reset link
  roles          \"user admin\", \"user,admin\", in JSON also [\"user\", \"admin\"]; `user` without it,
                 and none where it is empty
  created_at     2024-02-29T12:00:00Z, 2024-02-29 12:00:00.123456+00, or seconds since 1970; UTC
                 unless it says otherwise; now without it
  disabled       true or false, or 1 or 0; false without it. A file that has is_active or blocked
                 instead is refused: nobody who is shut out comes back unnoticed
  totp_secret    the secret of one-time codes, in base32 (SHA-1, 6 digits, 30 seconds); read with
                 --with-secrets. Without that flag such a line is a bad line

Bad lines are reported and the rest goes in; the exit code is 1 then. Equal complaints are one with
a count. A user who was there before stays as they are, so running it twice changes nothing. A
second line with the name of an earlier one is a bad line, also where the two differ in case only.";

/// `hallpass user import`
#[derive(Args, Debug)]
pub struct Import {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which system wrote it; without it, the file tells
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Source>,
    /// Say what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Let users come in without a password if their hash is refused: each needs a reset link
    #[arg(long)]
    without_refused_hashes: bool,
    /// A file with the "password hash parameters" of a Firebase project, as its console shows them
    #[arg(long, value_name = "FILE")]
    firebase_hash_config: Option<PathBuf>,
    /// Take over the secrets of one-time codes
    #[arg(long)]
    with_secrets: bool,
    /// Leave the secrets of one-time codes out: the password alone signs these users in
    #[arg(long, conflicts_with = "with_secrets")]
    without_secrets: bool,
    #[command(flatten)]
    place: Place,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let firebase = self.firebase_hash_config.as_deref().map(project).transpose()?;
        let (input, size) = input::open(&self.file)?;
        let given = self.format.or_else(|| format_of(&self.file));
        let (source, mut records) = recognized::records(input, given, firebase)
            .with_context(|| format!("can't import {}", self.file.display()))?;
        let (place, _temporary) = match self.dry_run {
            true => self.place.for_rehearsal()?,
            false => (self.place.clone(), None),
        };
        let offline = Offline {
            make_directory: !self.dry_run,
            needs_keys: self.with_secrets,
            ..Offline::default()
        };
        let mut executor = place.executor(offline).await?;
        note(format_args!("hallpass: reading it as {}", source.name()));
        let mut importing = Importing::new(bar(size), self.secrets());
        importing.dry_run = self.dry_run;
        importing.without_refused_hashes = self.without_refused_hashes;
        let outcome = importing.all(&mut *records, &mut executor).await;
        executor.end_import().await;
        importing.say_what_is_to_know();
        outcome.with_context(|| {
            format!("{}; it can be run again, which goes on from there", importing.summary())
        })?;
        say(importing.summary())?;
        Ok(if importing.nothing_was_bad() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn secrets(&self) -> Secrets {
        match (self.with_secrets, self.without_secrets) {
            (true, _) => Secrets::Taken,
            (_, true) => Secrets::Left,
            _ => Secrets::Refused,
        }
    }
}

fn project(file: &Path) -> anyhow::Result<FirebaseProject> {
    let failed = || format!("can't read --firebase-hash-config {}", file.display());
    let text = std::fs::read_to_string(file).with_context(failed)?;
    FirebaseProject::parse(&text).with_context(failed)
}

fn format_of(path: &Path) -> Option<Source> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(Source::Csv),
        "jsonl" | "ndjson" => Some(Source::Jsonl),
        _ => None,
    }
}

/// The numbers of the lines of a file that is fed by `server/fuzz`.
#[cfg(fuzzing)]
pub(crate) fn read(file: Vec<u8>) -> Vec<u64> {
    const PROJECT: &str = "base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\n\
                           base64_salt_separator: Bw==\nrounds: 8\nmem_cost: 14\n";
    let project = FirebaseProject::parse(PROJECT).expect("it is one");
    let input = input::utf8(io::Cursor::new(file)).expect("memory can be read");
    let Ok((_, mut records)) = recognized::records(input, None, Some(project)) else {
        return Vec::new();
    };
    std::iter::from_fn(|| records.next().expect("memory can be read"))
        .map(|(spot, _)| spot.entry.unwrap_or(spot.line))
        .collect()
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
