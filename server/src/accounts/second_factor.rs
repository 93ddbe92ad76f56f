//! The second step of a login.

use std::sync::Arc;

use hallpass_contract::Secret;

use super::Accounts;
use super::error::AccountError;
use super::proving::end_attempt;
use super::sign_in::{SignedIn, end_of};
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::proof::factors::{FactorProof, OpenChallenge, SignInChallenge, seal};
use crate::proof::{amr, methods_with};
use crate::store::{User, Verified};

impl Accounts {
    /// What somebody gets whose password is right, and who has a second factor.
    pub(super) fn ask_for_factor(
        &self,
        user: &User,
        verified: Verified,
        client: &Client,
    ) -> AccountError {
        let Verified { version, renewed, .. } = verified;
        let factors = &self.prover.factors;
        let asking = || {
            let (options, asked) = factors.ask(user)?.unzip();
            let shown = SignInChallenge { user: user.id, version, renewed, asked };
            anyhow::Ok((seal(shown, &factors.challenges()?, self.clock.now())?, options))
        };
        let (challenge, options) = match asking() {
            Ok((challenge, options)) => (Some(challenge), options),
            Err(error) => return error.into(),
        };
        Record::of_client(Event::FactorAsked, client).user(user.id).ok(&self.audit);
        AccountError::FactorNeeded { challenge, kinds: factors.kinds_of(user), options }
    }

    /// Starts a session for whoever has given the right password before, if the factor is theirs.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotProven`] if it is not, [`AccountError::ChallengeOver`] if it is too late.
    pub async fn answer_challenge(
        self: &Arc<Self>,
        challenge: &Secret,
        proof: FactorProof,
        client: Client,
    ) -> Result<SignedIn, AccountError> {
        let pending = self.logins.begin();
        let signed_in = self.try_answer(challenge, &proof, client).await;
        self.count_factor(proof.kind(), &signed_in);
        pending.ended(end_of(&signed_in));
        signed_in
    }

    async fn try_answer(
        self: &Arc<Self>,
        challenge: &Secret,
        proof: &FactorProof,
        client: Client,
    ) -> Result<SignedIn, AccountError> {
        let (sealer, now) = (self.prover.factors.challenges()?, self.clock.now());
        let opened = OpenChallenge::<SignInChallenge>::read(&sealer, challenge, now);
        let OpenChallenge { challenge, contents: shown } =
            opened.ok_or(AccountError::ChallengeOver)?;
        let record = || Record::of_client(Event::Login, &client).user(shown.user);
        let user = self.store.user_by_id(shown.user).await?;
        let user = user.filter(|user| !user.disabled).ok_or(AccountError::ChallengeOver)?;
        let attempt = self.begin_attempt(&client, &user.username_key).await;
        let attempt = self.noted_throttle(attempt, record)?;
        // Before the code is looked at: of many at once, no more count than may.
        if !self.store.count_answer(challenge).await? {
            record().refused(&self.audit, "the challenge is over");
            return Err(AccountError::ChallengeOver);
        }
        let SignInChallenge { version, renewed, asked, .. } = shown;
        let factor = match self.prover.factors.check_asked(proof, asked.as_ref(), &user, now)? {
            Ok(factor) => factor,
            Err(refused) => {
                attempt.failed();
                record().refused(&self.audit, &refused.to_string());
                return Err(AccountError::NotProven);
            }
        };
        let amr = amr(&methods_with(&factor));
        let verified = Verified { version, renewed, amr, factor: Some(factor) };
        let starting = self.to_the_end(|accounts| async move {
            accounts.start_session(user, verified, Some(challenge), &client).await
        });
        let started = starting.await;
        end_attempt(attempt, &started);
        started
    }
}
