//! Whose an access token is. A cache remembers the tokens that were accepted. So a token's
//! signature is checked once, and its session and its user are read again only after that user has
//! changed. Each request still checks the time, the keys, and whether the session has ended. It
//! looks last whether what the store answers from memory can be trusted.

use std::fmt;
use std::sync::{Arc, OnceLock};

use anyhow::anyhow;
use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::Value;

use crate::accounts::Accounts;
use crate::metrics::TokenCache;
use crate::problem::Problem;
use crate::store::{Authority, SessionId, User};
use crate::token::{Accepted, Audience, Claims, TokenKind};

/// What all entries of the cache may occupy in bytes, by estimate: some twenty thousand tokens.
const CAPACITY: u64 = 32 << 20;

/// What an entry occupies beside the token's text: claims, user, answer, and the cache's own.
const ENTRY: usize = 1024;

/// How often a user is read who changes meanwhile.
const ATTEMPTS: usize = 5;

/// Whose an access token is.
#[derive(Debug)]
pub struct Bearer {
    accepted: Arc<Accepted>,
    /// The session it belongs to.
    pub session: SessionId,
    /// The user as the store had them at this [version](crate::store::Store::user_version).
    pub user: Arc<User>,
    user_version: u64,
    /// What `GET /api/verify` answers, once it was asked.
    pub verified: OnceLock<Response<Bytes>>,
}

impl Bearer {
    /// Whether the token is for setting up a second factor and for nothing else.
    pub fn is_for_setup(&self) -> bool {
        self.accepted.kind == TokenKind::Setup
    }

    /// Whether the token is for the pages of a guarded site and for nothing else.
    pub fn is_for_guard(&self) -> bool {
        self.accepted.kind == TokenKind::Guard
    }

    /// Whether the token is for the pages of this guarded site.
    pub fn is_for_site(&self, site: &str) -> bool {
        self.is_for_guard() && matches!(&self.claims().aud, Audience::One(one) if one == site)
    }

    /// What an OAuth client learns of the token (RFC 7662 section 2.2): its claims, with the name
    /// and the roles as they are now.
    ///
    /// # Errors
    ///
    /// If the claims can't be written as JSON.
    pub fn introspected(&self) -> serde_json::Result<Value> {
        let mut told = serde_json::to_value(self.claims())?;
        told["active"] = true.into();
        told["token_type"] = "Bearer".into();
        told["username"] = self.user.username.clone().into();
        told["roles"] = self.user.roles.clone().into();
        Ok(told)
    }

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
    /// None also for a token that is not acceptable any more. It may be accepted for some 10 ms
    /// after it has expired.
    pub fn known(&self, accounts: &Accounts, token: &str) -> Option<Arc<Bearer>> {
        let bearer = self.cache.get(token)?;
        let (store, now) = (&accounts.store, accounts.clock.coarse());
        let lease = store.lease();
        let is_current = bearer.user_version == store.user_version(bearer.user.id);
        let accepted = accounts.tokens.accept_again(&bearer.accepted, now).is_ok();
        if !is_current || !accepted || store.is_revoked(bearer.session) || !lease.holds() {
            return None;
        }
        self.counters.hits.inc();
        Some(bearer)
    }

    /// Whose the token is.
    ///
    /// # Errors
    ///
    /// 401 if it is not accepted, its session has ended, or its user is gone or disabled; 503 if
    /// the store can't tell.
    pub async fn find(
        &self,
        accounts: &Accounts,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Bearer>, Problem> {
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
        for _ in 0..ATTEMPTS {
            if let Some(bearer) = look(accounts, cached.as_ref(), &accepted).await? {
                if cached.is_none_or(|cached| !Arc::ptr_eq(&cached, &bearer)) {
                    self.cache.insert(token.into(), Arc::clone(&bearer));
                }
                return Ok(bearer);
            }
        }
        Err(Problem::unavailable(anyhow!("the user changed again and again while it was read")))
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

/// Whose the token is, from memory if that is enough. None if the user changed while it was read.
async fn look(
    accounts: &Accounts,
    cached: Option<&Arc<Bearer>>,
    accepted: &Arc<Accepted>,
) -> Result<Option<Arc<Bearer>>, Problem> {
    let store = &accounts.store;
    let (id, session) = accepted.claims.subject()?;
    // Both before anything is read: whatever is changed later makes another version.
    let (lease, user_version) = (store.lease(), store.user_version(id));
    let known = cached.filter(|bearer| bearer.user_version == user_version);
    let read = match known {
        Some(_) => None,
        None if !lease.holds() => return Err(out_of_touch()),
        None => Some(store.authority(session, id).await?),
    };
    // From here on nothing waits.
    if store.is_revoked(session) {
        return Err(Problem::session_ended());
    }
    if store.user_version(id) != user_version {
        return Ok(None);
    }
    let bearer = match (known, read) {
        (Some(bearer), _) => Arc::clone(bearer),
        (None, Some(authority)) => Arc::new(judge(authority, accepted, session, user_version)?),
        (None, None) => return Ok(None),
    };
    if lease.holds() { Ok(Some(bearer)) } else { Err(out_of_touch()) }
}

/// The bearer, if the session is there and the user may use it.
fn judge(
    authority: Authority,
    accepted: &Arc<Accepted>,
    session: SessionId,
    user_version: u64,
) -> Result<Bearer, Problem> {
    // Revocations are forgotten by the clock, which may have been ahead for a while. Whether the
    // session is there does not depend on the clock.
    if !authority.has_session {
        return Err(Problem::session_ended());
    }
    let user = authority.user.filter(|user| !user.disabled).ok_or_else(Problem::user_gone)?;
    let (accepted, user) = (Arc::clone(accepted), Arc::new(user));
    Ok(Bearer { accepted, session, user, user_version, verified: OnceLock::new() })
}

fn out_of_touch() -> Problem {
    Problem::out_of_touch(anyhow!("what this server knows of sessions may be outdated"))
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
