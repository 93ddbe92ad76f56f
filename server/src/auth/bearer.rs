//! Whose an access token is. A cache remembers the tokens that were accepted. So a token's
//! signature is checked once, its session is looked up once, and its user is read again only after
//! some user has changed. Each request still checks the time, the keys, and whether the session has
//! ended.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::accounts::Accounts;
use crate::metrics::TokenCache;
use crate::problem::Problem;
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
    pub user: Arc<User>,
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

/// The tokens that were accepted not long ago, by their whole text. The table's hash has a secret
/// key, so the time of a lookup tells nothing about the tokens in it.
pub struct Bearers {
    cache: Cache<Box<str>, Arc<Bearer>, Size>,
    counters: TokenCache,
}

impl Bearers {
    /// An empty cache.
    pub fn new(counters: TokenCache) -> Self {
        let cache = Cache::with_weighter(CAPACITY as usize / (2 * ENTRY), CAPACITY, Size);
        Self { cache, counters }
    }

    /// Whose the token is, if it was accepted before and nothing has to be read to accept it again.
    /// None also for a token that is not acceptable any more.
    pub fn known(&self, accounts: &Accounts, token: &str) -> Option<Arc<Bearer>> {
        let bearer = self.cache.get(token)?;
        let is_current = bearer.users_version == accounts.store.users_version();
        let accepted = accounts.tokens.accept_again(&bearer.accepted, accounts.clock.now()).is_ok();
        if !is_current || !accepted || accounts.store.is_revoked(bearer.session) {
            return None;
        }
        self.counters.hits.inc();
        Some(bearer)
    }

    /// Whose the token is.
    ///
    /// # Errors
    ///
    /// 401 if it is not accepted, its session has ended, or its user is gone or disabled.
    pub async fn find(
        &self,
        accounts: &Accounts,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Bearer>, Problem> {
        // Before the user is read: a later change makes another version.
        let users_version = accounts.store.users_version();
        let cached = self.cache.get(token);
        let accepted = match &cached {
            Some(bearer) => {
                self.counters.hits.inc();
                accounts.tokens.accept_again(&bearer.accepted, now)?;
                Arc::clone(&bearer.accepted)
            }
            None => {
                self.counters.misses.inc();
                Arc::new(accounts.accept(token, now).await?)
            }
        };
        let (id, session) = accepted.claims.subject()?;
        if accounts.store.is_revoked(session) {
            return Err(Problem::session_ended());
        }
        // `is_revoked` forgets by the clock, which may have been ahead for a while. Whether the
        // store has the session does not depend on the clock. A cached token had one.
        if cached.is_none() && !is_there(accounts, session, id).await? {
            return Err(Problem::session_ended());
        }
        if let Some(bearer) = cached.filter(|bearer| bearer.users_version == users_version) {
            return Ok(bearer);
        }
        let user = match accounts.store.user_by_id(id).await? {
            Some(user) if !user.disabled => Arc::new(user),
            _ => return Err(Problem::user_gone()),
        };
        let verified = OnceLock::new();
        let bearer = Arc::new(Bearer { accepted, session, user, users_version, verified });
        self.cache.insert(token.into(), Arc::clone(&bearer));
        Ok(bearer)
    }

    /// How many tokens it holds.
    pub fn count(&self) -> usize {
        self.cache.len()
    }

    /// Forgets the tokens that are not accepted any more.
    pub fn sweep(&self, accounts: &Accounts, now: Timestamp) {
        self.cache.retain(|_, bearer| accounts.tokens.accept_again(&bearer.accepted, now).is_ok());
    }
}

/// Whether the store has the session, as one of this user.
async fn is_there(accounts: &Accounts, session: SessionId, user: UserId) -> Result<bool, Problem> {
    let session = accounts.store.session(session).await?;
    Ok(session.is_some_and(|session| session.user == user))
}

impl fmt::Debug for Bearers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearers").field("len", &self.cache.len()).finish_non_exhaustive()
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
