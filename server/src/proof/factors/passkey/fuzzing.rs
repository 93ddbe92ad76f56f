//! What `server/fuzz` answers: a question to make a passkey, and one to sign in with one.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answered, Asked, AskedForNew, LOCALHOST, RelyingParty, passkey_of};
use crate::store::{Factors, Passkey, User};
use crate::username::Username;

/// Two questions, and a user whose passkey is on no device any more.
pub(crate) struct Questions {
    party: RelyingParty,
    user: User,
    new: (Value, AskedForNew),
    old: (Value, Asked),
}

impl Questions {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let party = RelyingParty::at(None)?.expect("it has a name");
        let name = Username::parse("ada").expect("it is a name");
        let mut user = User::new(&name, "hash".into(), Vec::new(), Timestamp::UNIX_EPOCH);
        let passkey: Passkey = serde_json::from_str(include_str!("lost_passkey.json"))?;
        user.factors = Factors { passkeys: vec![passkey], ..Factors::default() };
        let new = party.ask_for_new(&User { factors: Factors::default(), ..user.clone() })?;
        let old = party.ask(Some(user.id), &[])?;
        Ok(Self { party, user, new, old })
    }

    /// A credential that is made of any JSON.
    pub(crate) fn made(&self, credential: Value) {
        let (party, now) = (&self.party, Timestamp::UNIX_EPOCH);
        let made = party.made(&self.new.1, credential, "phone".to_owned(), now);
        if let Some((passkey, _)) = made.expect("no fault") {
            passkey_of(&passkey).expect("it can be read again");
        }
    }

    /// A credential with the right client data and any attestation object.
    pub(crate) fn made_of(&self, attestation: &[u8]) {
        let client = client_data("webauthn.create", &self.new.0);
        let response =
            json!({ "clientDataJSON": client, "attestationObject": encoded(attestation) });
        self.made(credential(response));
    }

    /// A signature that is made of any JSON.
    pub(crate) fn signed(&self, credential: Value) {
        let Some(answered) = Answered::read(credential) else { return };
        let (party, now) = (&self.party, Timestamp::UNIX_EPOCH);
        let checked = party.check(&self.old.1, &answered, &self.user, now).expect("no fault");
        assert!(checked.is_err(), "a signature was right by chance");
    }

    /// A signature with the right client data. The first byte says how long the authenticator's
    /// data are, and the rest is the signature.
    pub(crate) fn signed_of(&self, data: &[u8]) {
        let (first, rest) = data.split_first().unwrap_or((&0, &[]));
        let (authenticator, signature) = rest.split_at(rest.len().min((*first).into()));
        let response = json!({
            "clientDataJSON": client_data("webauthn.get", &self.old.0),
            "authenticatorData": encoded(authenticator),
            "signature": encoded(signature),
            "userHandle": encoded(self.user.id.as_bytes()),
        });
        let mut credential = credential(response);
        let id = &self.user.factors.passkeys[0].credential_id;
        (credential["id"], credential["rawId"]) = (json!(id), json!(id));
        self.signed(credential);
    }
}

fn client_data(kind: &str, options: &Value) -> String {
    let data = json!({ "type": kind, "challenge": options["challenge"], "origin": LOCALHOST });
    encoded(data.to_string().as_bytes())
}

fn credential(response: Value) -> Value {
    let id = encoded(&[7; 16]);
    json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} })
}

fn encoded(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
