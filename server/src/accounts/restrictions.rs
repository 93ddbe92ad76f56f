//! What admins and operators restrict while the server runs.

use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::origin::{Caller, Origin};

/// Who may register, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RegistrationState {
    /// What somebody has said while servers ran.
    pub said: Option<bool>,
    /// Whether everyone may register.
    pub is_open: bool,
}

impl Accounts {
    /// Whether everyone may register.
    pub fn registration_is_open(&self) -> bool {
        self.restrictions.registration_is_open().unwrap_or(self.opens_registration)
    }

    /// Who may register, as it is kept.
    pub async fn registration(&self) -> Result<RegistrationState, AccountError> {
        let said = self.store.restricted().await?.registration_is_open;
        Ok(RegistrationState { said, is_open: said.unwrap_or(self.opens_registration) })
    }

    /// Opens or closes registration, until somebody says otherwise.
    pub async fn set_registration(
        self: &Arc<Self>,
        is_open: bool,
        origin: Origin<Caller>,
    ) -> Result<(), AccountError> {
        self.to_the_end(|accounts| async move {
            let set = accounts.store.set_registration(is_open, origin.actor(true)).await;
            let event = if is_open { Event::RegistrationOpened } else { Event::RegistrationClosed };
            accounts.noted(Record::of(event, &origin), set)
        })
        .await
    }
}
