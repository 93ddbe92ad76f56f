mod incidents;
mod oauth;

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};

use super::protocol::{Command, Reply};
use crate::accounts::{
    AccountEdit, AccountError, Accounts, ImportRun, NewAccount, RoleEdit, UserPage, UserRecord,
};
use crate::origin::Origin;
use crate::shown;
use crate::store::{BackupHead, EditUserError, StoreCounts, User, UserId, Users};

/// The most users of one page.
const MAX_PAGE: usize = 1000;

/// Does what the command line asks for: turns commands into calls of use cases, and results into
/// replies.
#[derive(Debug)]
pub(crate) struct Operator {
    accounts: Arc<Accounts>,
    /// What it has imported so far.
    import: ImportRun,
}

impl Operator {
    /// One for a single run of the command line.
    pub(crate) fn new(accounts: Arc<Accounts>) -> Self {
        let import = accounts.begin_import();
        Self { accounts, import }
    }

    /// Keeps the audit records of what was done, where no server does.
    pub(crate) async fn keep_audit(&self) -> anyhow::Result<()> {
        Ok(self.accounts.keep_audit(true).await?)
    }

    /// Ends the import, if there was any, so that there is a record of it.
    pub(crate) fn end_import(&mut self) {
        self.import = self.accounts.begin_import();
    }

    /// Does it, or says why not.
    pub(crate) async fn execute(&mut self, command: Command) -> Reply {
        let done = self.try_execute(command).await;
        done.unwrap_or_else(|error| Reply::Refused { reason: format!("{error:#}") })
    }

    /// Writes a backup, or says why not.
    pub(crate) async fn back_up(&self, out: Box<dyn Write + Send>) -> anyhow::Result<BackupHead> {
        Ok(self.accounts.back_up(out).await?)
    }

    async fn try_execute(&mut self, command: Command) -> anyhow::Result<Reply> {
        let accounts = &self.accounts;
        Ok(match command {
            Command::AddUser { username, password, roles } => {
                let new = NewAccount { username, password, roles };
                of_user(accounts.register(new, Origin::Operator).await?)
            }
            Command::User { username } => of_user(self.find(&username).await?),
            Command::Users { search, after, limit } => {
                self.users(search.as_deref(), after, limit).await?
            }
            Command::Export { after, limit, with_secrets } => {
                self.export(after, limit, with_secrets).await?
            }
            Command::Import { records } => self.import(records, false).await?,
            Command::RehearseImport { records } => self.import(records, true).await?,
            Command::SetRoles { username, roles } => {
                self.set_roles(&username, RoleEdit::Set(roles)).await?
            }
            Command::ChangeRoles { username, add, remove } => {
                self.set_roles(&username, RoleEdit::Change { add, remove }).await?
            }
            Command::SetDisabled { username, disabled } => {
                self.set_disabled(&username, disabled).await?
            }
            Command::SetPassword { username, password } => {
                let user = self.find(&username).await?;
                of_user(accounts.set_password(user, password).await?)
            }
            Command::DeleteUser { username } => {
                let user = self.find(&username).await?;
                of_user(accounts.delete(user.id, Origin::Operator).await?)
            }
            Command::Resets => self.resets().await?,
            Command::WithdrawReset { username } => self.withdraw_reset(&username).await?,
            Command::Keys => Reply::Keys { keys: accounts.signing_keys() },
            Command::RotateKey => {
                Reply::Keys { keys: vec![accounts.rotate_keys(Origin::Operator).await?] }
            }
            Command::ResetKeys => Reply::Keys { keys: vec![accounts.reset_keys().await?] },
            Command::Incident(incident) => self.incident(incident).await?,
            Command::Oauth(command) => self.oauth(command).await?,
            // Whoever serves the operator's commands sends the stream instead of asking here.
            Command::BackUp => bail!("a backup is a stream"),
            Command::Counts => self.counts().await?,
            Command::InspectToken { token } => {
                Reply::Token { inspection: accounts.inspect(token.expose()).await? }
            }
        })
    }

    async fn set_disabled(&self, name: &str, disabled: bool) -> anyhow::Result<Reply> {
        let edit = AccountEdit { disabled: Some(disabled), ..AccountEdit::default() };
        self.edit(name, edit).await
    }

    async fn find(&self, name: &str) -> anyhow::Result<User> {
        let user = self.accounts.user_named(name).await?;
        user.with_context(|| format!("there is no user {name}"))
    }

    async fn users(
        &self,
        search: Option<&str>,
        after: Option<UserId>,
        limit: usize,
    ) -> anyhow::Result<Reply> {
        let page = self.accounts.users(search, after, limit.clamp(1, MAX_PAGE)).await?;
        let Users { users, damaged, next } = page;
        Ok(Reply::Users {
            users: users.into_iter().map(shown::admin_user).collect(),
            damaged,
            next,
        })
    }

    async fn import(&mut self, records: Vec<UserRecord>, rehearse: bool) -> anyhow::Result<Reply> {
        let run = (!rehearse).then_some(&mut self.import);
        let outcomes = self.accounts.import(records, run).await?;
        Ok(Reply::Imported { outcomes })
    }

    async fn export(
        &self,
        after: Option<UserId>,
        limit: usize,
        with_secrets: bool,
    ) -> anyhow::Result<Reply> {
        let page = self.accounts.export(after, limit.clamp(1, MAX_PAGE), with_secrets).await?;
        let UserPage { records, damaged, next, left_behind } = page;
        Ok(Reply::Records { records, damaged, next, left_behind })
    }

    async fn counts(&self) -> anyhow::Result<Reply> {
        let StoreCounts { users, sessions, .. } = self.accounts.counts().await?;
        Ok(Reply::Counts { users, sessions, version: env!("HALLPASS_VERSION").to_owned() })
    }

    async fn set_roles(&self, name: &str, roles: RoleEdit) -> anyhow::Result<Reply> {
        self.edit(name, AccountEdit { roles: Some(roles), disabled: None }).await
    }

    async fn edit(&self, name: &str, edit: AccountEdit) -> anyhow::Result<Reply> {
        let user = self.find(name).await?;
        Ok(of_user(self.accounts.edit(user.id, edit, Origin::Operator).await?))
    }

    async fn resets(&self) -> anyhow::Result<Reply> {
        let resets = self.accounts.open_resets().await?;
        Ok(Reply::Resets { resets: resets.into_iter().map(shown::reset).collect() })
    }

    async fn withdraw_reset(&self, name: &str) -> anyhow::Result<Reply> {
        let user = self.find(name).await?;
        match self.accounts.withdraw_reset(user.id, Origin::Operator).await {
            Ok(()) => Ok(of_user(user)),
            Err(AccountError::NotChanged { error: EditUserError::NoOffer, .. }) => {
                Err(anyhow!("there is no reset link for {name} that could be used"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn of_user(user: User) -> Reply {
    Reply::User { user: shown::admin_user(user) }
}
