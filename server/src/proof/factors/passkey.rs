//! Passkeys (Web Authentication Level 3), checked by `webauthn-rs`. They always verify their user,
//! by a PIN or a finger, so each is two factors at once.

use anyhow::Context as _;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::{Host, Url};
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};
use webauthn_rs_proto::ResidentKeyRequirement;

use super::refused::Refused;
use crate::proof::Method;
use crate::store::{FactorUse, Passkey, PasskeyId, PasskeyState, User, UserId};

/// Where the server is reached if no public URL says otherwise. The port does not matter.
const LOCALHOST: &str = "http://localhost";

/// The site that the passkeys are for.
#[derive(Debug)]
pub(crate) struct RelyingParty(Webauthn);

/// What the server asked a browser that makes a passkey.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct AskedForNew {
    /// Whose passkey it will be.
    pub(crate) user: UserId,
    state: PasskeyRegistration,
}

/// What the server asked a browser that signs in.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Asked {
    /// Whose passkey it must be, if that was said. Nobody has the id if the name was nobody's.
    pub(crate) user: Option<UserId>,
    state: DiscoverableAuthentication,
}

/// What a browser has answered with a passkey.
#[derive(Clone, Debug)]
pub struct Answered(Box<PublicKeyCredential>);

/// What is shown to a browser, as JSON.
pub(crate) type Options = Value;

impl RelyingParty {
    /// The site of this origin. None if its host is an IP address: browsers have passkeys for names
    /// alone.
    ///
    /// # Errors
    ///
    /// If it is no URL.
    pub(crate) fn at(public_origin: Option<&str>) -> anyhow::Result<Option<Self>> {
        let origin = Url::parse(public_origin.unwrap_or(LOCALHOST)).context("it is no URL")?;
        let Some(Host::Domain(host)) = origin.host() else { return Ok(None) };
        let builder = WebauthnBuilder::new(host, &origin).context("no place for passkeys")?;
        let builder = builder.rp_name(host).allow_any_port(public_origin.is_none());
        Ok(Some(Self(builder.build().context("no place for passkeys")?)))
    }

    /// What a browser needs to make a passkey for the user, and what to remember of it.
    pub(crate) fn ask_for_new(&self, user: &User) -> anyhow::Result<(Options, AskedForNew)> {
        let others = user.factors.passkeys.iter().map(|passkey| id_of(&passkey.credential_id));
        let others = others.collect::<anyhow::Result<Vec<_>>>()?;
        let name = &user.username;
        let begun = self.0.start_passkey_registration(user.id.uuid(), name, name, Some(others));
        let (mut asked, state) = begun.context("can't ask for a passkey")?;
        // So that it signs in without a username.
        if let Some(selection) = &mut asked.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Preferred);
        }
        let options = serde_json::to_value(asked.public_key)?;
        Ok((options, AskedForNew { user: user.id, state }))
    }

    /// The passkey that a browser has made, if that is what it was asked for; and how it proves who
    /// somebody is.
    pub(crate) fn made(
        &self,
        asked: &AskedForNew,
        credential: Value,
        name: String,
        now: Timestamp,
    ) -> anyhow::Result<Option<(Passkey, Method)>> {
        let Ok(made) = serde_json::from_value::<RegisterPublicKeyCredential>(credential) else {
            return Ok(None);
        };
        let made = match self.0.finish_passkey_registration(&made, &asked.state) {
            Ok(made) => made,
            Err(error) => {
                tracing::debug!(%error, "a new passkey is refused");
                return Ok(None);
            }
        };
        let written = serde_json::to_value(&made)?;
        let synced = written["cred"]["backup_eligible"].as_bool().unwrap_or_default();
        let method = if synced { Method::SoftwareKey } else { Method::HardwareKey };
        let passkey = Passkey {
            id: PasskeyId::new(now),
            name,
            created_at: now,
            last_used_at: None,
            credential_id: BASE64URL_NOPAD.encode(made.cred_id()),
            state: PasskeyState { counter: counter_of(&written)?, credential: text_of(&made)? },
        };
        Ok(Some((passkey, method)))
    }

    /// What a browser needs to sign in, and what to remember of it. It may use these passkeys, or
    /// without any the ones that it has for the site.
    pub(crate) fn ask(
        &self,
        user: Option<UserId>,
        allowed: &[String],
    ) -> anyhow::Result<(Options, Asked)> {
        let (asked, state) =
            self.0.start_discoverable_authentication().context("can't ask for a passkey")?;
        let mut options = serde_json::to_value(asked.public_key)?;
        let allowed = allowed.iter().map(|id| json!({ "type": "public-key", "id": id }));
        options["allowCredentials"] = allowed.collect();
        Ok((options, Asked { user, state }))
    }

    /// What a passkey of this user comes to, if it is one and has signed what was asked.
    pub(crate) fn check(
        &self,
        asked: &Asked,
        answered: &Answered,
        user: &User,
        now: Timestamp,
    ) -> anyhow::Result<Result<FactorUse, Refused>> {
        let id = BASE64URL_NOPAD.encode(answered.0.get_credential_id());
        let passkeys = &user.factors.passkeys;
        let Some(passkey) = passkeys.iter().find(|passkey| passkey.credential_id == id) else {
            return Ok(Err(Refused::Passkey));
        };
        let mut stored = passkey_of(passkey)?;
        let state = asked.state.clone();
        let checked = self.0.finish_discoverable_authentication_v2(&answered.0, state, &stored);
        let signed = match checked {
            Ok(signed) => signed,
            Err(WebauthnError::CredentialPossibleCompromise) => return Ok(Err(Refused::Copied)),
            Err(error) => {
                tracing::debug!(%error, "a passkey is refused");
                return Ok(Err(Refused::Passkey));
            }
        };
        stored.update_credential(&signed);
        let (counter, synced) = (signed.counter(), signed.backup_eligible());
        let state = PasskeyState { counter, credential: text_of(&stored)? };
        Ok(Ok(FactorUse::Passkey { id: passkey.id, state, synced, at: now }))
    }
}

impl Answered {
    /// Reads an `AuthenticationResponseJSON`.
    pub(crate) fn read(credential: Value) -> Option<Self> {
        serde_json::from_value(credential).ok().map(Self)
    }

    /// Whose passkey it is, as it says itself.
    pub(crate) fn user(&self) -> Option<UserId> {
        let handle = self.0.get_user_unique_id()?;
        handle.try_into().ok().map(UserId::from_bytes)
    }
}

/// How many bytes authenticators mostly take for an id.
const USUAL_LENGTHS: [usize; 4] = [16, 20, 32, 64];

/// A user's id and a passkey's, made of random bytes: they look like those of anybody else.
pub(super) fn invented(user: &[u8; 32], passkey: &[u8; 64]) -> (UserId, String) {
    let (id, choice) = user.split_at(16);
    let id = uuid::Builder::from_random_bytes(id.try_into().expect("16 of 32"));
    let length = USUAL_LENGTHS[usize::from(choice[0]) % USUAL_LENGTHS.len()];
    let id = UserId::from_bytes(*id.as_uuid().as_bytes());
    (id, BASE64URL_NOPAD.encode(&passkey[..length]))
}

/// The ids of a user's passkeys.
pub(crate) fn ids_of(user: &User) -> Vec<String> {
    user.factors.passkeys.iter().map(|passkey| passkey.credential_id.clone()).collect()
}

fn id_of(text: &str) -> anyhow::Result<CredentialID> {
    let bytes =
        BASE64URL_NOPAD.decode(text.as_bytes()).context("the id of a passkey is damaged")?;
    Ok(bytes)
}

fn passkey_of(passkey: &Passkey) -> anyhow::Result<webauthn_rs::prelude::Passkey> {
    serde_json::from_str(&passkey.state.credential)
        .with_context(|| format!("the passkey {} is damaged", passkey.id))
}

fn text_of(passkey: &webauthn_rs::prelude::Passkey) -> anyhow::Result<String> {
    serde_json::to_string(passkey).context("can't write a passkey")
}

/// The library keeps it to itself, but writes it.
fn counter_of(written: &Value) -> anyhow::Result<u32> {
    let counter = written["cred"]["counter"].as_u64().context("a passkey without a counter")?;
    Ok(u32::try_from(counter)?)
}

#[cfg(fuzzing)]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;
