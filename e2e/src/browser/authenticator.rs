//! WebDriver's virtual authenticators (Web Authentication Level 3, section 11): devices that make
//! passkeys and sign with them, without anybody's finger.

use anyhow::Context as _;
use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::Browser;
use crate::{Result, Skip};

/// A virtual authenticator of a browser, as [`Browser::add_authenticator`] adds it. It has a PIN or
/// a finger that it knows, keeps passkeys that need no username, and says yes to everything.
#[derive(Debug)]
pub struct Authenticator {
    client: Client,
    id: String,
}

impl Browser {
    /// Plugs in a virtual authenticator, which stays until it is removed or the browser is closed.
    /// Where the driver has none, the test is skipped.
    pub async fn add_authenticator(&self) -> Result<Authenticator> {
        self.step("plug in an authenticator").await;
        let body = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        let command = Command { method: Method::POST, path: String::new(), body: Some(body) };
        let added = self.client().issue_cmd(command).await;
        let id = added.map_err(|error| {
            Skip::because(format!("the driver has no virtual authenticators: {error}"))
        })?;
        let id = id.as_str().context("an authenticator without an id")?.to_owned();
        Ok(Authenticator { client: self.client().clone(), id })
    }
}

impl Authenticator {
    /// From now on nobody enters the right PIN, or from now on somebody does.
    pub async fn verify_user(&self, verified: bool) -> Result {
        self.send(Method::POST, "/uv", Some(json!({ "isUserVerified": verified }))).await.map(drop)
    }

    /// The passkeys that it holds, as the standard's Credential Parameters: `credentialId`,
    /// `privateKey`, `signCount` and so on.
    pub async fn credentials(&self) -> Result<Vec<Value>> {
        let all = self.send(Method::GET, "/credentials", None).await?;
        Ok(all.as_array().context("no list of passkeys")?.clone())
    }

    /// Puts a passkey into it, such as one that another authenticator held before: a copy.
    pub async fn add_credential(&self, credential: Value) -> Result {
        self.send(Method::POST, "/credential", Some(credential)).await.map(drop)
    }

    /// Takes all passkeys out of it.
    pub async fn remove_credentials(&self) -> Result {
        self.send(Method::DELETE, "/credentials", None).await.map(drop)
    }

    /// Unplugs it.
    pub async fn remove(self) -> Result {
        self.send(Method::DELETE, "", None).await.map(drop)
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let command = Command { method, path: format!("/{}{path}", self.id), body };
        self.client.issue_cmd(command).await.context("the authenticator did not do as it was told")
    }
}

/// A command to the authenticators of a session; the path is below theirs.
#[derive(Debug)]
struct Command {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        let session = session_id.unwrap_or_default();
        base_url.join(&format!("session/{session}/webauthn/authenticator{}", self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (self.method.clone(), self.body.as_ref().map(Value::to_string))
    }
}
