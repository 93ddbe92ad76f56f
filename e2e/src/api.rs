//! Requests of the suite itself, past any browser.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use hallpass_contract::{AdminUser, Login, Secret, UserPage, path};
use http::StatusCode;
use http::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use crate::{Result, User};

/// Longer than a server that browsers can work with takes for anything.
const HTTP_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that a server may ask us to wait, all in all. The default throttle lets an address
/// try a password every three seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session that no browser has, for what a test does or looks up beside its browsers.
#[derive(Debug)]
pub struct ApiSession {
    origin: String,
    token: Secret,
    /// Who is signed in, as the server says.
    pub user: hallpass_contract::User,
}

impl ApiSession {
    /// Signs in; nothing if the server does not take the password.
    pub(crate) async fn begin(origin: &str, user: &User) -> Result<Option<Self>> {
        let url = format!("{origin}{}", path::LOGIN);
        let answer = send(client()?.post(url).json(&user.credentials())).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Ok(None);
        }
        let login: Login = read(answer, "sign in").await?;
        let origin = origin.to_owned();
        Ok(Some(Self { origin, token: login.access_token, user: login.user }))
    }

    /// The JSON at a path.
    ///
    /// # Errors
    ///
    /// For any answer but a success, and for JSON of another type.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let request = client()?.get(format!("{}{path}", self.origin));
        let answer = send(request.bearer_auth(self.token.expose())).await?;
        read(answer, path).await
    }

    /// Deletes what is at a path.
    ///
    /// # Errors
    ///
    /// For any answer but a success.
    pub async fn delete(&self, path: &str) -> Result {
        let request = client()?.delete(format!("{}{path}", self.origin));
        let answer = send(request.bearer_auth(self.token.expose())).await?;
        ensure!(answer.status().is_success(), "DELETE {path}: {}", answer.status());
        Ok(())
    }

    /// A user as the server shows them to this admin.
    ///
    /// # Errors
    ///
    /// If the session is no admin's, or the user is not there.
    pub async fn listed(&self, user: &User) -> Result<AdminUser> {
        let after = user.listed_after().map(|id| format!("&{}={id}", path::AFTER));
        let page =
            format!("{}?{}=100{}", path::ADMIN_USERS, path::LIMIT, after.unwrap_or_default());
        let page: UserPage = self.get(&page).await?;
        let found = page.users.into_iter().find(|listed| listed.username == user.name);
        found.with_context(|| format!("{} is not listed", user.name))
    }

    /// Signs out.
    pub(crate) async fn end(self) -> Result {
        let request = client()?.post(format!("{}{}", self.origin, path::LOGOUT));
        send(request.bearer_auth(self.token.expose())).await.map(drop)
    }
}

pub(crate) fn client() -> Result<Client> {
    Ok(Client::builder().timeout(HTTP_TIMEOUT).build()?)
}

/// Sends a request. While the server asks to come back later, waits and sends it again.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let again = request.try_clone().context("the body can be sent once only")?;
        let answer = again.send().await?;
        let asked = wait_of(&answer);
        match asked {
            Some(wait) if Instant::now() + wait < deadline => sleep(wait).await,
            _ => return Ok(answer),
        }
    }
}

/// How long the server asks to wait, if it does.
fn wait_of(answer: &Response) -> Option<Duration> {
    if !matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn read<T: DeserializeOwned>(answer: Response, what: &str) -> Result<T> {
    let status = answer.status();
    ensure!(status.is_success(), "{what}: the server answered {status}");
    answer.json().await.with_context(|| format!("{what}: not the JSON that was expected"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Answer;
    use crate::proxy::Proxy;

    #[tokio::test]
    async fn who_is_told_to_wait_waits() -> Result {
        let proxy = Proxy::start().await?;
        for (times, answer) in [
            (1, Answer::status(429).retry_after(1)),
            (1, Answer::status(503).retry_after(1)),
            (1, Answer::status(204)),
            (1, Answer::status(429).retry_after(3600)),
            (1, Answer::status(503)),
        ] {
            proxy.answer("/", times, answer);
        }
        let url = format!("http://{}/", proxy.address());
        let began = Instant::now();
        assert_eq!(send(client()?.get(&url)).await?.status(), 204);
        assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
        // An hour is too long, and a server that does not say when is not asked again.
        assert_eq!(send(client()?.get(&url)).await?.status(), 429);
        assert_eq!(send(client()?.get(&url)).await?.status(), 503);
        Ok(())
    }
}
