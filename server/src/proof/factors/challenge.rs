//! Challenges: what the server asked, and what was proven so far. They are sealed, and in the hands
//! of the client.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::passkey::{Asked, AskedForNew};
use super::seal::Sealer;
use crate::store::{Challenge, ChallengeId, MAX_ANSWERS, UserId};

/// What is sealed in a challenge of one kind.
pub(crate) trait Contents: Serialize + DeserializeOwned {
    /// No challenge of another kind can be taken for it.
    const PURPOSE: &'static str;
    /// How often somebody may try to answer it.
    const ANSWERS: u32;
    /// How long it can be answered.
    const LIFETIME: Duration = Duration::from_secs(5 * 60);
}

/// What a right password has shown.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SignInChallenge {
    /// Whose it is.
    pub(crate) user: UserId,
    /// Which password it was: [`User::password_version`](crate::store::User::password_version).
    pub(crate) version: u32,
    /// A new hash of it, if that is due.
    pub(crate) renewed: Option<Secret>,
    /// What a passkey is asked, if the user has one.
    pub(crate) asked: Option<Asked>,
}

impl Contents for SignInChallenge {
    const PURPOSE: &'static str = "hallpass sign-in challenge 1";
    const ANSWERS: u32 = MAX_ANSWERS;
}

impl Contents for Asked {
    const PURPOSE: &'static str = "hallpass passkey challenge 1";
    const ANSWERS: u32 = 1;
}

impl Contents for AskedForNew {
    const PURPOSE: &'static str = "hallpass new passkey challenge 1";
    const ANSWERS: u32 = 1;
}

/// A challenge that came back and can be answered.
#[derive(Clone, Debug)]
pub(crate) struct OpenChallenge<T> {
    /// What is counted.
    pub(crate) challenge: Challenge,
    /// What is in it.
    pub(crate) contents: T,
}

#[derive(Deserialize, Serialize)]
struct Sealable<T> {
    id: ChallengeId,
    expires_at: Timestamp,
    contents: T,
}

/// The challenge as the client gets it.
pub(crate) fn seal<T: Contents>(
    contents: T,
    sealer: &Sealer,
    now: Timestamp,
) -> anyhow::Result<Secret> {
    let (id, expires_at) = (ChallengeId::new(now), now.checked_add(T::LIFETIME)?);
    let sealable = serde_json::to_vec(&Sealable { id, expires_at, contents })?;
    Ok(BASE64URL_NOPAD.encode(&sealer.seal(sealable, T::PURPOSE)?).into())
}

impl<T: Contents> OpenChallenge<T> {
    /// What the client has sent back. None if it is not ours, of another kind, or has expired.
    pub(crate) fn read(sealer: &Sealer, text: &Secret, now: Timestamp) -> Option<Self> {
        let sealed = BASE64URL_NOPAD.decode(text.expose().as_bytes()).ok()?;
        let opened = sealer.open(&sealed, T::PURPOSE).ok()?;
        let Sealable { id, expires_at, contents } = serde_json::from_slice(&opened).ok()?;
        let challenge = Challenge { id, expires_at, answers: T::ANSWERS };
        (now < expires_at).then_some(Self { challenge, contents })
    }
}
