//! What an operator does with users.

use anyhow::{Context as _, anyhow, bail};
use hallpass_contract::{Secret, USER_ROLE};
use jiff::{Timestamp, ToSpan as _};

use super::operator::{Operator, line};
use super::protocol::{Outcome, Record, Reply};
use crate::audit::Event;
use crate::handlers::admin::{log_edit, shown};
use crate::proof::password::StoredHash;
use crate::roles;
use crate::store::{CreateUserError, User, UserEdit, UserId, Users};
use crate::username::Username;

/// The most users of one page.
const MAX_PAGE: usize = 1000;

impl Operator {
    pub(super) async fn add_user(
        &self,
        name: &str,
        password: Secret,
        roles: Vec<String>,
    ) -> anyhow::Result<Reply> {
        let username = Username::parse(name).map_err(sentence)?;
        let roles = roles::check(roles).map_err(sentence)?;
        let taken = || anyhow!("the username is taken");
        // Asked again, atomically, when the user is created; here it saves the work of hashing.
        if self.app.store.user_by_name(username.key()).await?.is_some() {
            bail!(taken());
        }
        let hash = self.app.hash_new_password(password, username.display()).await?;
        let hash = hash.map_err(sentence)?.to_phc();
        let user = User::new(&username, hash, roles, self.app.clock.now());
        self.app.store.create_user(user.clone(), None).await.map_err(|error| match error {
            CreateUserError::NameTaken => taken(),
            CreateUserError::LooksLikeAnother => anyhow!("the username looks like another user's"),
            CreateUserError::Store(error) => error.into(),
        })?;
        line(Event::Registration).user(user.id).detail(user.roles.join(",")).ok();
        Ok(Reply::User { user: shown(user) })
    }

    pub(super) async fn show_user(&self, name: &str) -> anyhow::Result<Reply> {
        Ok(Reply::User { user: shown(self.find(name).await?) })
    }

    pub(super) async fn list_users(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> anyhow::Result<Reply> {
        let Users { users, damaged, next } = self.page(after, limit).await?;
        Ok(Reply::Users { users: users.into_iter().map(shown).collect(), damaged, next })
    }

    pub(super) async fn export(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> anyhow::Result<Reply> {
        let Users { users, damaged, next } = self.page(after, limit).await?;
        let records = users.into_iter().map(Record::from).collect();
        Ok(Reply::Records { records, damaged, next })
    }

    async fn page(&self, after: Option<UserId>, limit: usize) -> anyhow::Result<Users> {
        Ok(self.app.store.users(after, limit.clamp(1, MAX_PAGE)).await?)
    }

    pub(super) async fn import(&mut self, records: Vec<Record>) -> anyhow::Result<Reply> {
        let now = self.app.clock.now();
        let (mut users, mut outcomes) = (Vec::new(), Vec::new());
        for record in records {
            match user(record, now) {
                Ok(user) => {
                    users.push(user);
                    outcomes.push(None);
                }
                Err(error) => outcomes.push(Some(Outcome::Refused(format!("{error:#}")))),
            }
        }
        let mut added = self.app.store.import_users(users).await?.into_iter();
        let outcomes = outcomes.into_iter().map(|refused| {
            refused.unwrap_or_else(|| match added.next() {
                Some(true) => Outcome::Added,
                _ => Outcome::AlreadyThere,
            })
        });
        let outcomes: Vec<Outcome> = outcomes.collect();
        for outcome in &outcomes {
            match outcome {
                Outcome::Added => self.imported.added += 1,
                Outcome::AlreadyThere => self.imported.already_there += 1,
                Outcome::Refused(_) => self.imported.refused += 1,
            }
        }
        Ok(Reply::Imported { outcomes })
    }

    pub(super) async fn set_roles(&self, name: &str, roles: Vec<String>) -> anyhow::Result<Reply> {
        let roles = Some(roles::check(roles).map_err(sentence)?);
        let user = self.find(name).await?;
        self.edit(&user, UserEdit { roles, disabled: None }, Event::RoleChange).await
    }

    /// Of two changes at once, one may be lost.
    pub(super) async fn change_roles(
        &self,
        name: &str,
        add: Vec<String>,
        remove: &[String],
    ) -> anyhow::Result<Reply> {
        let user = self.find(name).await?;
        let kept = user.roles.iter().filter(|role| !remove.contains(role)).cloned();
        let roles = Some(roles::check(kept.chain(add).collect()).map_err(sentence)?);
        self.edit(&user, UserEdit { roles, disabled: None }, Event::RoleChange).await
    }

    pub(super) async fn set_disabled(&self, name: &str, disabled: bool) -> anyhow::Result<Reply> {
        let user = self.find(name).await?;
        let event = if disabled { Event::UserDisabled } else { Event::UserEnabled };
        self.edit(&user, UserEdit { roles: None, disabled: Some(disabled) }, event).await
    }

    async fn edit(&self, user: &User, edit: UserEdit, event: Event) -> anyhow::Result<Reply> {
        let edited = self.app.store.edit_user(user.id, edit, None, self.app.moment()).await;
        let refused = |error: &_| line(event).user(user.id).refused(&format!("{error}"));
        let edited = edited.inspect_err(refused)?;
        log_edit(&edited, line);
        Ok(Reply::User { user: shown(edited.after) })
    }

    pub(super) async fn set_password(&self, name: &str, password: Secret) -> anyhow::Result<Reply> {
        let user = self.find(name).await?;
        let hash = self.app.hash_new_password(password, &user.username).await?;
        let new = hash.map_err(sentence)?.to_phc();
        if !self.app.store.set_password(user.id, new, self.app.moment()).await? {
            bail!(nobody(name));
        }
        self.app.forgive(&user).await;
        line(Event::PasswordChange).user(user.id).ok();
        Ok(Reply::User { user: shown(user) })
    }

    pub(super) async fn delete_user(&self, name: &str) -> anyhow::Result<Reply> {
        let user = self.find(name).await?;
        let line = line(Event::UserDeleted).user(user.id);
        match self.app.store.delete_user(user.id, None, self.app.moment()).await {
            Ok(user) => {
                line.ok();
                Ok(Reply::User { user: shown(user) })
            }
            Err(error) => {
                line.refused(&error.to_string());
                bail!(error)
            }
        }
    }

    pub(super) async fn find(&self, name: &str) -> anyhow::Result<User> {
        // A name against the rules is nobody's.
        let username = Username::parse(name).map_err(|_| nobody(name))?;
        self.app.store.user_by_name(username.key()).await?.with_context(|| nobody(name))
    }
}

fn nobody(name: &str) -> anyhow::Error {
    anyhow!("there is no user {name}")
}

/// What forms show as a sentence, as the rest of a line.
fn sentence(mut text: String) -> anyhow::Error {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    if text.ends_with('.') {
        text.pop();
    }
    anyhow!(text)
}

/// The user that a record makes.
fn user(record: Record, now: Timestamp) -> anyhow::Result<User> {
    let username = Username::parse(&record.username).map_err(sentence).context("username")?;
    StoredHash::parse(record.password_hash.expose()).context("password_hash")?;
    let roles = record.roles.unwrap_or_else(|| vec![USER_ROLE.to_owned()]);
    let roles = roles::check(roles).map_err(sentence).context("roles")?;
    let created_at = record.created_at.unwrap_or(now);
    // Ids begin with the time since 1970 and order users by it; clocks of two machines may differ.
    if created_at < Timestamp::UNIX_EPOCH || created_at > now.saturating_add(24.hours())? {
        bail!("created_at: it is before 1970 or in the future");
    }
    let user = User::new(&username, record.password_hash, roles, created_at);
    Ok(User { disabled: record.disabled, ..user })
}

impl From<User> for Record {
    fn from(user: User) -> Self {
        Self {
            username: user.username,
            password_hash: user.password_hash,
            roles: Some(user.roles),
            created_at: Some(user.created_at),
            disabled: user.disabled,
        }
    }
}
