//! Users move from one system to another, with the hashes of their passwords.

use std::fmt;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use hallpass_contract::{Secret, USER_ROLE};
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::Accounts;
use super::error::{AccountError, phrase};
use crate::audit::{AuditLog, Event, Record};
use crate::proof::factors::{exported, imported};
use crate::proof::password::{StoredHash, UNUSABLE, is_unusable};
use crate::roles;
use crate::store::{Totp, User, UserId, Users};
use crate::username::Username;

/// A user as import reads and export writes them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UserRecord {
    /// The name.
    pub username: String,
    /// In any format that [`StoredHash`] reads; kept as it is. With an exclamation mark in front,
    /// no password is right.
    pub password_hash: Secret,
    /// All roles; `user` if they are not said.
    pub roles: Option<Vec<String>>,
    /// When the user registered; now if it is not said.
    pub created_at: Option<Timestamp>,
    /// Whether the user is shut out.
    pub disabled: bool,
    /// The secret of the user's one-time codes, in base32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp_secret: Option<Secret>,
}

/// What became of a record.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportResult {
    /// It is a user now.
    Added,
    /// There is a user of that name, who stays as they are.
    AlreadyThere,
    /// It breaks a rule; which one, without a word of the hash.
    Refused(String),
}

/// An import, which comes in many parts. Dropped, it is one audit record, even if whoever asked for
/// it was killed on the way.
#[derive(Debug)]
pub struct ImportRun {
    audit: Arc<AuditLog>,
    added: usize,
    already_there: usize,
    refused: usize,
}

/// Some users with their hashes.
#[derive(Debug)]
pub struct UserPage {
    /// Who.
    pub records: Vec<UserRecord>,
    /// Whose records can't be read.
    pub damaged: Vec<UserId>,
    /// What to give as `after` for more; none on the last page.
    pub next: Option<UserId>,
    /// How many of the users have second factors that are not in the records.
    pub left_behind: usize,
}

impl Accounts {
    /// The beginning of an import.
    pub fn begin_import(&self) -> ImportRun {
        let audit = Arc::clone(&self.audit);
        ImportRun { audit, added: 0, already_there: 0, refused: 0 }
    }

    /// Adds the users whose names nobody has, for an operator. Says of each what became of it. A
    /// rehearsal says the same and changes nothing; of two users with one name it adds both.
    pub async fn import(
        self: &Arc<Self>,
        records: Vec<UserRecord>,
        run: Option<&mut ImportRun>,
    ) -> Result<Vec<ImportResult>, AccountError> {
        let now = self.clock.now();
        let (mut users, mut refusals) = (Vec::new(), Vec::new());
        for record in records {
            match self.user_of(record, now) {
                Ok(user) => {
                    users.push(user);
                    refusals.push(None);
                }
                Err(error) => refusals.push(Some(format!("{error:#}"))),
            }
        }
        let added = match &run {
            Some(_) => {
                let import = |it: Arc<Self>| async move { Ok(it.store.import_users(users).await?) };
                self.to_the_end(import).await?
            }
            None => self.are_free(&users).await?,
        };
        let mut added = added.into_iter();
        let results = refusals.into_iter().map(|refused| match refused {
            Some(reason) => ImportResult::Refused(reason),
            None if added.next() == Some(true) => ImportResult::Added,
            None => ImportResult::AlreadyThere,
        });
        let results: Vec<_> = results.collect();
        if let Some(run) = run {
            results.iter().for_each(|result| run.count(result));
        }
        Ok(results)
    }

    /// Of each user, whether nobody has the name.
    async fn are_free(&self, users: &[User]) -> Result<Vec<bool>, AccountError> {
        let mut free = Vec::with_capacity(users.len());
        for user in users {
            free.push(self.store.user_by_name(&user.username_key).await?.is_none());
        }
        Ok(free)
    }

    /// The user that a record makes.
    fn user_of(&self, record: UserRecord, now: Timestamp) -> anyhow::Result<User> {
        let secret = record.totp_secret.clone();
        let mut user = user(record, now)?;
        if let Some(secret) = secret {
            let sealer = self.prover.factors.secrets()?;
            let totp = imported(&sealer, user.id, &secret, now).context("totp_secret")?;
            user.factors.totp = Some(totp);
        }
        Ok(user)
    }

    /// Hands out the next `limit` users with their password hashes, for an operator. The secrets of
    /// their one-time codes come along only if they are asked for; a user whose secret can't be
    /// opened counts as damaged then.
    pub async fn export(
        &self,
        after: Option<UserId>,
        limit: usize,
        with_secrets: bool,
    ) -> Result<UserPage, AccountError> {
        let Users { users, mut damaged, next } = self.store.users(after, limit).await?;
        let (mut records, mut left_behind) = (Vec::new(), 0);
        for user in users {
            let totp = user.factors.totp.as_ref().filter(|_| with_secrets);
            let is_whole = user.factors.passkeys.is_empty() && totp.is_some();
            left_behind += usize::from(user.factors.are_needed() && !is_whole);
            let sealed = totp.map(|totp| self.exported_secret(&user, totp)).transpose();
            let Ok(totp_secret) = sealed else {
                damaged.push(user.id);
                continue;
            };
            records.push(UserRecord { totp_secret, ..UserRecord::from(user) });
        }
        Ok(UserPage { records, damaged, next, left_behind })
    }

    fn exported_secret(&self, user: &User, totp: &Totp) -> anyhow::Result<Secret> {
        let secret = exported(&self.prover.factors.secrets()?, user.id, totp);
        secret.inspect_err(|error| tracing::warn!(user = %user.id, "no export: {error:#}"))
    }
}

impl ImportRun {
    fn count(&mut self, result: &ImportResult) {
        match result {
            ImportResult::Added => self.added += 1,
            ImportResult::AlreadyThere => self.already_there += 1,
            ImportResult::Refused(_) => self.refused += 1,
        }
    }
}

impl fmt::Display for ImportRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { added, already_there, refused, .. } = self;
        write!(f, "added {added}, already there {already_there}, refused {refused}")
    }
}

impl Drop for ImportRun {
    fn drop(&mut self) {
        if self.added + self.already_there + self.refused > 0 {
            Record::of_operator(Event::Import).detail(&self).ok(&self.audit);
        }
    }
}

/// The user that a record makes.
fn user(record: UserRecord, now: Timestamp) -> anyhow::Result<User> {
    let refused = |sentence| anyhow!(phrase(sentence));
    let username = Username::given(&record.username).map_err(refused).context("username")?;
    let hash = usable_or_none(record.password_hash).context("password_hash")?;
    let roles = record.roles.unwrap_or_else(|| vec![USER_ROLE.to_owned()]);
    let roles = roles::check(roles).map_err(refused).context("roles")?;
    let created_at = record.created_at.unwrap_or(now);
    // Ids begin with the time since 1970 and order users by it; clocks of two machines may differ.
    if created_at < Timestamp::UNIX_EPOCH || created_at > now.saturating_add(24.hours())? {
        bail!("created_at: it is before 1970 or in the future");
    }
    let user = User::new(&username, hash, roles, created_at);
    Ok(User { disabled: record.disabled, ..user })
}

/// The hash as it is stored.
fn usable_or_none(hash: Secret) -> anyhow::Result<Secret> {
    if is_unusable(hash.expose()) {
        return Ok(UNUSABLE.into());
    }
    StoredHash::parse(hash.expose())?;
    Ok(hash)
}

impl From<User> for UserRecord {
    /// Without second factors.
    fn from(user: User) -> Self {
        Self {
            username: user.username,
            password_hash: user.password_hash,
            roles: Some(user.roles),
            created_at: Some(user.created_at),
            disabled: user.disabled,
            totp_secret: None,
        }
    }
}
