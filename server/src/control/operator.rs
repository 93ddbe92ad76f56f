use std::fmt;

use anyhow::{Context as _, bail};

use super::protocol::{Command, Reply};
use crate::audit::{Actor, Event, Record};
use crate::state::App;

/// Does what the command line asks for.
#[derive(Debug)]
pub struct Operator {
    pub(super) app: App,
    /// What it has imported so far.
    pub(super) imported: Tally,
}

/// How many records were imported, and what became of them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) added: usize,
    pub(super) already_there: usize,
    pub(super) refused: usize,
}

impl Operator {
    /// One for a single run of the command line.
    pub fn new(app: App) -> Self {
        Self { app, imported: Tally::default() }
    }

    /// Does it, or says why not.
    pub async fn execute(&mut self, command: Command) -> Reply {
        let done = match command {
            Command::AddUser { username, password, roles } => {
                self.add_user(&username, password, roles).await
            }
            Command::User { username } => self.show_user(&username).await,
            Command::Users { after, limit } => self.list_users(after, limit).await,
            Command::Export { after, limit } => self.export(after, limit).await,
            Command::Import { records } => self.import(records).await,
            Command::SetRoles { username, roles } => self.set_roles(&username, roles).await,
            Command::ChangeRoles { username, add, remove } => {
                self.change_roles(&username, add, &remove).await
            }
            Command::SetDisabled { username, disabled } => {
                self.set_disabled(&username, disabled).await
            }
            Command::SetPassword { username, password } => {
                self.set_password(&username, password).await
            }
            Command::DeleteUser { username } => self.delete_user(&username).await,
            Command::Resets => self.resets().await,
            Command::WithdrawReset { username } => self.withdraw_reset(&username).await,
            Command::Keys => Ok(Reply::Keys { keys: self.app.keys.list(self.app.clock.now()) }),
            Command::RotateKey => self.rotate_key().await,
            Command::ResetKeys => self.reset_keys().await,
            Command::InspectToken { token } => self.inspect(token.expose()).await,
        };
        done.unwrap_or_else(|error| Reply::Refused { reason: format!("{error:#}") })
    }

    async fn rotate_key(&self) -> anyhow::Result<Reply> {
        let (keys, now) = (self.app.keys.clone(), self.app.clock.now());
        let rotated = tokio::task::spawn_blocking(move || keys.rotate(now)).await;
        match rotated.context("the rotation panicked")? {
            Ok(key) => {
                line(Event::KeyRotation).detail(&key.kid).ok();
                Ok(Reply::Keys { keys: vec![key] })
            }
            Err(error) => {
                line(Event::KeyRotation).refused(&error.to_string());
                bail!(error)
            }
        }
    }

    /// Keys first: from then on no token of before is good for anything, whatever comes after.
    async fn reset_keys(&self) -> anyhow::Result<Reply> {
        let (keys, now) = (self.app.keys.clone(), self.app.clock.now());
        let at = self.app.moment();
        let reset = tokio::task::spawn_blocking(move || keys.reset(now)).await;
        match reset.context("the reset panicked")? {
            Ok(key) => {
                line(Event::KeyReset).detail(&key.kid).ok();
                let ended = self.app.store.end_all_sessions(at).await;
                ended.context("the keys are new, but old sessions are still listed")?;
                Ok(Reply::Keys { keys: vec![key] })
            }
            Err(error) => {
                line(Event::KeyReset).refused(&error.to_string());
                bail!(error)
            }
        }
    }
}

/// A line of the audit log.
pub(super) fn line(event: Event) -> Record<'static> {
    Record::by_actor(event, Actor::CommandLine)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { added, already_there, refused } = self;
        write!(f, "added {added}, already there {already_there}, refused {refused}")
    }
}

/// An import comes in many commands and is one line of the audit log, even if whoever asked for it
/// was killed on the way.
impl Drop for Operator {
    fn drop(&mut self) {
        let Tally { added, already_there, refused } = self.imported;
        if added + already_there + refused > 0 {
            line(Event::Import).detail(&self.imported).ok();
        }
    }
}
