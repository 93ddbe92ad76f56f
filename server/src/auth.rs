//! Who is asking: from the request's headers to a user.

mod bearer;

pub use bearer::{Bearer, Bearers};

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use hallpass_contract::ADMIN_ROLE;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use uuid::Uuid;

use crate::client::Client;
use crate::config::MAX_LEEWAY;
use crate::problem::Problem;
use crate::refresh_cookie;
use crate::same_origin;
use crate::sessions::RefreshToken;
use crate::state::{App, State};
use crate::store::{Actor, Session, SessionId, UserId};
use crate::token::{Claims, TokenError};

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose access token came.
    pub bearer: Arc<Bearer>,
    /// Where the request comes from.
    pub client: Client,
    /// The password was given within `--fresh-for`.
    pub fresh: bool,
}

impl Deref for Caller {
    type Target = Bearer;

    fn deref(&self) -> &Bearer {
        &self.bearer
    }
}

impl Caller {
    /// The caller as the store asks for them again.
    pub fn actor(&self, admin: bool) -> Actor {
        Actor { user: self.user.id, session: self.session, admin, fresh: self.fresh }
    }
}

/// What a route asks of its caller beside a valid access token.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// The role `admin`.
    pub admin: bool,
    /// A password that was given within `--fresh-for`.
    pub fresh: bool,
}

/// The caller that the headers authenticate.
///
/// # Errors
///
/// 401 if no access token came, or it is not accepted, or its user is gone or disabled; 403 if a
/// role is missing; 401 if the login is too old.
pub async fn authenticate(
    app: &State,
    headers: &HeaderMap,
    client: Client,
    demand: Demand,
) -> Result<Caller, Problem> {
    let now = app.clock.now();
    let bearer = app.bearers.find(app, bearer_token(headers)?, now).await?;
    if demand.admin && !bearer.user.has_role(ADMIN_ROLE) {
        return Err(Problem::missing_role(ADMIN_ROLE));
    }
    let fresh = is_fresh(bearer.claims(), app.fresh_for, now);
    if demand.fresh && !fresh {
        return Err(Problem::not_fresh(app.fresh_for));
    }
    Ok(Caller { bearer, client, fresh })
}

/// The admin whom the headers authenticate, and who does something to the user with this id. If that one
/// is an admin, too, it takes a fresh login. The store asks again when it is done.
///
/// # Errors
///
/// As [`authenticate`].
pub async fn authenticate_over(
    app: &State,
    headers: &HeaderMap,
    client: Client,
    id: &str,
) -> Result<Caller, Problem> {
    let demand = Demand { admin: true, fresh: false };
    let caller = authenticate(app, headers, client, demand).await?;
    if let (false, Some(id)) = (caller.fresh, UserId::parse(id))
        && app.store.user_by_id(id).await?.is_some_and(|user| user.has_role(ADMIN_ROLE))
    {
        return Err(Problem::not_fresh(app.fresh_for));
    }
    Ok(caller)
}

/// The caller of a request that needs nothing but a token that was accepted before; none if that is
/// to be found out, or there is anything to complain about.
pub fn known_bearer(app: &State, headers: &HeaderMap) -> Option<Arc<Bearer>> {
    app.bearers.known(app, bearer_token(headers).ok()?)
}

/// Whose token it is, and of which session.
///
/// # Errors
///
/// If these are not ids: no token of ours.
pub fn subject(claims: &Claims) -> Result<(UserId, SessionId), TokenError> {
    let id = UserId::parse(&claims.sub).ok_or(TokenError::Invalid)?;
    let session = Uuid::try_parse(&claims.sid).map_err(|_| TokenError::Invalid)?;
    Ok((id, SessionId::from_bytes(session.into_bytes())))
}

/// Not if it lies ahead, either: the clock was wrong then, and nobody knows how long ago it was.
fn is_fresh(claims: &Claims, fresh_for: Duration, now: Timestamp) -> bool {
    let (given, now) = (claims.auth_time, now.as_second());
    let lies_ahead = given > now.saturating_add_unsigned(MAX_LEEWAY.as_secs());
    !lies_ahead && given.saturating_add_unsigned(fresh_for.as_secs()) >= now
}

/// RFC 6750 section 2.1.
fn bearer_token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(Problem::no_credentials)?;
    if values.next().is_some() {
        return Err(Problem::malformed_credentials("Send one Authorization header, not several."));
    }
    let not_ascii = || Problem::malformed_credentials("The Authorization header is not ASCII.");
    let value = value.to_str().map_err(|_| not_ascii())?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::no_credentials());
    }
    Ok(token.trim_start_matches(' '))
}

/// The refresh token of the request's cookie and the session whose it is or was.
///
/// # Errors
///
/// 401 if there is none or its session has ended; 403 if another site may have sent the request.
pub async fn cookie_session(
    app: &State,
    headers: &HeaderMap,
) -> Result<(RefreshToken, Session), Problem> {
    if !refresh_cookie::came(headers) {
        return Err(Problem::no_refresh_cookie());
    }
    let token = refresh_cookie::token(headers).ok_or_else(Problem::session_ended)?;
    if !same_origin::is_same_origin(headers, app.public_url.as_deref()) {
        return Err(Problem::cross_site());
    }
    match app.store.session(token.id).await? {
        Some(session) if app.sessions.is_authentic(&token, &session) => Ok((token, session)),
        _ => Err(Problem::session_ended()),
    }
}

/// Somebody who signs out.
#[derive(Clone, Debug)]
pub struct Leaver {
    /// Who, and of which sessions: the access token's, the cookie's, or both.
    pub sessions: Vec<(UserId, SessionId)>,
    /// Where the request comes from.
    pub client: Client,
}

/// Who signs out. An access token that is not accepted, such as an expired one, leaves it to the
/// cookie.
///
/// # Errors
///
/// Why neither authenticates the request.
pub async fn leaver(app: App, headers: HeaderMap, client: Client) -> Result<Leaver, Problem> {
    let anyone = Demand { admin: false, fresh: false };
    let bearer = authenticate(&app, &headers, client.clone(), anyone).await;
    let cookie = cookie_session(&app, &headers).await;
    let sessions = match (bearer, cookie) {
        (Ok(caller), Ok((_, session))) => {
            let mut both = vec![(caller.user.id, caller.session), (session.user, session.id)];
            both.dedup();
            both
        }
        (_, Err(problem)) if problem.status().is_server_error() => return Err(problem),
        (Ok(caller), Err(_)) => vec![(caller.user.id, caller.session)],
        (Err(_), Ok((_, session))) => vec![(session.user, session.id)],
        (Err(_), Err(problem)) if refresh_cookie::token(&headers).is_some() => {
            return Err(problem);
        }
        (Err(problem), Err(_)) => return Err(problem),
    };
    Ok(Leaver { sessions, client })
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_scheme_ignores_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c"] {
            assert_eq!(bearer_token(&headers(&[value])).unwrap(), "a.b.c");
        }
    }

    #[test]
    fn anything_but_one_bearer_token_is_a_401() {
        for values in [&[][..], &["Basic YTpi"], &["a.b.c"], &["Bearer a", "Bearer a"]] {
            let problem = bearer_token(&headers(values)).unwrap_err();
            assert_eq!(problem.status(), StatusCode::UNAUTHORIZED, "{values:?}");
        }
    }
}
