//! Signing in, staying signed in, signing out.

use anyhow::Context as _;
use hallpass_contract::{Credentials, Login, Reauthentication, Secret};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};

use super::{public_user, to_the_end};
use crate::answer::Answer;
use crate::audit::{Event, Record};
use crate::auth::{self, Caller, Leaver};
use crate::client::Client;
use crate::metrics::LoginEnd;
use crate::problem::Problem;
use crate::proof::password::{Password, StoredHash, Verdict};
use crate::refresh_cookie;
use crate::state::{App, State};
use crate::store::{NewSession, Refresh, Rotation, Session, User, UserId, Verified};
use crate::throttle::Attempt;
use crate::token::Grant;
use crate::username::Username;

/// `POST /api/login`
pub async fn login(form: Credentials, client: Client, app: App) -> Result<Answer<Login>, Problem> {
    let pending = app.metrics.logins.begin();
    let outcome = sign_in(form, client, &app).await;
    pending.ended(match outcome.as_ref().map_or_else(Problem::status, |_| StatusCode::OK) {
        StatusCode::OK => LoginEnd::Ok,
        StatusCode::UNAUTHORIZED => LoginEnd::Refused,
        StatusCode::TOO_MANY_REQUESTS => LoginEnd::Throttled,
        _ if outcome.as_ref().err().is_some_and(Problem::is_overload) => LoginEnd::Overloaded,
        _ => LoginEnd::Failed,
    });
    outcome
}

async fn sign_in(form: Credentials, client: Client, app: &App) -> Result<Answer<Login>, Problem> {
    // A name that breaks the rules can't be anyone's.
    let username = Username::parse(&form.username).ok();
    let account = username.as_ref().map_or(form.username.as_str(), Username::key);
    let attempt = begin_attempt(app, &client, account).await.inspect_err(|_| {
        Record::new(Event::Login, &client).refused("too many attempts");
    })?;
    let user = match &username {
        Some(username) => app.store.user_by_name(username.key()).await?,
        None => None,
    };
    let verdict = check_password(app, &form.password, user.as_ref(), attempt).await?;
    let (user, verdict) = match (user, verdict) {
        (Some(user), Some(verdict)) => (user, verdict),
        (user, _) => {
            let line = Record::new(Event::Login, &client).user(user.map(|user| user.id));
            line.refused("invalid credentials");
            return Err(Problem::invalid_credentials());
        }
    };
    let verified = verified(app, &user, &form.password, verdict).await;
    let app = App::clone(app);
    to_the_end(app.tasks.clone(), async move { start(&app, user.id, verified, &client).await })
        .await
}

async fn start(
    app: &State,
    user: UserId,
    verified: Verified,
    client: &Client,
) -> Result<Answer<Login>, Problem> {
    let at = app.moment();
    let session = app.sessions.begin(user, client.user_agent.clone(), at)?;
    let address = client.network().to_string();
    let new = NewSession { session: session.clone(), verified, at, address };
    let line = Record::new(Event::Login, client).user(user).session(session.id);
    let Some(user) = app.store.start_session(new).await? else {
        line.refused("the user was changed meanwhile");
        return Err(Problem::invalid_credentials());
    };
    line.ok();
    signed_in(app, &user, &session)
}

/// `POST /api/refresh`
pub async fn refresh(
    client: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Answer<Login>, Problem> {
    let (token, session) = auth::cookie_session(&app, &headers).await?;
    let refresh = Refresh {
        id: session.id,
        generation: token.generation,
        at: app.moment(),
        lifetimes: app.sessions.lifetimes(),
        user_agent: client.user_agent.clone(),
    };
    to_the_end(app.tasks.clone(), async move {
        let line = |event| Record::new(event, &client).user(session.user).session(session.id);
        let refreshes = &app.metrics.refreshes;
        match app.store.refresh(refresh).await? {
            Rotation::Rotated(session, user) => {
                refreshes.rotated.inc();
                line(Event::Refresh).ok();
                signed_in(&app, &user, &session)
            }
            Rotation::Raced(session, user) => {
                refreshes.raced.inc();
                line(Event::Refresh).detail("second of two that raced").ok();
                signed_in(&app, &user, &session)
            }
            Rotation::Resent(session, user) => {
                refreshes.resent.inc();
                line(Event::Refresh).detail("the answer before was lost").ok();
                signed_in(&app, &user, &session)
            }
            Rotation::Reused => {
                refreshes.reused.inc();
                line(Event::RefreshReuse).refused("the session has ended");
                Err(Problem::session_ended())
            }
            Rotation::Gone => {
                refreshes.gone.inc();
                Err(Problem::session_ended())
            }
        }
    })
    .await
}

/// `POST /api/logout`
pub async fn logout(leaver: Leaver, app: App) -> Result<Answer<()>, Problem> {
    to_the_end(app.tasks.clone(), async move {
        for (user, session) in leaver.sessions {
            app.store.end_session(session, app.moment()).await?;
            Record::new(Event::Logout, &leaver.client).user(user).session(session).ok();
        }
        Ok(Answer::done().with_header(SET_COOKIE, refresh_cookie::clear()?))
    })
    .await
}

/// `POST /api/me/reauthenticate`
pub async fn reauthenticate(
    caller: Caller,
    form: Reauthentication,
    app: App,
) -> Result<Answer<Login>, Problem> {
    let verdict = confirm(&app, &caller, &form.password, Event::Reauthentication).await?;
    let verified = verified(&app, &caller.user, &form.password, verdict).await;
    to_the_end(app.tasks.clone(), async move {
        let line = Record::new(Event::Reauthentication, &caller.client).user(caller.user.id);
        let line = line.session(caller.session);
        let renewed = app.store.reauthenticate(caller.session, verified, app.moment()).await?;
        let Some((session, user)) = renewed else {
            if app.store.session(caller.session).await?.is_some() {
                line.refused("the password was changed meanwhile");
                return Err(Problem::invalid_credentials());
            }
            line.refused("the session has ended");
            return Err(Problem::session_ended());
        };
        line.ok();
        access_token(&app, &user, &session)
    })
    .await
}

/// Checks the password of somebody who is signed in.
///
/// # Errors
///
/// 401 if it is wrong; 429, 503.
pub(super) async fn confirm(
    app: &State,
    caller: &Caller,
    password: &Secret,
    event: Event,
) -> Result<Verdict, Problem> {
    let user = &caller.user;
    let line = || Record::new(event, &caller.client).user(user.id).session(caller.session);
    let attempt = begin_attempt(app, &caller.client, &user.username_key).await;
    let attempt = attempt.inspect_err(|_| line().refused("too many attempts"))?;
    let verdict = check_password(app, password, Some(user), attempt).await?;
    verdict.ok_or_else(|| {
        line().refused("invalid credentials");
        Problem::invalid_credentials()
    })
}

/// Before the user is looked up: a refusal takes the same time whether or not there is such a user.
/// All spellings of a name count as one.
async fn begin_attempt<'a>(
    app: &'a State,
    client: &Client,
    account: &str,
) -> Result<Attempt<'a>, Problem> {
    let network = client.network().to_string();
    let known = async { Ok::<_, Problem>(app.store.is_known_address(account, &network).await?) };
    let counted = app.store.account_of(account).await?;
    app.throttle.attempt(client.address, &counted, known).await
}

/// What became of an attempt: a verdict only if the password is right and the user may sign in. No
/// user, a disabled one and a wrong password take the same time and count the same.
async fn check_password(
    app: &State,
    password: &Secret,
    user: Option<&User>,
    attempt: Attempt<'_>,
) -> Result<Option<Verdict>, Problem> {
    let stored = user.map(stored_hash).transpose()?;
    let verdict = match app.pool.verify(password, stored.as_ref()).await {
        Ok(verdict) => verdict,
        Err(not_checked) => {
            attempt.withdraw();
            return Err(not_checked.into());
        }
    };
    if !verdict.matches || user.is_none_or(|user| user.disabled) {
        attempt.failed();
        return Ok(None);
    }
    attempt.succeeded();
    Ok(Some(verdict))
}

fn stored_hash(user: &User) -> anyhow::Result<StoredHash> {
    StoredHash::parse(user.password_hash.expose())
        .with_context(|| format!("the password hash of user {} is damaged", user.id))
}

/// What was checked, and a hash of today's cost in the place of a cheaper or foreign one. The login
/// stands whether or not that could be made; the next one tries again.
async fn verified(app: &State, user: &User, password: &Secret, verdict: Verdict) -> Verified {
    // What we would not take as a new password stays as another system hashed it.
    let outdated = Password::prepare(password).ok().filter(|_| verdict.outdated);
    let renewed = match outdated {
        None => None,
        Some(password) => match app.pool.hash(password).await {
            Ok(hash) => Some(hash.to_phc()),
            Err(error) => {
                tracing::warn!(user = %user.id, "can't renew a password hash: {error:#}");
                None
            }
        },
    };
    Verified { version: user.password_version, renewed }
}

/// An access token, and the refresh cookie.
fn signed_in(app: &State, user: &User, session: &Session) -> Result<Answer<Login>, Problem> {
    let cookie = refresh_cookie::set(&app.sessions.issue(session, app.clock.now()))?;
    Ok(access_token(app, user, session)?.with_header(SET_COOKIE, cookie))
}

fn access_token(app: &State, user: &User, session: &Session) -> Result<Answer<Login>, Problem> {
    let grant = Grant {
        user,
        sid: session.id.uuid(),
        auth_time: session.auth_time,
        not_after: session.expires_at,
    };
    let signed = app.tokens.sign(&grant, app.clock.now())?;
    Ok(Answer::ok(Login {
        access_token: signed.token.into(),
        token_type: "Bearer".to_owned(),
        expires_in: signed.expires_in,
        user: public_user(user),
    }))
}
