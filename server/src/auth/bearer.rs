//! From an access token to whose it is. A token that was accepted before is looked up: its signature
//! is checked once, its session looked up once, and its user read once for as long as no user changes. What may have changed
//! besides, the time, the keys and the end of its session, is asked at each request.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::subject;
use crate::problem::Problem;
use crate::state::State;
use crate::store::{SessionId, User, UserId};
use crate::token::{Accepted, Claims};

/// What all entries of the cache may occupy in bytes, by estimate: some twenty thousand tokens.
const CAPACITY: u64 = 32 << 20;

/// What an entry occupies beside the token's text: claims, user, answer, and the cache's own.
const ENTRY: usize = 1024;

/// Whose an access token is.
#[derive(Debug)]
pub struct Bearer {
    accepted: Arc<Accepted>,
    /// The session it belongs to.
    pub session: SessionId,
    /// The user as the store had them at this [version](crate::store::Store::users_version).
    pub user: User,
    users_version: u64,
    /// What `GET /api/verify` answers, once it was asked.
    pub verified: OnceLock<Response<Bytes>>,
}

impl Bearer {
    /// What the accepted token says.
    pub fn claims(&self) -> &Claims {
        &self.accepted.claims
    }
}

/// The tokens that were accepted not long ago. They are found by their whole text, compared after a
/// hash that nobody outside can foretell, so that no guess comes closer than another.
pub struct Bearers(Cache<Box<str>, Arc<Bearer>, Size>);

impl Default for Bearers {
    fn default() -> Self {
        Self(Cache::with_weighter(CAPACITY as usize / (2 * ENTRY), CAPACITY, Size))
    }
}

impl Bearers {
    /// Whose the token is, if it was accepted before and nothing has to be read to accept it again.
    /// None also for a token that is not acceptable any more.
    pub fn known(&self, app: &State, token: &str) -> Option<Arc<Bearer>> {
        let bearer = self.0.get(token)?;
        let is_current = bearer.users_version == app.store.users_version();
        let accepted = app.tokens.accept_again(&bearer.accepted, app.clock.now()).is_ok();
        if !is_current || !accepted || app.store.is_revoked(bearer.session) {
            return None;
        }
        app.metrics.tokens.hits.inc();
        Some(bearer)
    }

    /// Whose the token is.
    ///
    /// # Errors
    ///
    /// 401 if it is not accepted, its session has ended, or its user is gone or disabled.
    pub async fn find(
        &self,
        app: &State,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Bearer>, Problem> {
        // Before the user is read: whatever changes them after that makes another version.
        let users_version = app.store.users_version();
        let cached = self.0.get(token);
        let accepted = match &cached {
            Some(bearer) => {
                app.metrics.tokens.hits.inc();
                app.tokens.accept_again(&bearer.accepted, now)?;
                Arc::clone(&bearer.accepted)
            }
            None => {
                app.metrics.tokens.misses.inc();
                Arc::new(app.tokens.accept(token, now)?)
            }
        };
        let (id, session) = subject(&accepted.claims)?;
        if app.store.is_revoked(session) {
            return Err(Problem::session_ended());
        }
        // The ended sessions in memory are forgotten by the clock, which may have been ahead. The
        // store's sessions are not, and a cached token was seen to have one.
        if cached.is_none() && !is_there(app, session, id).await? {
            return Err(Problem::session_ended());
        }
        if let Some(bearer) = cached.filter(|bearer| bearer.users_version == users_version) {
            return Ok(bearer);
        }
        let user = match app.store.user_by_id(id).await? {
            Some(user) if !user.disabled => user,
            _ => return Err(Problem::user_gone()),
        };
        let verified = OnceLock::new();
        let bearer = Arc::new(Bearer { accepted, session, user, users_version, verified });
        self.0.insert(token.into(), Arc::clone(&bearer));
        Ok(bearer)
    }

    /// How many tokens it holds.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Forgets the tokens that are not accepted any more.
    pub fn sweep(&self, app: &State, now: Timestamp) {
        self.0.retain(|_, bearer| app.tokens.accept_again(&bearer.accepted, now).is_ok());
    }
}

/// Whether the store has the session, as one of this user.
async fn is_there(app: &State, session: SessionId, user: UserId) -> Result<bool, Problem> {
    let session = app.store.session(session).await?;
    Ok(session.is_some_and(|session| session.user == user))
}

impl fmt::Debug for Bearers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearers").field("len", &self.0.len()).finish_non_exhaustive()
    }
}

/// By how many bytes it occupies.
#[derive(Clone)]
struct Size;

impl Weighter<Box<str>, Arc<Bearer>> for Size {
    fn weight(&self, token: &Box<str>, _: &Arc<Bearer>) -> u64 {
        (token.len() + ENTRY) as u64
    }
}

#[cfg(test)]
mod tests;
