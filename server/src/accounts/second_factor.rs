//! The second step of a login.

use std::sync::Arc;

use hallpass_contract::Secret;

use super::Accounts;
use super::error::AccountError;
use super::proving::end_attempt;
use super::sign_in::{SignedIn, end_of};
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::metrics::FactorEnd;
use crate::proof::amr;
use crate::proof::factors::{FactorKind, FactorProof, OpenChallenge, SignInChallenge};
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
        let shown = SignInChallenge { user: user.id, version, renewed };
        let sealer = self.prover.factors.challenges();
        let challenge = match sealer.and_then(|sealer| shown.seal(&sealer, self.clock.now())) {
            Ok(challenge) => Some(challenge),
            Err(error) => return error.into(),
        };
        Record::of_client(Event::FactorAsked, client).user(user.id).ok(&self.audit);
        AccountError::FactorNeeded { challenge, kinds: FactorKind::of(user) }
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
        let count = &self.second_factors;
        match &signed_in {
            Ok(_) => count.ended(proof.kind(), FactorEnd::Ok),
            Err(AccountError::NotProven) => count.ended(proof.kind(), FactorEnd::Refused),
            Err(AccountError::TooMany(_)) => count.ended(proof.kind(), FactorEnd::Throttled),
            Err(_) => {}
        }
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
        let opened = OpenChallenge::read(&sealer, challenge, now);
        let OpenChallenge { challenge, shown } = opened.ok_or(AccountError::ChallengeOver)?;
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
        let Some(factor) = self.prover.factors.check(proof, &user, now)? else {
            attempt.failed();
            let what = proof.kind().phrase();
            record().refused(&self.audit, &format!("wrong {what}"));
            return Err(AccountError::NotProven);
        };
        let SignInChallenge { user: id, version, renewed } = shown;
        let amr = amr(&FactorProof::methods());
        let verified = Verified { version, renewed, amr, factor: Some(factor) };
        let starting = self.to_the_end(|accounts| async move {
            accounts.start_session(id, verified, Some(challenge), &client).await
        });
        let started = starting.await;
        end_attempt(attempt, &started);
        started
    }
}
