//! Guarded sites. Other applications' pages are shown to whoever is signed in here. A browser that
//! is signed in fetches a one-time code, the site exchanges it for a cookie, and the cookie opens
//! the site's pages for as long as the session lasts.

use std::sync::Arc;
use std::time::Duration;

use hallpass_contract::Secret;
use serde::{Deserialize, Serialize};

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::proof::factors::{Contents, OpenChallenge, seal};
use crate::sessions::RefreshToken;
use crate::store::{SessionId, UserId, is_exchangeable};
use crate::token::{Signed, UseFor};

/// What is sealed in a one-time code.
#[derive(Debug, Deserialize, Serialize)]
struct GuardCode {
    user: UserId,
    session: SessionId,
    /// The origin of the site that it opens.
    site: String,
    /// Which browser asked, so that nobody can make somebody else's browser use it.
    asked_by: String,
}

impl Contents for GuardCode {
    const PURPOSE: &'static str = "hallpass guard code 1";
    const ANSWERS: u32 = 1;
    const LIFETIME: Duration = Duration::from_secs(30);
}

impl Accounts {
    /// A code by which the browser that asked can open a guarded site, once. The refresh token is
    /// not exchanged. One that was exchanged long ago ends its session, as it does in
    /// [`refresh`](Self::refresh).
    ///
    /// # Errors
    ///
    /// [`AccountError::SessionEnded`] if the refresh token could not be exchanged now.
    pub async fn guard_code(
        self: &Arc<Self>,
        token: RefreshToken,
        site: &str,
        asked_by: &str,
        client: Client,
    ) -> Result<Secret, AccountError> {
        let now = self.clock.now();
        let session = self.session_of(&token).await?;
        if !is_exchangeable(&session, token.generation, now) {
            if session.is_live(now) {
                self.refresh(token, client).await?;
            }
            return Err(AccountError::SessionEnded);
        }
        let (user, session) = (session.user, session.id);
        let (site, asked_by) = (site.to_owned(), asked_by.to_owned());
        let code = GuardCode { user, session, site, asked_by };
        Ok(seal(code, &self.prover.factors.challenges()?, now)?)
    }

    /// Exchanges a code for the token that opens the site's pages.
    ///
    /// # Errors
    ///
    /// [`AccountError::ChallengeOver`] if the code is not for this site and this browser, was used,
    /// or is too old; [`AccountError::SessionEnded`] if the session has ended meanwhile.
    pub async fn open_guard(
        self: &Arc<Self>,
        code: &Secret,
        site: &str,
        asked_by: &str,
        client: Client,
    ) -> Result<Signed, AccountError> {
        let sealer = self.prover.factors.challenges()?;
        let opened = OpenChallenge::<GuardCode>::read(&sealer, code, self.clock.now());
        let opened = opened.ok_or(AccountError::ChallengeOver)?;
        let suits = opened.contents.site == site && opened.contents.asked_by == asked_by;
        self.to_the_end(move |accounts| async move {
            let GuardCode { user, session, site, .. } = opened.contents;
            let record = Record::of_client(Event::GuardOpened, &client);
            let record = record.user(user).session(session).detail(&site);
            // Also in the wrong browser, so that nobody finds a code there that is still good.
            if !accounts.store.count_answer(opened.challenge).await? {
                record.refused(&accounts.audit, "the code was used before");
                return Err(AccountError::ChallengeOver);
            }
            if !suits {
                record.refused(&accounts.audit, "another browser or site brought the code");
                return Err(AccountError::ChallengeOver);
            }
            let token = accounts.guard_token(user, session, &site).await?;
            record.ok(&accounts.audit);
            Ok(token)
        })
        .await
    }

    /// A token that opens the pages of a guarded site: the first one, or one in place of another
    /// that will expire soon.
    ///
    /// # Errors
    ///
    /// [`AccountError::SessionEnded`] if the session or the user may not go on.
    pub async fn guard_token(
        &self,
        user: UserId,
        session: SessionId,
        site: &str,
    ) -> Result<Signed, AccountError> {
        let now = self.clock.now();
        let session = self.store.session(session).await?;
        let session = session.filter(|session| session.user == user && session.is_live(now));
        let user = self.store.user_by_id(user).await?.filter(|user| !user.disabled);
        match session.zip(user) {
            Some((session, user)) if !self.factor_policy.is_unmet(&user) => {
                self.sign(UseFor::Guard(site), &user, &session)
            }
            _ => Err(AccountError::SessionEnded),
        }
    }
}
