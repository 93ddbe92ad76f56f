//! A forgotten password: an admin makes a link, and whoever has it sets a new one, once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::Secret;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::origin::{Caller, Origin};
use crate::store::{OpenReset, ResetOffer, UserId};

/// How long a link can be used.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// What a reset link carries.
#[derive(Debug)]
pub struct ResetToken {
    /// Whoever has it may set the password.
    pub token: Secret,
    /// From then on it is void.
    pub expires_at: Timestamp,
}

impl Accounts {
    /// Offers a user to set a new password. An earlier offer is void. Only a signed-in admin makes
    /// offers, since an offer ends with the authority of its maker.
    pub async fn offer_reset(
        self: &Arc<Self>,
        user: UserId,
        admin: Caller,
    ) -> Result<ResetToken, AccountError> {
        let token = random_token()?;
        let created_at = self.clock.now();
        let expires_at = created_at.checked_add(LIFETIME).context("the end of time")?;
        let by = admin.actor(true);
        let offer = ResetOffer { user, by, token_hash: hash(&token), created_at, expires_at };
        self.to_the_end(|accounts| async move {
            let offered = accounts.store.offer_reset(offer).await;
            offered.map_err(|error| accounts.not_changed(error))?;
            let origin = Origin::Http(admin);
            let record = Record::of(Event::ResetOffer, &origin);
            record.user(user).ok(&accounts.audit);
            Ok(ResetToken { token, expires_at })
        })
        .await
    }

    /// The offers that can still be taken up, the one that was made first coming first.
    pub async fn open_resets(&self) -> Result<Vec<OpenReset>, AccountError> {
        Ok(self.store.open_resets(self.clock.now()).await?)
    }

    /// Withdraws the offer to a user.
    ///
    /// # Errors
    ///
    /// Why it still stands, or that there is none.
    pub async fn withdraw_reset(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin<Caller>,
    ) -> Result<(), AccountError> {
        self.to_the_end(|accounts| async move {
            let (by, now) = (origin.actor(true), accounts.clock.now());
            let withdrawn = accounts.store.withdraw_reset(user, by, now).await;
            accounts.noted(Record::of(Event::ResetWithdrawn, &origin).user(user), withdrawn)
        })
        .await
    }

    /// Takes up an offer: sets the password and ends all sessions of the user.
    ///
    /// # Errors
    ///
    /// [`AccountError::LinkNotValid`], or why the new password is refused.
    pub async fn take_up_reset(
        self: &Arc<Self>,
        token: &Secret,
        new: Secret,
        client: Client,
    ) -> Result<(), AccountError> {
        let admitted = self.throttle.anonymous(client.address).map_err(AccountError::from);
        self.noted_throttle(admitted, || Record::of_client(Event::PasswordReset, &client))?;
        let token_hash = hash(token);
        let offered = self.store.reset_offered(token_hash, self.clock.now()).await?;
        let user = offered.ok_or_else(|| self.not_valid(&client))?;
        let hashed = self.prover.hash_new(new, &user).await?;
        let hash = hashed.map_err(|message| AccountError::broken_rule("new_password", message))?;
        self.to_the_end(|accounts| async move {
            let (new, at) = (hash.to_phc(), accounts.moment());
            let taken_up = accounts.store.take_up_reset(token_hash, new, at).await?;
            let id = taken_up.ok_or_else(|| accounts.not_valid(&client))?;
            accounts.forgive(&user).await;
            Record::of_client(Event::PasswordReset, &client).user(id).ok(&accounts.audit);
            Ok(())
        })
        .await
    }

    fn not_valid(&self, client: &Client) -> AccountError {
        let record = Record::of_client(Event::PasswordReset, client);
        record.refused(&self.audit, "the link is not valid");
        AccountError::LinkNotValid
    }
}

fn random_token() -> anyhow::Result<Secret> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system has no randomness")?;
    Ok(BASE64URL_NOPAD.encode(&bytes).into())
}

fn hash(token: &Secret) -> [u8; 32] {
    Sha256::digest(token.expose()).into()
}
