//! What the suite runs against: servers of its own, or a deployment.

use anyhow::{Context as _, bail, ensure};
use hallpass_contract::{ADMIN_ROLE, PublicConfig, path};
use url::Url;

use crate::api::{self, ApiSession};
use crate::cluster::Cluster;
use crate::options::{self, Options};
use crate::{Result, User, server};

#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// Each test starts a server of its own.
    Own,
    /// A server that is there already, whoever runs it.
    Deployment(Deployment),
}

#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    /// The origin, and the path below which the server is. Without a trailing slash.
    pub(crate) address: String,
    pub(crate) registration_open: bool,
    pub(crate) account: Option<User>,
    pub(crate) admin: Option<User>,
    pub(crate) cluster: Option<Cluster>,
}

impl Deployment {
    /// Whether there is an account, or one can be made.
    pub(crate) fn can_sign_in(&self) -> bool {
        self.account.is_some() || self.registration_open
    }
}

impl Target {
    /// What the options ask for. Asks a deployment how it is set up and whether it knows the users.
    pub(crate) async fn of(options: &Options) -> Result<Self> {
        let Some(url) = &options.url else {
            server::check_given()?;
            return Ok(Self::Own);
        };
        let (account, admin) = (options.account()?, options.admin()?);
        let address = address(url)?;
        let config = config(&address).await?;
        for (user, variable) in [(&account, options::PASSWORD), (&admin, options::ADMIN_PASSWORD)] {
            if let Some(user) = user {
                let roles = roles(&address, user, variable).await?;
                let name = &user.name;
                let may =
                    variable != options::ADMIN_PASSWORD || roles.iter().any(|it| it == ADMIN_ROLE);
                ensure!(may, "{name} is no admin there: their roles are {}", roles.join(", "));
            }
        }
        let registration_open = config.registration == "open";
        let cluster = options.cluster.as_deref().map(Cluster::of).transpose()?;
        Ok(Self::Deployment(Deployment { address, registration_open, account, admin, cluster }))
    }

    /// The passwords that must not turn up in any report.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let Self::Deployment(deployment) = self else { return Vec::new() };
        let given = deployment.account.iter().chain(&deployment.admin);
        given.map(|user| user.password.expose().to_owned()).collect()
    }
}

/// What the server tells frontends of its settings.
pub(crate) async fn config(origin: &str) -> Result<PublicConfig> {
    let url = format!("{origin}{}", path::CONFIG);
    let answer = api::send(api::client()?.get(&url)).await;
    let answer = answer.with_context(|| {
        format!("no server answers at {origin}; start it there, or correct --url")
    })?;
    let status = answer.status();
    ensure!(status.is_success(), "{origin} is no Hallpass server: {url} answers {status}");
    answer.json().await.with_context(|| format!("{origin} is no Hallpass server: {url}"))
}

/// The roles of a user of the deployment, whose password the variable holds.
async fn roles(origin: &str, user: &User, variable: &str) -> Result<Vec<String>> {
    let name = &user.name;
    let session = ApiSession::begin(origin, user).await?;
    let session = session.with_context(|| {
        format!("{origin} does not let {name} in with the password in {variable}")
    })?;
    let roles = session.user.roles.clone();
    session.end().await?;
    Ok(roles)
}

/// As the browser writes it: no default port, the host in lower case.
fn address(url: &str) -> Result<String> {
    let parsed = Url::parse(url).with_context(|| format!("'{url}' is not a URL"))?;
    let origin = parsed.origin();
    if !origin.is_tuple() || parsed.query().is_some() || parsed.fragment().is_some() {
        bail!("'{url}' is no address such as https://login.example or https://example.org/auth");
    }
    Ok(origin.ascii_serialization() + parsed.path().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_as_browsers_write_it() {
        for (given, written) in [
            ("https://Login.Example:443/", "https://login.example"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://example.org/auth/", "https://example.org/auth"),
        ] {
            assert_eq!(address(given).expect("valid"), written);
        }
        for wrong in ["login.example", "https://login.example/?app", "file:///tmp"] {
            address(wrong).expect_err(wrong);
        }
    }
}
