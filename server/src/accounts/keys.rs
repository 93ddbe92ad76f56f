use std::sync::Arc;

use anyhow::Context as _;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::keys::{Jwks, KeyInfo};
use crate::origin::{Caller, Origin};

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

    /// Signs with the next key from now on, and makes another next one.
    pub async fn rotate_keys(
        self: &Arc<Self>,
        origin: Origin<Caller>,
    ) -> Result<KeyInfo, AccountError> {
        self.to_the_end(|accounts| async move {
            let (keys, now) = (Arc::clone(&accounts.keys), accounts.clock.now());
            let rotated = tokio::task::spawn_blocking(move || keys.rotate(now)).await;
            let rotated = rotated.context("the rotation panicked")?;
            Ok(noted(Record::of(Event::KeyRotation, &origin), rotated)?)
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
            let key = noted(Record::of_operator(Event::KeyReset), reset)?;
            let ended = accounts.store.end_all_sessions(at).await;
            ended.context("the keys are new, but old sessions are still listed")?;
            Ok(key)
        })
        .await
    }
}

/// Writes a new key or its refusal to the audit log, and hands the result on.
fn noted<E: ToString>(record: Record<'_>, made: Result<KeyInfo, E>) -> Result<KeyInfo, E> {
    match &made {
        Ok(key) => record.detail(&key.kid).ok(),
        Err(error) => record.refused(&error.to_string()),
    }
    made
}
