//! The challenge of a login: what was proven so far, sealed, in the hands of the client.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::seal::Sealer;
use crate::store::{Challenge, ChallengeId, UserId};

/// How long it can be answered.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

const PURPOSE: &str = "hallpass sign-in challenge 1";

/// What a right password has shown.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SignInChallenge {
    /// Whose it is.
    pub(crate) user: UserId,
    /// Which password it was: [`User::password_version`](crate::store::User::password_version).
    pub(crate) version: u32,
    /// A new hash of it, if that is due.
    pub(crate) renewed: Option<Secret>,
}

/// A challenge that came back and can be answered.
#[derive(Clone, Debug)]
pub(crate) struct OpenChallenge {
    /// What is counted.
    pub(crate) challenge: Challenge,
    /// What was shown before.
    pub(crate) shown: SignInChallenge,
}

#[derive(Deserialize, Serialize)]
struct Contents {
    id: ChallengeId,
    expires_at: Timestamp,
    shown: SignInChallenge,
}

impl SignInChallenge {
    /// The challenge as the client gets it.
    pub(crate) fn seal(self, sealer: &Sealer, now: Timestamp) -> anyhow::Result<Secret> {
        let (id, expires_at) = (ChallengeId::new(now), now.checked_add(LIFETIME)?);
        let contents = serde_json::to_vec(&Contents { id, expires_at, shown: self })?;
        Ok(BASE64URL_NOPAD.encode(&sealer.seal(contents, PURPOSE)?).into())
    }
}

impl OpenChallenge {
    /// What the client has sent back. None if it is not ours, or has expired.
    pub(crate) fn read(sealer: &Sealer, text: &Secret, now: Timestamp) -> Option<Self> {
        let sealed = BASE64URL_NOPAD.decode(text.expose().as_bytes()).ok()?;
        let contents = sealer.open(&sealed, PURPOSE).ok()?;
        let Contents { id, expires_at, shown } = serde_json::from_slice(&contents).ok()?;
        (now < expires_at).then_some(Self { challenge: Challenge { id, expires_at }, shown })
    }
}
