//! Who sent a request: from its headers to a user.

mod bearer;

pub(crate) use bearer::{Bearer, Bearers};

use std::sync::Arc;

use hallpass_contract::ADMIN_ROLE;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::accounts::Accounts;
use crate::client::Client;
use crate::guard_cookie;
use crate::origin::Caller;
use crate::problem::Problem;
use crate::proof::is_fresh;
use crate::refresh_cookie::RefreshCookie;
use crate::same_origin::{Reached, is_same_origin};
use crate::sessions::RefreshToken;
use crate::store::{Session, SessionId, UserId};
use crate::token::{TokenError, TokenKind};

/// More cookies of the same name are not looked at.
const MOST_GUARD_COOKIES: usize = 4;

/// What a route asks of its caller beside a valid access token.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// The role `admin`.
    pub admin: bool,
    /// A proof that was given within `--fresh-for`.
    pub fresh: bool,
    /// A token for setting up a second factor is enough, and counts as fresh.
    pub setup: bool,
}

/// Finds out who sent a request.
#[derive(Clone, Copy, Debug)]
pub struct Authenticator<'a> {
    /// Where accounts and sessions are.
    pub accounts: &'a Accounts,
    /// The access tokens that were accepted not long ago.
    pub bearers: &'a Bearers,
    /// How browsers reach the server.
    pub reached: Reached<'a>,
    /// The cookie that carries the refresh token.
    pub refresh_cookie: &'a RefreshCookie,
}

impl Authenticator<'_> {
    /// The caller that the headers authenticate.
    ///
    /// # Errors
    ///
    /// 401 if no access token came, or it is not accepted, or its user is gone or disabled; 403 if
    /// a role is missing; 401 if the proof is too old.
    pub async fn caller(
        self,
        headers: &HeaderMap,
        client: Client,
        demand: Demand,
    ) -> Result<Caller, Problem> {
        let bearer = self.any_bearer(headers).await?;
        let setup = bearer.is_for_setup();
        if setup && !demand.setup {
            return Err(Problem::second_factor_setup_required());
        }
        if demand.admin && !bearer.user.has_role(ADMIN_ROLE) {
            return Err(Problem::missing_role(ADMIN_ROLE));
        }
        let Accounts { fresh_for, clock, .. } = self.accounts;
        let fresh = setup || is_fresh(bearer.claims().auth_time, *fresh_for, clock.now());
        if demand.fresh && !fresh {
            return Err(Problem::not_fresh(*fresh_for));
        }
        let (user, session) = (Arc::clone(&bearer.user), bearer.session);
        Ok(Caller { user, session, fresh, setup, client })
    }

    /// The admin whom the headers authenticate, and who wants to change the user with this id. To
    /// change another admin, the proof must be fresh. The store checks all of this again.
    ///
    /// # Errors
    ///
    /// As [`caller`](Self::caller).
    pub async fn caller_over(
        self,
        headers: &HeaderMap,
        client: Client,
        id: &str,
    ) -> Result<Caller, Problem> {
        let demand = Demand { admin: true, fresh: false, setup: false };
        let caller = self.caller(headers, client, demand).await?;
        let Accounts { store, fresh_for, .. } = self.accounts;
        if let (false, Some(id)) = (caller.fresh, UserId::parse(id))
            && store.user_by_id(id).await?.is_some_and(|user| user.has_role(ADMIN_ROLE))
        {
            return Err(Problem::not_fresh(*fresh_for));
        }
        Ok(caller)
    }

    /// Whose access token the headers hold.
    ///
    /// # Errors
    ///
    /// 401 if none came, or it is not accepted, or its user is gone or disabled, or it is for
    /// setting up a second factor.
    pub async fn bearer(self, headers: &HeaderMap) -> Result<Arc<Bearer>, Problem> {
        let bearer = self.any_bearer(headers).await?;
        if bearer.is_for_setup() { Err(Problem::only_for_setup()) } else { Ok(bearer) }
    }

    /// As [`bearer`](Self::bearer), whatever the token is for.
    async fn any_bearer(self, headers: &HeaderMap) -> Result<Arc<Bearer>, Problem> {
        let bearer = self.authentic_bearer(headers).await?;
        // They sign in again, and set one up.
        if self.lacks_factor(&bearer) { Err(Problem::session_ended()) } else { Ok(bearer) }
    }

    /// As [`any_bearer`](Self::any_bearer), even if the user lacks a factor.
    async fn authentic_bearer(self, headers: &HeaderMap) -> Result<Arc<Bearer>, Problem> {
        let now = self.accounts.clock.now();
        let bearer = self.bearers.find(self.accounts, bearer_token(headers)?, now).await?;
        if bearer.is_for_guard() { Err(TokenError::Invalid.into()) } else { Ok(bearer) }
    }

    /// Whose access token this is, for an OAuth client that asks. None if nobody may use it now.
    ///
    /// # Errors
    ///
    /// If the store can't tell.
    pub async fn bearer_of(self, token: &str) -> Result<Option<Arc<Bearer>>, Problem> {
        match self.bearers.find(self.accounts, token, self.accounts.clock.now()).await {
            Ok(bearer) => {
                let is_access = !bearer.is_for_setup() && !bearer.is_for_guard();
                Ok((is_access && !self.lacks_factor(&bearer)).then_some(bearer))
            }
            Err(problem) if problem.status().is_server_error() => Err(problem),
            Err(_) => Ok(None),
        }
    }

    /// Whether it is the access token of somebody who must have a second factor now and has none.
    fn lacks_factor(self, bearer: &Bearer) -> bool {
        !bearer.is_for_setup() && self.accounts.factor_policy.is_unmet(&bearer.user)
    }

    /// As [`bearer`](Self::bearer), but from memory alone. None if the token was not accepted
    /// before, or is not acceptable any more.
    pub fn known_bearer(self, headers: &HeaderMap) -> Option<Arc<Bearer>> {
        let bearer = self.bearers.known(self.accounts, bearer_token(headers).ok()?);
        bearer.filter(|bearer| {
            !bearer.is_for_setup() && !bearer.is_for_guard() && !self.lacks_factor(bearer)
        })
    }

    /// Whose guard cookie opens the pages of `site`. None if no cookie does.
    ///
    /// # Errors
    ///
    /// If the store can't tell.
    pub async fn guard_bearer(
        self,
        headers: &HeaderMap,
        site: &str,
    ) -> Result<Option<Arc<Bearer>>, Problem> {
        let now = self.accounts.clock.now();
        for token in guard_cookie::tokens(headers).take(MOST_GUARD_COOKIES) {
            match self.bearers.find(self.accounts, token, now).await {
                Ok(bearer) if bearer.is_for_site(site) && !self.lacks_factor(&bearer) => {
                    return Ok(Some(bearer));
                }
                Err(problem) if problem.status().is_server_error() => return Err(problem),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The refresh token of the request's cookie.
    ///
    /// # Errors
    ///
    /// 401 if there is none; 403 if another site may have sent the request.
    pub fn refresh_token(self, headers: &HeaderMap) -> Result<RefreshToken, Problem> {
        if !self.refresh_cookie.came(headers) {
            return Err(Problem::no_refresh_cookie());
        }
        let token = self.refresh_cookie.token(headers).ok_or_else(Problem::session_ended)?;
        match is_same_origin(headers, self.reached) {
            true => Ok(token),
            false => Err(Problem::cross_site()),
        }
    }

    async fn cookie_session(self, headers: &HeaderMap) -> Result<Session, Problem> {
        Ok(self.accounts.session_of(&self.refresh_token(headers)?).await?)
    }

    /// The session of an authentic token, if it has ended. Somebody whose first sign-out was not
    /// answered repeats it, and learns that it has ended.
    fn ended_session(self, headers: &HeaderMap) -> Option<(UserId, SessionId)> {
        let Accounts { tokens, store, clock, .. } = self.accounts;
        let accepted = tokens.accept(bearer_token(headers).ok()?, clock.now()).ok()?;
        let accepted = (accepted.kind != TokenKind::Guard).then_some(accepted)?;
        accepted.claims.subject().ok().filter(|(_, session)| store.is_revoked(*session))
    }

    /// The sessions that somebody signs out of: the access token's, the cookie's, or both. An
    /// access token that is not accepted, such as an expired one, leaves it to the cookie.
    ///
    /// # Errors
    ///
    /// Why neither authenticates the request.
    pub async fn sessions(self, headers: &HeaderMap) -> Result<Vec<(UserId, SessionId)>, Problem> {
        let bearer = self.authentic_bearer(headers).await;
        let bearer = bearer.map(|bearer| (bearer.user.id, bearer.session));
        let bearer = bearer.or_else(|problem| self.ended_session(headers).ok_or(problem));
        let cookie = self.cookie_session(headers).await;
        Ok(match (bearer, cookie) {
            (Ok(bearer), Ok(session)) => {
                let mut both = vec![bearer, (session.user, session.id)];
                both.dedup();
                both
            }
            (_, Err(problem)) if problem.status().is_server_error() => return Err(problem),
            (Ok(bearer), Err(_)) => vec![bearer],
            (Err(_), Ok(session)) => vec![(session.user, session.id)],
            (Err(_), Err(problem)) if self.refresh_cookie.token(headers).is_some() => {
                return Err(problem);
            }
            (Err(problem), Err(_)) => return Err(problem),
        })
    }
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
