//! Passkeys: adding them, and signing in with one.

use std::sync::Arc;

use hallpass_contract::Secret;
use serde_json::Value;

use super::Accounts;
use super::error::AccountError;
use super::proving::end_attempt;
use super::sign_in::{Access, SignedIn, end_of};
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::metrics::FactorEnd;
use crate::origin::Caller;
use crate::proof::factors::{
    Answered, Asked, AskedForNew, FactorKind, FactorProof, OpenChallenge, Options, RelyingParty,
    seal,
};
use crate::proof::{Method, amr};
use crate::store::{Challenge, FactorChange, FactorUse, Passkey, PasskeyId, User, Verified};
use crate::throttle::Attempt;
use crate::username::Username;

/// The longest name of a passkey, in characters.
const MOST_CHARS: usize = 64;

/// What was asked of a browser, and the challenge to send back with its answer.
pub(crate) type AskedPasskey = (Secret, Options);

impl Accounts {
    fn relying_party(&self) -> Result<&RelyingParty, AccountError> {
        self.prover.factors.relying_party().ok_or(AccountError::NoPasskeys)
    }

    /// Asks for a passkey of somebody who wants to sign in: of this name's, or of anybody's. A name
    /// that is nobody's is answered with an invented passkey. Only users with several can be told.
    pub async fn ask_passkey(
        &self,
        username: Option<&str>,
        client: &Client,
    ) -> Result<AskedPasskey, AccountError> {
        let party = self.relying_party()?;
        self.admit_question(client, || Record::of_client(Event::Login, client))?;
        let factors = &self.prover.factors;
        let (options, asked) = match username {
            None => party.ask(None, &[])?,
            Some(name) => {
                let username = Username::given(name).ok();
                let key = username.as_ref().map_or(name, Username::key);
                let user = match &username {
                    Some(username) => self.store.user_by_name(username.key()).await?,
                    None => None,
                };
                factors.ask_by_name(party, key, user.as_ref())?
            }
        };
        Ok((seal(asked, &factors.challenges()?, self.clock.now())?, options))
    }

    /// Whether a client may ask for a passkey once more.
    fn admit_question<'r>(
        &self,
        client: &Client,
        record: impl FnOnce() -> Record<'r>,
    ) -> Result<(), AccountError> {
        let admitted = self.throttle.question(client.address).map_err(AccountError::from);
        self.noted_throttle(admitted.map(drop), record)
    }

    /// Starts a session for whoever has the passkey. It verifies its user, so nothing else is asked
    /// for.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotProven`] if it is nobody's, [`AccountError::ChallengeOver`] if it is too
    /// late.
    pub async fn sign_in_by_passkey(
        self: &Arc<Self>,
        challenge: &Secret,
        answered: Answered,
        client: Client,
    ) -> Result<SignedIn, AccountError> {
        let pending = self.logins.begin();
        let signed_in = self.try_passkey(challenge, answered, client).await;
        self.count_factor(FactorKind::Passkey, &signed_in);
        pending.ended(end_of(&signed_in));
        signed_in
    }

    async fn try_passkey(
        self: &Arc<Self>,
        challenge: &Secret,
        answered: Answered,
        client: Client,
    ) -> Result<SignedIn, AccountError> {
        let (challenge, asked) = self.asked(challenge)?;
        let record = || Record::of_client(Event::Login, &client);
        let user = self.whose(&asked, &answered).await?;
        // A name that is nobody's counts as an account, as it does with a password.
        let nobody = asked.user.map(|id| id.to_string()).unwrap_or_default();
        let key = user.as_ref().map_or(&nobody, |user| &user.username_key);
        let attempt = self.begin_attempt(&client, key).await;
        let attempt = self.noted_throttle(attempt, record)?;
        self.use_up(challenge, record).await?;
        let Some(user) = user.filter(|user| !user.disabled) else {
            attempt.failed();
            record().refused(&self.audit, "invalid credentials");
            return Err(AccountError::NotProven);
        };
        let record = || record().user(user.id);
        let (used, attempt) = self.check_passkey(&asked, answered, &user, attempt, record)?;
        let verified = verified_by(&user, used);
        let starting = self.to_the_end(|accounts| async move {
            accounts.start_session(user, verified, Some(challenge), &client).await
        });
        let started = starting.await;
        end_attempt(attempt, &started);
        started
    }

    /// Makes the caller's session fresh, by a passkey of theirs.
    ///
    /// # Errors
    ///
    /// As of [`sign_in_by_passkey`](Self::sign_in_by_passkey).
    pub async fn reauthenticate_by_passkey(
        self: &Arc<Self>,
        caller: Caller,
        challenge: &Secret,
        answered: Answered,
    ) -> Result<Access, AccountError> {
        let (challenge, asked) = self.asked(challenge)?;
        let record = || Record::of_caller(Event::Reauthentication, &caller);
        let attempt = self.begin_attempt(&caller.client, &caller.user.username_key).await;
        let attempt = self.noted_throttle(attempt, record)?;
        self.use_up(challenge, record).await?;
        let user = self.as_they_are(&caller).await?;
        let (used, attempt) = self.check_passkey(&asked, answered, &user, attempt, record)?;
        let verified = verified_by(&user, used);
        let renewed = self.renew(caller, verified).await;
        end_attempt(attempt, &renewed);
        renewed
    }

    /// What was asked, if it can still be answered.
    fn asked(&self, challenge: &Secret) -> Result<(Challenge, Asked), AccountError> {
        self.relying_party()?;
        let sealer = self.prover.factors.challenges()?;
        let opened = OpenChallenge::<Asked>::read(&sealer, challenge, self.clock.now());
        let OpenChallenge { challenge, contents } = opened.ok_or(AccountError::ChallengeOver)?;
        Ok((challenge, contents))
    }

    /// The user of whom a passkey was asked, or who it says is its own.
    async fn whose(
        &self,
        asked: &Asked,
        answered: &Answered,
    ) -> Result<Option<User>, AccountError> {
        let id = match (asked.user, answered.user()) {
            (Some(asked), Some(own)) if asked != own => return Ok(None),
            (asked, own) => asked.or(own),
        };
        match id {
            Some(id) => Ok(self.store.user_by_id(id).await?),
            None => Ok(None),
        }
    }

    /// A challenge is answered once, whatever the answer is and whoever's it would be.
    async fn use_up<'r>(
        &self,
        challenge: Challenge,
        record: impl Fn() -> Record<'r>,
    ) -> Result<(), AccountError> {
        if self.store.count_answer(challenge).await? {
            return Ok(());
        }
        record().refused(&self.audit, "the challenge is over");
        Err(AccountError::ChallengeOver)
    }

    /// What the passkey comes to. The attempt is handed back, since the store has the last word.
    fn check_passkey<'a, 'r>(
        &self,
        asked: &Asked,
        answered: Answered,
        user: &User,
        attempt: Attempt<'a>,
        record: impl Fn() -> Record<'r>,
    ) -> Result<(FactorUse, Attempt<'a>), AccountError> {
        let proof = FactorProof::Passkey(answered);
        let (factors, now) = (&self.prover.factors, self.clock.now());
        match factors.check_asked(&proof, Some(asked), user, now)? {
            Ok(used) => Ok((used, attempt)),
            Err(refused) => {
                attempt.failed();
                record().refused(&self.audit, &refused.to_string());
                Err(AccountError::NotProven)
            }
        }
    }

    /// Counts how a second factor ended.
    pub(super) fn count_factor<T>(&self, kind: FactorKind, outcome: &Result<T, AccountError>) {
        let how = match outcome {
            Ok(_) => FactorEnd::Ok,
            Err(AccountError::NotProven) => FactorEnd::Refused,
            Err(AccountError::TooMany(_)) => FactorEnd::Throttled,
            Err(_) => return,
        };
        self.second_factors.ended(kind, how);
    }

    /// Asks the caller's browser to make a passkey.
    pub async fn ask_new_passkey(&self, caller: &Caller) -> Result<AskedPasskey, AccountError> {
        let party = self.relying_party()?;
        let record = || Record::of_caller(Event::PasskeyAdded, caller);
        self.admit_question(&caller.client, record)?;
        let user = self.as_they_are(caller).await?;
        let (options, asked) = party.ask_for_new(&user)?;
        let sealer = self.prover.factors.challenges()?;
        Ok((seal(asked, &sealer, self.clock.now())?, options))
    }

    /// Adds the passkey that the caller's browser has made. Signs the caller in, if they had to set
    /// up a second factor first.
    ///
    /// # Errors
    ///
    /// [`AccountError::BrokenRules`] if it is not what was asked for.
    pub async fn add_passkey(
        self: &Arc<Self>,
        caller: Caller,
        challenge: &Secret,
        name: &str,
        credential: Value,
    ) -> Result<(Passkey, Option<SignedIn>), AccountError> {
        let party = self.relying_party()?;
        let (name, now) = (named(name)?, self.clock.now());
        let sealer = self.prover.factors.challenges()?;
        let opened = OpenChallenge::<AskedForNew>::read(&sealer, challenge, now);
        let message = "This took too long, or was done before; begin anew.";
        let over = || AccountError::broken_rule("challenge", message);
        let OpenChallenge { challenge, contents: asked } =
            opened.filter(|open| open.contents.user == caller.user.id).ok_or_else(over)?;
        if !self.store.count_answer(challenge).await? {
            return Err(over());
        }
        let Some((passkey, method)) = party.made(&asked, credential, name, now)? else {
            let record = Record::of_caller(Event::PasskeyAdded, &caller);
            record.refused(&self.audit, "not the passkey that was asked for");
            let message = "This is not the passkey that the server has asked for; begin anew.";
            return Err(AccountError::broken_rule("credential", message));
        };
        self.to_the_end(|accounts| async move {
            let change = FactorChange::AddPasskey(passkey.clone());
            let event = Event::PasskeyAdded;
            let signed_in = accounts.add_factor(&caller, change, method, event).await?;
            Ok((passkey, signed_in))
        })
        .await
    }

    /// Gives one of the caller's passkeys another name, and returns it.
    pub async fn rename_passkey(
        self: &Arc<Self>,
        caller: Caller,
        id: PasskeyId,
        name: &str,
    ) -> Result<Passkey, AccountError> {
        let name = named(name)?;
        self.to_the_end(|accounts| async move {
            let change = FactorChange::RenamePasskey { id, name };
            let changed = accounts.change_factors(&caller, change).await;
            let user = changed.map_err(|error| accounts.not_changed(error))?;
            let passkey = user.factors.passkeys.into_iter().find(|passkey| passkey.id == id);
            passkey.ok_or(AccountError::NotFound)
        })
        .await
    }

    /// Takes one of the caller's passkeys away.
    pub async fn remove_passkey(
        self: &Arc<Self>,
        caller: Caller,
        id: PasskeyId,
    ) -> Result<(), AccountError> {
        self.to_the_end(|accounts| async move {
            let change = FactorChange::RemovePasskey(id);
            let changed = accounts.change_factors(&caller, change).await;
            accounts.noted(Record::of_caller(Event::PasskeyRemoved, &caller), changed.map(drop))
        })
        .await
    }
}

/// A passkey counts whatever the password is, and is two factors by itself.
fn verified_by(user: &User, used: FactorUse) -> Verified {
    let amr = amr(&[Method::from(&used), Method::MultipleFactors]);
    Verified { version: user.password_version, renewed: None, amr, factor: Some(used) }
}

fn named(name: &str) -> Result<String, AccountError> {
    let name = name.trim();
    let fits = (1..=MOST_CHARS).contains(&name.chars().count());
    if !fits || name.chars().any(char::is_control) {
        let message = format!("Give it a name of 1 to {MOST_CHARS} characters.");
        return Err(AccountError::broken_rule("name", message));
    }
    Ok(name.to_owned())
}
