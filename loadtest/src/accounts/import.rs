//! Many accounts at once on a started server. One registers over HTTP, and `hallpass user import`
//! adds the others with a copy of its password hash.
//!
//! They share one password and one salt. That changes nothing for a sign-in: the server computes a
//! whole hash for each login. It saves computing a hash for each account beforehand.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;

use anyhow::{Context, bail};
use hallpass_process::command;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use tokio::process::Command;

use super::names::Namer;
use crate::sut::{Account, OwnServer};

/// Fewer accounts than this register over HTTP as they would anywhere.
pub(crate) const WORTHWHILE: usize = 100;

/// The fields of a user's record that are exported and imported.
#[derive(Deserialize, Serialize)]
struct ExportedUser {
    username: String,
    password_hash: String,
}

/// The first account and copies of it under other names, `count` in all.
///
/// # Errors
///
/// The server's command line fails; then none but the first is sure to be there.
pub(crate) async fn copies(
    own: &OwnServer,
    namer: &Namer,
    first: Arc<Account>,
    count: usize,
) -> anyhow::Result<Vec<Arc<Account>>> {
    let password_hash = password_hash(own, &first.username).await?;
    let mut accounts = vec![Arc::clone(&first)];
    accounts.extend((1..count).map(|number| {
        let username = namer.username(number);
        Arc::new(Account { username, password: first.password.clone(), totp: None })
    }));
    let file = written(&accounts[1..], &password_hash)?;
    hallpass(own, "import", Some(file.path())).await?;
    eprintln!("imported {} accounts that share a password with a registered one", count - 1);
    Ok(accounts)
}

/// A file of these accounts, as `hallpass user import` reads it.
fn written(accounts: &[Arc<Account>], password_hash: &str) -> anyhow::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().suffix(".jsonl").tempfile()?;
    for account in accounts {
        let (username, password_hash) = (account.username.clone(), password_hash.to_owned());
        serde_json::to_writer(&mut file, &ExportedUser { username, password_hash })?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(file)
}

/// Disables a user.
pub(crate) fn disable(own: &OwnServer, username: &str) -> anyhow::Result<()> {
    let mut line = command::hallpass(&own.binary);
    line.args(["user", "disable", username, "--data-dir"]).arg(&own.data_dir);
    let output = line.stdin(Stdio::null()).output().context("hallpass user disable")?;
    ended_well("disable", &output)
}

async fn password_hash(own: &OwnServer, username: &str) -> anyhow::Result<String> {
    let exported = hallpass(own, "export", None).await?.stdout;
    for line in exported.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let record: ExportedUser = serde_json::from_slice(line).context("an exported user")?;
        if record.username == username {
            return Ok(record.password_hash);
        }
    }
    bail!("the registered account is not among the exported ones")
}

/// Runs `hallpass user COMMAND` on the server's data directory.
async fn hallpass(own: &OwnServer, name: &str, file: Option<&Path>) -> anyhow::Result<Output> {
    let mut line = Command::from(command::hallpass(&own.binary));
    line.args(["user", name]).args(file).arg("--data-dir").arg(&own.data_dir);
    if file.is_none() {
        line.args(["--format", "jsonl"]);
    }
    let output = line.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = output.await.with_context(|| format!("hallpass user {name}"))?;
    ended_well(name, &output)?;
    Ok(output)
}

fn ended_well(command: &str, output: &Output) -> anyhow::Result<()> {
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("hallpass user {command} ended ({}): {}", output.status, words.trim_end());
    }
    Ok(())
}
