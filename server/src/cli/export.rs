use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};
use hallpass_contract::Secret;

use super::executor::{Offline, Place, unexpected};
use super::list::{PAGE, left_out};
use super::terminal::{Stdout, note};
use crate::accounts::UserRecord;
use crate::control::{Command, Reply};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass user export > users.csv
  hallpass user export --format jsonl | gzip > users.jsonl.gz
  hallpass user export --with-secrets > all.csv       then, once the other server has started:
  hallpass user import --with-secrets all.csv --data-dir ../other

Password hashes are in it, so keep it where nobody else can read it. Names, hashes, roles, times of
registration and who is disabled come out of `import` as they were. The secrets of one-time codes
are in it with --with-secrets, in clear. Passkeys, recovery codes, ids, sessions and keys are not in
it: to move a whole server, use `hallpass store backup` and `store restore`.";

/// A file format of users.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values with a header
    Csv,
    /// One JSON object in each line
    Jsonl,
}

/// The columns of a CSV file, in the order in which we write them.
pub(super) const COLUMNS: [&str; 6] =
    ["username", "password_hash", "roles", "created_at", "disabled", TOTP_SECRET];

/// The column that is there with `--with-secrets` alone.
const TOTP_SECRET: &str = "totp_secret";

/// `hallpass user export`
#[derive(Args, Debug)]
pub struct Export {
    /// How to write them
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "csv")]
    format: Format,
    /// With the secrets of one-time codes, in clear: whoever reads them can make the codes
    #[arg(long)]
    with_secrets: bool,
    #[command(flatten)]
    place: Place,
}

impl Export {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let with_secrets = self.with_secrets;
        let offline = Offline { needs_keys: with_secrets, ..Offline::default() };
        let mut executor = self.place.executor(offline).await?;
        if io::stdout().is_terminal() {
            let also = if with_secrets { " and secrets of one-time codes" } else { "" };
            note(format_args!(
                "hallpass: these are password hashes{also}; send them to a file that only you can \
                 read"
            ));
        }
        let mut stdout = Stdout::lock();
        if self.format == Format::Csv {
            stdout.line(columns(with_secrets).join(","))?;
        }
        let (mut after, mut code, mut left) = (None, ExitCode::SUCCESS, 0);
        loop {
            let command = Command::Export { after, limit: PAGE, with_secrets };
            let reply = executor.ask(command).await?;
            let Reply::Records { records, damaged, next, left_behind } = reply else {
                bail!(unexpected())
            };
            left += left_behind;
            stdout.bytes(&match self.format {
                Format::Csv => csv(&records, with_secrets)?,
                Format::Jsonl => jsonl(&records)?,
            })?;
            for user in damaged {
                note(format_args!("hallpass: {}", left_out(user)));
                code = ExitCode::FAILURE;
            }
            if next.is_none() {
                say_what_is_left(left, with_secrets);
                return stdout.flush().map(|()| code);
            }
            after = next;
        }
    }
}

/// Whoever imports the file must know for whom the password alone will do.
fn say_what_is_left(users: usize, with_secrets: bool) {
    if users == 0 {
        return;
    }
    let what = if with_secrets {
        "passkeys, which can't be moved"
    } else {
        "second factors that are not in it; --with-secrets adds one-time codes"
    };
    note(format_args!("hallpass: of these users {users} have {what}"));
}

fn columns(with_secrets: bool) -> &'static [&'static str] {
    if with_secrets { &COLUMNS } else { &COLUMNS[..COLUMNS.len() - 1] }
}

fn csv(records: &[UserRecord], with_secrets: bool) -> anyhow::Result<Vec<u8>> {
    let mut rows = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for record in records {
        let UserRecord { username, password_hash, roles, created_at, disabled, totp_secret } =
            record;
        let roles = roles.as_deref().unwrap_or_default().join(" ");
        let created_at = created_at.map(|at| at.to_string()).unwrap_or_default();
        let secret = totp_secret.as_ref().map_or("", Secret::expose);
        let disabled = disabled.to_string();
        let all = [username, password_hash.expose(), &roles, &created_at, &disabled, secret];
        rows.write_record(&all[..columns(with_secrets).len()])?;
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
