//! The account with the authority.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use instant_acme::{Account, AccountBuilder, AccountCredentials, NewAccount};
use serde::{Deserialize, Serialize};

use crate::config::AcmeSettings;
use crate::data_dir;

/// An account as it is kept, with its private key.
#[derive(Deserialize, Serialize)]
struct Kept {
    /// The authority's.
    directory: String,
    credentials: AccountCredentials,
}

fn path(dir: &Path) -> PathBuf {
    dir.join("account.json")
}

/// Removes the account that is kept, since the authority does not know it.
pub(super) fn forget_account(dir: &Path) -> anyhow::Result<()> {
    let path = path(dir);
    fs::remove_file(&path).with_context(|| format!("can't remove {}", path.display()))
}

/// The account that is kept, or a new one.
pub(super) async fn account(settings: &AcmeSettings, dir: &Path) -> anyhow::Result<Account> {
    let path = path(dir);
    let broken = || format!("can't read the account in {}; remove that file", path.display());
    let kept: Option<Kept> = match fs::read(&path) {
        Ok(json) => serde_json::from_slice(&json).with_context(broken)?,
        Err(missing) if missing.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(broken),
    };
    if let Some(kept) = kept.filter(|kept| kept.directory == settings.directory) {
        return Ok(builder(settings)?.from_credentials(kept.credentials).await?);
    }
    let contact: Vec<_> = settings.contact.iter().map(|mail| format!("mailto:{mail}")).collect();
    let contact: Vec<_> = contact.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let directory = settings.directory.clone();
    let made = builder(settings)?.create(&new, directory.clone(), None).await;
    let (account, credentials) =
        made.with_context(|| format!("no account with {directory} could be made"))?;
    let json = serde_json::to_vec(&Kept { directory, credentials })?;
    data_dir::replace_whole(&path, |mut file| Ok(file.write_all(&json)?))?;
    Ok(account)
}

/// Reads what the settings name for the connection to the authority.
pub(super) fn check(settings: &AcmeSettings) -> anyhow::Result<()> {
    builder(settings).map(|_| ())
}

fn builder(settings: &AcmeSettings) -> anyhow::Result<AccountBuilder> {
    Ok(match &settings.ca {
        Some(ca) => Account::builder_with_root(ca)
            .with_context(|| format!("can't use --acme-ca {}", ca.display()))?,
        None => Account::builder()?,
    })
}
