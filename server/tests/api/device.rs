//! A device that makes passkeys and signs with them, through its browser.

use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use url::Url;

/// Whoever touches the device. Without a finger it knows, it does not verify its user.
struct Finger {
    verifies: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Finger {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        _: bool,
        _: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification: self.verifies })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// Holds one passkey.
pub(crate) struct Device {
    passkey: Option<Passkey>,
    origin: Url,
    verifies: bool,
    counts: bool,
}

impl Device {
    /// Its browser shows the server's pages.
    pub(crate) fn new() -> Self {
        let origin = Url::parse("http://localhost:3000").unwrap();
        Self { passkey: None, origin, verifies: true, counts: false }
    }

    /// Its browser shows the pages of another site.
    pub(crate) fn at(mut self, origin: &str) -> Self {
        self.origin = Url::parse(origin).unwrap();
        self
    }

    /// Nobody enters a PIN, whatever the server asks for.
    pub(crate) fn without_pin(mut self) -> Self {
        self.verifies = false;
        self
    }

    /// It counts how often it has signed.
    pub(crate) fn counting(mut self) -> Self {
        self.counts = true;
        self
    }

    /// A copy with all secrets, as an attacker would want it.
    pub(crate) fn copied(&self) -> Self {
        let (passkey, origin) = (self.passkey.clone(), self.origin.clone());
        Self { passkey, origin, ..*self }
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Finger, RustCryptoBackend> {
        let finger = Finger { verifies: self.verifies };
        let passkey = self.passkey.clone();
        let mut device =
            Authenticator::new(Aaguid::new_empty(), passkey, finger, RustCryptoBackend);
        device.set_make_credentials_with_signature_counter(self.counts);
        device
    }

    /// What `navigator.credentials.create` yields, as JSON; none if it refuses.
    pub(crate) async fn make(&mut self, options: &Value) -> Option<Value> {
        let mut options = options.clone();
        if !self.verifies {
            options["authenticatorSelection"]["userVerification"] = "discouraged".into();
        }
        let request = serde_json::from_value(json!({ "publicKey": options })).unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let made = client.register(&self.origin, request, DefaultClientData).await.ok()?;
        self.passkey.clone_from(client.authenticator().store());
        Some(as_browsers_write(serde_json::to_value(made).unwrap()))
    }

    /// What `navigator.credentials.get` yields, as JSON; none if it refuses.
    pub(crate) async fn sign(&mut self, options: &Value) -> Option<Value> {
        let mut options = options.clone();
        if !self.verifies {
            options["userVerification"] = "discouraged".into();
        }
        // The library takes an empty list for one on which nothing stands.
        if options["allowCredentials"] == json!([]) {
            options.as_object_mut().unwrap().remove("allowCredentials");
        }
        let request = serde_json::from_value(json!({ "publicKey": options })).unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let signed = client.authenticate(&self.origin, request, DefaultClientData).await.ok()?;
        self.passkey.clone_from(client.authenticator().store());
        Some(as_browsers_write(serde_json::to_value(signed).unwrap()))
    }
}

/// Bytes as base64url. The library writes them as arrays of numbers.
fn as_browsers_write(value: Value) -> Value {
    match value {
        Value::Array(numbers) if numbers.iter().all(Value::is_u64) && !numbers.is_empty() => {
            let bytes: Vec<u8> = serde_json::from_value(Value::Array(numbers)).unwrap();
            data_encoding::BASE64URL_NOPAD.encode(&bytes).into()
        }
        Value::Object(fields) => {
            let written = |(name, value)| (name, as_browsers_write(value));
            Value::Object(fields.into_iter().map(written).collect())
        }
        other => other,
    }
}
