//! Registration and login.

use anyhow::Context as _;
use hallpass_contract::{Credentials, FieldError, Login, UserBody};

use super::public_user;
use crate::answer::Answer;
use crate::config::Registration;
use crate::password::{Password, StoredHash};
use crate::problem::{Problem, field_error};
use crate::state::App;
use crate::store::{CreateUserError, User, UserId, uuid_v7};
use crate::username::Username;

/// `POST /api/register`
pub async fn register(form: Credentials, app: App) -> Result<Answer<UserBody>, Problem> {
    if app.registration == Registration::Closed {
        return Err(Problem::registration_closed());
    }
    let username = Username::parse(&form.username);
    // Asked again, atomically, when the user is created; here it saves the work of hashing.
    if let Ok(username) = &username
        && app.store.user_by_name(username.key()).await?.is_some()
    {
        return Err(Problem::username_taken());
    }
    let policy = app.policy;
    let check = move || {
        let password = policy.check(&form.password, username.as_ref().ok());
        both(username, password)
    };
    let checked = app.pool.hash_checked(check).await?;
    let (hash, username) = checked.map_err(Problem::invalid_fields)?;
    let now = app.clock.now();
    let user = User {
        id: UserId::new(now),
        username: username.display().to_owned(),
        username_key: username.key().to_owned(),
        password_hash: hash.to_phc(),
        roles: Vec::new(),
        disabled: false,
        created_at: now,
    };
    match app.store.create_user(user.clone()).await {
        Ok(()) => {}
        Err(CreateUserError::NameTaken) => return Err(Problem::username_taken()),
        Err(CreateUserError::Store(error)) => return Err(error.into()),
    }
    tracing::info!(user = %user.id, "registered");
    Ok(Answer::created(UserBody { user: public_user(user) }))
}

/// What is accepted, or what is wrong with each of the fields.
fn both(
    username: Result<Username, String>,
    password: Result<Password, String>,
) -> Result<(Password, Username), Vec<FieldError>> {
    match (username, password) {
        (Ok(username), Ok(password)) => Ok((password, username)),
        (username, password) => {
            let username = username.err().map(|message| field_error("username", message));
            let password = password.err().map(|message| field_error("password", message));
            Err(username.into_iter().chain(password).collect())
        }
    }
}

/// `POST /api/login`
pub async fn login(form: Credentials, app: App) -> Result<Answer<Login>, Problem> {
    let user = find_user(&form.username, &app).await?;
    // What can't be a password is simply a wrong one.
    let password = Password::prepare(&form.password).ok();
    let stored = user.as_ref().map(stored_hash).transpose()?;
    let verdict = app.pool.verify(password.clone(), stored.as_ref()).await?;
    let user = match user {
        Some(user) if verdict.matches && !user.disabled => user,
        user => {
            let user = user.map(|user| user.id.to_string());
            tracing::info!(user, "login refused");
            return Err(Problem::invalid_credentials());
        }
    };
    if let (true, Some(password)) = (verdict.outdated, password) {
        renew_hash(&user, password, &app).await;
    }
    let now = app.clock.now();
    let access_token = app.tokens.sign(&user, uuid_v7(now), now)?;
    tracing::debug!(user = %user.id, "signed in");
    Ok(Answer::ok(Login {
        access_token: access_token.into(),
        token_type: "Bearer".to_owned(),
        expires_in: app.tokens.ttl().as_secs(),
        user: public_user(user),
    }))
}

/// A name that breaks the rules can't be anyone's.
async fn find_user(username: &str, app: &App) -> Result<Option<User>, Problem> {
    match Username::parse(username) {
        Ok(username) => Ok(app.store.user_by_name(username.key()).await?),
        Err(_) => Ok(None),
    }
}

fn stored_hash(user: &User) -> anyhow::Result<StoredHash> {
    StoredHash::parse(user.password_hash.expose())
        .with_context(|| format!("the password hash of user {} is damaged", user.id))
}

/// The login stands whether or not its cheaper hash could be replaced; the next one tries again.
async fn renew_hash(user: &User, password: Password, app: &App) {
    let renewed = async {
        let new = app.pool.hash(password).await?.to_phc();
        let old = user.password_hash.clone();
        anyhow::Ok(app.store.replace_password_hash(user.id, old, new).await?)
    };
    if let Err(error) = renewed.await {
        tracing::warn!(user = %user.id, "can't renew a password hash: {error:#}");
    }
}
