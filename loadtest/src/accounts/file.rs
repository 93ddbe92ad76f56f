//! Accounts that outlive a run: a file with one JSON object a line, of host, name and password.
//! People write such files by hand, too. So no account is ever removed from one.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use hallpass_contract::Secret;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::sut::Account;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredAccount {
    /// Scheme, host and port.
    host: String,
    username: String,
    password: Secret,
    /// The secret of its one-time codes in base32, if it signs in with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    totp: Option<Secret>,
}

/// What an account signs in with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SignInBy {
    /// A password alone.
    Password,
    /// A password and a one-time code.
    TwoSteps,
}

impl SignInBy {
    fn of(account: &Account) -> Self {
        if account.totp.is_some() { Self::TwoSteps } else { Self::Password }
    }
}

/// What every line begins with, since fields are written in their order.
const LINE_START: &str = "{\"host\":\"";

/// The file, open and locked. An account is on the disk before anybody relies on it.
#[derive(Debug)]
pub(crate) struct AccountsFile {
    path: PathBuf,
    file: File,
    host: String,
    accounts: Vec<Account>,
    /// Whether the last line has no end yet, as an editor may leave it.
    open_end: bool,
}

impl AccountsFile {
    /// Opens the file, or makes it, and reads the accounts of this host. A last line that is cut
    /// off is dropped if it looks like one of ours: a crash left it, and nobody relied on it.
    ///
    /// # Errors
    ///
    /// It can't be read and written, others can read it, another run uses it, or a line is not one
    /// of ours.
    pub(crate) fn open(path: &Path, host: &Url) -> anyhow::Result<Self> {
        Self::read(path, host).with_context(|| format!("the accounts file {}", path.display()))
    }

    fn read(path: &Path, host: &Url) -> anyhow::Result<Self> {
        let mut file = private().append(true).read(true).create(true).open(path)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            bail!("holds passwords, and others can read it: chmod 600 it");
        }
        file.try_lock().context("another run may be using it")?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let (whole, cut_off) = text.split_at(text.rfind('\n').map_or(0, |end| end + 1));
        let host = host.origin().ascii_serialization();
        let open_end = serde_json::from_str::<StoredAccount>(cut_off).is_ok();
        let whole = if open_end { text.as_str() } else { whole };
        let accounts = parse(whole, &host)?;
        if !cut_off.is_empty() && !open_end {
            if !cut_off.starts_with(LINE_START) && !LINE_START.starts_with(cut_off) {
                bail!("the last line is not one of ours");
            }
            file.set_len(whole.len() as u64)?;
        }
        sync_parent(path)?;
        Ok(Self { path: path.to_owned(), file, host, accounts, open_end })
    }

    /// The accounts of this host that sign in in this way, the oldest first.
    pub(crate) fn accounts(&self, how: SignInBy) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(move |account| SignInBy::of(account) == how)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds accounts; they are on the disk when this returns.
    pub(crate) fn record<'a>(
        &mut self,
        accounts: impl Iterator<Item = &'a Account>,
    ) -> anyhow::Result<()> {
        let mut text = if self.open_end { b"\n".to_vec() } else { Vec::new() };
        for account in accounts {
            let Account { username, password, totp } = account.clone();
            let line = StoredAccount { host: self.host.clone(), username, password, totp };
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
            self.accounts.push(account.clone());
        }
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("cannot write to {}", self.path.display()))?;
        self.open_end = false;
        Ok(())
    }
}

/// The accounts of this host.
fn parse(text: &str, host: &str) -> anyhow::Result<Vec<Account>> {
    let mut accounts = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let StoredAccount { host: of, username, password, totp } = serde_json::from_str(line)
            .with_context(|| format!("line {} is not one of ours", number + 1))?;
        if origin(&of) == host {
            accounts.push(Account { username, password, totp });
        }
    }
    Ok(accounts)
}

/// Scheme, host and port of a URL that somebody may have written with more than that.
fn origin(host: &str) -> String {
    let url = Url::parse(host).map(|url| url.origin().ascii_serialization());
    url.unwrap_or_else(|_| host.to_owned())
}

/// A file that only its owner can read, from its first moment on.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Makes a new name in the directory outlast a crash.
fn sync_parent(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn host(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn open(path: &Path) -> anyhow::Result<AccountsFile> {
        AccountsFile::open(path, &host("http://127.0.0.1:8080"))
    }

    fn ann_and_bob() -> [Account; 2] {
        [Account::new("ann", "pass \"1\""), Account::new("bob", "pass 2")]
    }

    fn by_password(file: &AccountsFile) -> Vec<Account> {
        file.accounts(SignInBy::Password).cloned().collect()
    }

    #[test]
    fn what_is_recorded_is_there_the_next_time_and_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts.jsonl");
        open(&path).unwrap().record(ann_and_bob().iter()).unwrap();
        assert_eq!(by_password(&open(&path).unwrap()), ann_and_bob());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let other = AccountsFile::open(&path, &host("http://127.0.0.1:8081")).unwrap();
        assert_eq!(by_password(&other), []);
    }

    #[test]
    fn a_line_that_a_crash_cut_off_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts.jsonl");
        open(&path).unwrap().record(ann_and_bob().iter()).unwrap();
        let length = path.metadata().unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 3).unwrap();
        let mut file = open(&path).unwrap();
        assert_eq!(by_password(&file), &ann_and_bob()[..1]);
        file.record(ann_and_bob()[1..].iter()).unwrap();
        drop(file);
        assert_eq!(by_password(&open(&path).unwrap()), ann_and_bob());
    }

    #[test]
    fn a_file_of_something_else_is_refused_and_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        for (text, says) in [("{}\n", "line 1"), ("buy milk", "the last line")] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            let error = format!("{:#}", open(&path).unwrap_err());
            assert!(error.contains(says), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts.jsonl");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(format!("{:#}", open(&path).unwrap_err()).contains("chmod 600"));
    }

    #[test]
    fn two_runs_at_once_cannot_share_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts.jsonl");
        let _first = open(&path).unwrap();
        assert!(format!("{:#}", open(&path).unwrap_err()).contains("another run"));
    }

    #[test]
    fn a_file_that_was_written_by_hand_keeps_its_last_line_without_an_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts.jsonl");
        let by_hand = "{\"username\": \"ann\", \"password\": \"1\", \"host\": \"http://127.0.0.1:8080/\"}\n\
                       {\"host\": \"HTTP://127.0.0.1:8080\", \"username\": \"bob\", \"password\": \"2\"}";
        std::fs::write(&path, by_hand).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let mut file = open(&path).unwrap();
        assert_eq!(by_password(&file), [Account::new("ann", "1"), Account::new("bob", "2")]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), by_hand);
        file.record([Account::new("eve", "3")].iter()).unwrap();
        drop(file);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(&format!("{by_hand}\n")));
        assert_eq!(by_password(&open(&path).unwrap()).len(), 3);
    }

    #[test]
    fn an_account_with_one_time_codes_is_none_that_signs_in_by_its_password() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts.jsonl");
        let eve = Account { totp: Some(Secret::from("JBSWY3DP")), ..Account::new("eve", "3") };
        let mut file = open(&path).unwrap();
        file.record(ann_and_bob().iter().chain([&eve])).unwrap();
        drop(file);
        let file = open(&path).unwrap();
        assert_eq!(by_password(&file), ann_and_bob());
        assert_eq!(file.accounts(SignInBy::TwoSteps).collect::<Vec<_>>(), [&eve]);
    }
}
