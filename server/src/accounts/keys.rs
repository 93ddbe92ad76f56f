use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use jiff::Timestamp;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::keys::{Jwks, KeyInfo};
use crate::origin::{Caller, Origin};
use crate::token::{Accepted, TokenError};

impl Accounts {
    /// The keys that sign or verify, the one that signs coming first.
    pub fn signing_keys(&self) -> Vec<KeyInfo> {
        self.keys.list(self.clock.now())
    }

    /// The public keys, for those who verify access tokens.
    ///
    /// # Errors
    ///
    /// If they can't be written as JSON.
    pub(crate) fn jwks(&self) -> Result<Jwks, AccountError> {
        Ok(self.keys.jwks(self.clock.now())?)
    }

    /// Checks all that an access token itself shows. If its key is not known, another server may
    /// just have made it.
    ///
    /// # Errors
    ///
    /// Why it is not accepted.
    pub(crate) async fn accept(&self, token: &str, now: Timestamp) -> Result<Accepted, TokenError> {
        let accepted = self.tokens.accept(token, now);
        let is_unknown = accepted.is_err() && self.tokens.names_unknown_key(token, now);
        if !is_unknown || !self.keys.may_learn(Instant::now()) {
            return accepted;
        }
        let keys = Arc::clone(&self.keys);
        let reloaded = tokio::task::spawn_blocking(move || keys.reload()).await;
        if let Err(error) = reloaded.context("the reload panicked").flatten() {
            tracing::warn!("can't look for keys of other servers: {error:#}");
            return accepted;
        }
        self.tokens.accept(token, now)
    }

    /// Removes the keys that verify nothing any more.
    pub(crate) async fn sweep_keys(&self, now: Timestamp) {
        let keys = Arc::clone(&self.keys);
        let swept = tokio::task::spawn_blocking(move || keys.sweep(now)).await;
        if let Err(error) = swept.context("the sweep panicked").flatten() {
            tracing::error!("can't remove retired keys: {error:#}");
        }
    }

    /// Signs with the next key from now on, and makes another next one.
    pub async fn rotate_keys(
        self: &Arc<Self>,
        origin: Origin<Caller>,
    ) -> Result<KeyInfo, AccountError> {
        self.to_the_end(|accounts| async move {
            let (keys, now) = (Arc::clone(&accounts.keys), accounts.clock.now());
            let rotated = tokio::task::spawn_blocking(move || keys.rotate(now)).await;
            let rotated = rotated.context("the rotation panicked")?;
            Ok(accounts.noted_key(Record::of(Event::KeyRotation, &origin), rotated)?)
        })
        .await
    }

    /// Revokes a key at once, and returns the one that signs from now on. Nobody is signed out:
    /// browsers fetch other tokens by their refresh tokens.
    ///
    /// # Errors
    ///
    /// If there is no such key, or it is the secret under HS256.
    pub async fn revoke_key(
        self: &Arc<Self>,
        kid: String,
        origin: Origin<Caller>,
    ) -> Result<KeyInfo, AccountError> {
        self.to_the_end(|accounts| async move {
            let (keys, now) = (Arc::clone(&accounts.keys), accounts.clock.now());
            let revoking = kid.clone();
            let revoked = tokio::task::spawn_blocking(move || keys.revoke(&revoking, now)).await;
            let revoked = revoked.context("the revocation panicked")?;
            let record = Record::of(Event::KeyRevoked, &origin);
            match &revoked {
                Ok(_) => record.detail(&kid).ok(&accounts.audit),
                // What was given as an id may be anything.
                Err(error) => record.refused(&accounts.audit, &error.to_string()),
            }
            Ok(revoked?)
        })
        .await
    }

    /// Replaces all keys, for an operator. All sessions end. The keys come first: once they are
    /// replaced, no earlier token is valid, even if the next step fails.
    ///
    /// # Errors
    ///
    /// If the keys could not be replaced, or old sessions are still listed.
    pub async fn reset_keys(self: &Arc<Self>) -> Result<KeyInfo, AccountError> {
        self.to_the_end(|accounts| async move {
            let (keys, at) = (Arc::clone(&accounts.keys), accounts.moment());
            let reset = tokio::task::spawn_blocking(move || keys.reset(at.now)).await;
            let reset = reset.context("the reset panicked")?;
            let key = accounts.noted_key(Record::of_operator(Event::KeyReset), reset)?;
            let ended = accounts.store.end_all_sessions(None, at).await;
            ended.context("the keys are new, but old sessions are still listed")?;
            Ok(key)
        })
        .await
    }

    /// Writes a new key or its refusal to the audit log, and hands the result on.
    fn noted_key<E: ToString>(
        &self,
        record: Record<'_>,
        made: Result<KeyInfo, E>,
    ) -> Result<KeyInfo, E> {
        match &made {
            Ok(key) => record.detail(&key.kid).ok(&self.audit),
            Err(error) => record.refused(&self.audit, &error.to_string()),
        }
        made
    }
}
