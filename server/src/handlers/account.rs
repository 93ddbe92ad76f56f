//! The account itself: how it comes to be, gets another password, and goes.

use hallpass_contract::{Credentials, FieldError, PasswordChange, USER_ROLE, UserBody};
use http::StatusCode;
use http::header::SET_COOKIE;

use super::{login, public_user, to_the_end};
use crate::answer::Answer;
use crate::audit::{Event, Record};
use crate::auth::Caller;
use crate::client::Client;
use crate::config::Registration;
use crate::problem::{Problem, field_error};
use crate::proof::password::{JobKind, Password, PhcHash};
use crate::refresh_cookie;
use crate::state::App;
use crate::store::{CreateUserError, User};
use crate::username::{LOOKS_LIKE_ANOTHER, Username};

/// `POST /api/register`
pub async fn register(
    form: Credentials,
    client: Client,
    app: App,
) -> Result<Answer<UserBody>, Problem> {
    if app.registration == Registration::Closed {
        return Err(Problem::registration_closed());
    }
    app.throttle.registration(client.address)?;
    let mut username = Username::parse(&form.username);
    // Asked again, atomically, when the user is created; here it saves the work of hashing.
    if let Ok(name) = &username {
        if app.store.user_by_name(name.key()).await?.is_some() {
            return Err(refused(&client, "the username is taken", Problem::username_taken()));
        }
        if let Err(message) = may_be_chosen(&app, name).await? {
            username = Err(message);
        }
    }
    let policy = app.policy;
    let check = move || {
        let password = policy.check(&form.password, username.as_ref().ok());
        both(username, password)
    };
    let hashed = app.pool.hash_checked(JobKind::Registration, check).await?;
    let (hash, username) = hashed
        .map_err(|errors| refused(&client, "a rule is broken", Problem::invalid_fields(errors)))?;
    to_the_end(app.tasks.clone(), async move { create(&app, &username, &hash, &client).await })
        .await
}

/// Whether a person may choose the name, or what they are told.
async fn may_be_chosen(app: &App, name: &Username) -> Result<Result<(), String>, Problem> {
    if let Err(message) = app.names.check(name) {
        return Ok(Err(message));
    }
    let looks_taken = app.store.looks_like_another(name.display()).await?;
    Ok(if looks_taken { Err(LOOKS_LIKE_ANOTHER.to_owned()) } else { Ok(()) })
}

async fn create(
    app: &App,
    username: &Username,
    hash: &PhcHash,
    client: &Client,
) -> Result<Answer<UserBody>, Problem> {
    let roles = vec![USER_ROLE.to_owned()];
    let user = User::new(username, hash.to_phc(), roles, app.clock.now());
    match app.store.create_user(user.clone(), Some(client.network().to_string())).await {
        Ok(()) => {}
        Err(CreateUserError::NameTaken) => {
            return Err(refused(client, "the username is taken", Problem::username_taken()));
        }
        Err(CreateUserError::LooksLikeAnother) => {
            let errors = vec![field_error("username", LOOKS_LIKE_ANOTHER)];
            return Err(refused(client, "a rule is broken", Problem::invalid_fields(errors)));
        }
        Err(CreateUserError::Store(error)) => return Err(error.into()),
    }
    Record::new(Event::Registration, client).user(user.id).ok();
    Ok(Answer::created(UserBody { user: public_user(&user) }))
}

fn refused(client: &Client, reason: &str, problem: Problem) -> Problem {
    Record::new(Event::Registration, client).refused(reason);
    problem
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

/// `POST /api/me/password`: the caller's other sessions end.
pub async fn change_password(
    caller: Caller,
    form: PasswordChange,
    app: App,
) -> Result<Answer<()>, Problem> {
    let event = Event::PasswordChange;
    login::confirm(&app, &caller, &form.current_password, event).await.map_err(|problem| {
        match problem.status() {
            StatusCode::UNAUTHORIZED => problem.with_field("current_password"),
            _ => problem,
        }
    })?;
    let user = &caller.user;
    let hashed = app.hash_new_password(form.new_password, &user.username).await?;
    let hash = hashed.map_err(|message| {
        let line = Record::new(event, &caller.client).user(user.id).session(caller.session);
        line.refused("a rule is broken");
        Problem::invalid_fields(vec![field_error("new_password", message)])
    })?;
    to_the_end(app.tasks.clone(), async move {
        let (by, version) = (caller.actor(false), caller.user.password_version);
        let changed = app.store.change_password(by, version, hash.to_phc(), app.moment()).await;
        let line = Record::new(event, &caller.client).user(caller.user.id).session(caller.session);
        if let Err(error) = changed {
            line.refused(&error.to_string());
            return Err(app.refusal(error));
        }
        line.ok();
        Ok(Answer::done())
    })
    .await
}

/// `DELETE /api/me`
pub async fn delete(caller: Caller, app: App) -> Result<Answer<()>, Problem> {
    to_the_end(app.tasks.clone(), async move {
        let deleted =
            app.store.delete_user(caller.user.id, Some(caller.actor(false)), app.moment()).await;
        let line = Record::new(Event::UserDeleted, &caller.client).user(caller.user.id);
        let line = line.by(caller.user.id).session(caller.session);
        if let Err(error) = deleted {
            line.refused(&error.to_string());
            return Err(app.refusal(error));
        }
        line.ok();
        Ok(Answer::done().with_header(SET_COOKIE, refresh_cookie::clear()?))
    })
    .await
}
