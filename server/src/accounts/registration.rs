use std::sync::Arc;

use hallpass_contract::{Secret, USER_ROLE};

use super::Accounts;
use super::error::{AccountError, BrokenRule};
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::origin::Origin;
use crate::proof::password::{JobKind, Password, PhcHash};
use crate::roles;
use crate::store::{CreateUserError, StoreError, User};
use crate::username::{LOOKS_LIKE_ANOTHER, Username};

/// An account that somebody wants.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name, as it was typed.
    pub username: String,
    /// The password; the policy applies.
    pub password: Secret,
    /// All roles. Only an operator chooses them.
    pub roles: Vec<String>,
}

impl NewAccount {
    /// One that a person registers for themselves.
    pub fn of_person(username: String, password: Secret) -> Self {
        Self { username, password, roles: vec![USER_ROLE.to_owned()] }
    }
}

impl Accounts {
    /// Makes an account: a person registers, or an operator adds one. A person's name must follow
    /// more rules, and people may register only so often.
    pub async fn register(
        self: &Arc<Self>,
        new: NewAccount,
        origin: Origin<Client>,
    ) -> Result<User, AccountError> {
        if let Origin::Http(client) = &origin {
            if !self.registration_is_open() {
                return Err(AccountError::RegistrationClosed);
            }
            let admitted = self.throttle.registration(client.address).map_err(AccountError::from);
            self.noted_throttle(admitted, || Record::of_client(Event::Registration, client))?;
        }
        let prepared = self.prepare(new, &origin).await;
        let (username, hash, roles) =
            prepared.map_err(|error| self.noted_refusal(error, &origin))?;
        self.to_the_end(|accounts| async move {
            let user = User::new(&username, hash.to_phc(), roles, accounts.clock.now());
            let created = accounts.create(user.clone(), &origin).await;
            created.map_err(|error| accounts.noted_refusal(error, &origin))?;
            match &origin {
                Origin::Http(client) => Record::of_client(Event::Registration, client),
                Origin::Operator => {
                    Record::of_operator(Event::Registration).detail(user.roles.join(","))
                }
            }
            .user(user.id)
            .ok(&accounts.audit);
            Ok(user)
        })
        .await
    }

    /// Checks all that was given, and hashes the password.
    async fn prepare(
        &self,
        new: NewAccount,
        origin: &Origin<Client>,
    ) -> Result<(Username, PhcHash, Vec<String>), AccountError> {
        let NewAccount { username, password, mut roles } = new;
        let mut username = Username::parse(&username);
        if let Ok(name) = &username {
            let checked = roles::check(roles);
            roles = checked.map_err(|message| AccountError::broken_rule("roles", message))?;
            // Asked again, atomically, when the account is made; here it saves the work of hashing.
            if self.store.user_by_name(name.key()).await?.is_some() {
                return Err(AccountError::NameTaken);
            }
            if let Err(message) = self.may_be_chosen(name, origin).await? {
                username = Err(message);
            }
        }
        let policy = self.prover.policy;
        let check = move || {
            let password = policy.check(&password, username.as_ref().ok());
            both(username, password)
        };
        let kind = match origin {
            Origin::Http(_) => JobKind::Registration,
            Origin::Operator => JobKind::Login,
        };
        let hashed = self.prover.pool.hash_checked(kind, check).await?;
        let (hash, username) = hashed.map_err(AccountError::BrokenRules)?;
        Ok((username, hash, roles))
    }

    /// Whether a person may choose the name, or a sentence for them. An operator may choose any.
    async fn may_be_chosen(
        &self,
        name: &Username,
        origin: &Origin<Client>,
    ) -> Result<Result<(), String>, StoreError> {
        if matches!(origin, Origin::Operator) {
            return Ok(Ok(()));
        }
        if let Err(message) = self.names.check(name) {
            return Ok(Err(message));
        }
        let looks_taken = self.store.looks_like_another(name.display()).await?;
        Ok(if looks_taken { Err(LOOKS_LIKE_ANOTHER.to_owned()) } else { Ok(()) })
    }

    async fn create(&self, user: User, origin: &Origin<Client>) -> Result<(), AccountError> {
        let address = match origin {
            Origin::Http(client) => Some(client.network().to_string()),
            Origin::Operator => None,
        };
        self.store.create_user(user, address).await.map_err(|error| match error {
            CreateUserError::NameTaken => AccountError::NameTaken,
            CreateUserError::LooksLikeAnother => {
                AccountError::broken_rule("username", LOOKS_LIKE_ANOTHER)
            }
            CreateUserError::Store(error) => error.into(),
        })
    }

    /// Writes a registration that a rule refused to the audit log, and hands the error on.
    fn noted_refusal(&self, error: AccountError, origin: &Origin<Client>) -> AccountError {
        let reason = match &error {
            AccountError::NameTaken => "the username is taken",
            AccountError::BrokenRules(_) => "a rule is broken",
            _ => return error,
        };
        if let Origin::Http(client) = origin {
            Record::of_client(Event::Registration, client).refused(&self.audit, reason);
        }
        error
    }
}

/// What is accepted, or what is wrong with each of the two.
fn both(
    username: Result<Username, String>,
    password: Result<Password, String>,
) -> Result<(Password, Username), Vec<BrokenRule>> {
    let broken = |what, message| BrokenRule { what, message };
    match (username, password) {
        (Ok(username), Ok(password)) => Ok((password, username)),
        (username, password) => {
            let username = username.err().map(|message| broken("username", message));
            let password = password.err().map(|message| broken("password", message));
            Err(username.into_iter().chain(password).collect())
        }
    }
}
