//! What the suite runs against.

use std::time::Duration;

use anyhow::{Context as _, bail};
use hallpass_contract::{PublicConfig, path};
use url::Url;

use crate::options::Options;
use crate::{Result, User};

/// Longer than a server that browsers can work with takes for anything.
const HTTP_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// Each test starts a server of its own.
    Own,
    /// A server that is there already, whoever runs it.
    Deployment(Deployment),
}

#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    /// Without a trailing slash.
    pub(crate) origin: String,
    pub(crate) registration_open: bool,
    pub(crate) account: Option<User>,
    pub(crate) admin: Option<User>,
}

impl Deployment {
    /// Whether there is an account, or one can be made.
    pub(crate) fn can_sign_in(&self) -> bool {
        self.account.is_some() || self.registration_open
    }
}

impl Target {
    /// What the options ask for; asks a deployment how it is set up.
    pub(crate) async fn of(options: &Options) -> Result<Self> {
        let Some(url) = &options.url else { return Ok(Self::Own) };
        let origin = origin(url)?;
        let config = config(&origin).await?;
        Ok(Self::Deployment(Deployment {
            origin,
            registration_open: config.registration == "open",
            account: options.account()?,
            admin: options.admin()?,
        }))
    }

    /// The passwords that must not turn up in any report.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let Self::Deployment(deployment) = self else { return Vec::new() };
        let given = deployment.account.iter().chain(&deployment.admin);
        given.map(|user| user.password.expose().to_owned()).collect()
    }
}

/// A client for what the harness itself asks a server, past any browser.
pub(crate) fn http() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().timeout(HTTP_TIMEOUT).build()?)
}

/// What the server tells frontends of its settings.
pub(crate) async fn config(origin: &str) -> Result<PublicConfig> {
    let url = format!("{origin}{}", path::CONFIG);
    let answer = http()?.get(&url).send().await.and_then(reqwest::Response::error_for_status);
    answer
        .context("no Hallpass there")?
        .json()
        .await
        .with_context(|| format!("{url} is not Hallpass's"))
}

/// As the browser writes it: no default port, the host in lower case.
fn origin(url: &str) -> Result<String> {
    let parsed = Url::parse(url).with_context(|| format!("'{url}' is not a URL"))?;
    let origin = parsed.origin();
    if !origin.is_tuple() || !matches!(parsed.path(), "" | "/") {
        bail!("'{url}' is no origin such as https://login.example");
    }
    Ok(origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_as_browsers_write_it() {
        assert_eq!(origin("https://Login.Example:443/").expect("valid"), "https://login.example");
        assert_eq!(origin("http://[::1]:8080").expect("valid"), "http://[::1]:8080");
        for wrong in ["login.example", "https://login.example/app", "file:///tmp"] {
            origin(wrong).expect_err(wrong);
        }
    }
}
