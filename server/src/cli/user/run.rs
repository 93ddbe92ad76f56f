use std::process::ExitCode;

use anyhow::bail;
use hallpass_contract::AdminUser;

use super::{Add, Delete, Named, Roles, SetPassword, UserCommand};
use crate::cli::executor::{Executor, Offline, unexpected};
use crate::cli::terminal::{confirmed, new_password, printable, say};
use crate::config::List;
use crate::control::{Command, Incident, Reply};

impl UserCommand {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run().await?,
            Self::List(list) => return list.run().await,
            Self::Roles(roles) => roles.run().await?,
            Self::SetPassword(set) => set.run().await?,
            Self::Disable(named) => named.set_disabled(true).await?,
            Self::Enable(named) => named.set_disabled(false).await?,
            Self::Sessions(list) => list.run().await?,
            Self::EndSessions(end) => end.run().await?,
            Self::Unlock(named) => named.unlock().await?,
            Self::ResetFactors(named) => named.reset_factors().await?,
            Self::Delete(delete) => delete.run().await?,
            Self::Import(import) => return import.run().await,
            Self::Export(export) => return export.run().await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        // Before the directory is opened: nobody is kept waiting while somebody types.
        let password = new_password(self.password_stdin)?;
        let offline =
            Offline { make_directory: true, passwords: Some(self.passwords), ..Offline::default() };
        let mut executor = self.place.executor(offline).await?;
        let (username, roles) = (self.username, names(&self.role));
        let user = ask_user(&mut executor, Command::AddUser { username, password, roles }).await?;
        let AdminUser { id, .. } = &user;
        say(format_args!("added {}, id {id}, {}", name(&user), roles_of(&user)))
    }
}

fn names(lists: &[List<String>]) -> Vec<String> {
    List::flat(lists).cloned().collect()
}

impl Roles {
    async fn run(self) -> anyhow::Result<()> {
        let Self { username, roles, add, remove, place } = self;
        let (roles, add, remove) = (names(&roles), names(&add), names(&remove));
        let mut executor = place.executor(Offline::default()).await?;
        let command = if !roles.is_empty() {
            Command::SetRoles { username, roles }
        } else if !(add.is_empty() && remove.is_empty()) {
            Command::ChangeRoles { username, add, remove }
        } else {
            Command::User { username }
        };
        let user = ask_user(&mut executor, command).await?;
        say(format_args!("{} has {}", name(&user), roles_of(&user)))
    }
}

impl SetPassword {
    async fn run(self) -> anyhow::Result<()> {
        let password = new_password(self.password_stdin)?;
        let offline = Offline { passwords: Some(self.passwords), ..Offline::default() };
        let mut executor = self.place.executor(offline).await?;
        let command = Command::SetPassword { username: self.username, password };
        let user = ask_user(&mut executor, command).await?;
        say(format_args!("set the password of {}; all their sessions have ended", name(&user)))
    }
}

impl Named {
    async fn set_disabled(self, disabled: bool) -> anyhow::Result<()> {
        let mut executor = self.place.executor(Offline::default()).await?;
        let command = Command::SetDisabled { username: self.username, disabled };
        let user = name(&ask_user(&mut executor, command).await?);
        match disabled {
            true => say(format_args!("disabled {user}; all their sessions have ended")),
            false => say(format_args!("enabled {user}, who can sign in again")),
        }
    }
}

impl Named {
    async fn unlock(self) -> anyhow::Result<()> {
        let mut executor = self.place.executor(Offline::default()).await?;
        let user = ask_user(
            &mut executor,
            Command::Incident(Incident::Unlock { username: self.username }),
        )
        .await?;
        let name = name(&user);
        say(format_args!("forgot the failed logins of {name}; new addresses may try again"))
    }

    async fn reset_factors(self) -> anyhow::Result<()> {
        let mut executor = self.place.executor(Offline::default()).await?;
        let incident = Incident::ResetFactors { username: self.username };
        let command = Command::Incident(incident);
        let user = name(&ask_user(&mut executor, command).await?);
        say(format_args!("{user} has no second factor any more; all their sessions have ended"))
    }
}

impl Delete {
    async fn run(self) -> anyhow::Result<()> {
        let username = self.username;
        if !self.yes {
            let mut executor = self.place.executor(Offline::default()).await?;
            let command = Command::User { username: username.clone() };
            let user = ask_user(&mut executor, command).await?;
            let question = format!("Delete {}, who has {}?", name(&user), roles_of(&user));
            // Dropped, so that nobody is kept waiting while somebody thinks.
            drop(executor);
            if !confirmed(&question)? {
                bail!("nothing was deleted");
            }
        }
        let mut executor = self.place.executor(Offline::default()).await?;
        let user = ask_user(&mut executor, Command::DeleteUser { username }).await?;
        say(format_args!("deleted {}, id {}", name(&user), user.id))
    }
}

async fn ask_user(executor: &mut Executor, command: Command) -> anyhow::Result<AdminUser> {
    let Reply::User { user } = executor.ask(command).await? else { bail!(unexpected()) };
    Ok(user)
}

fn name(user: &AdminUser) -> String {
    printable(&user.username)
}

fn roles_of(user: &AdminUser) -> String {
    match &user.roles[..] {
        [] => "no roles".to_owned(),
        [role] => format!("role {}", printable(role)),
        roles => format!("roles {}", printable(&roles.join(" "))),
    }
}
