use std::time::Instant;

use anyhow::{Context as _, bail};
use hallpass_contract::{ADMIN_ROLE, PublicConfig, USER_ROLE, UserBody, path};
use http::StatusCode;

use crate::api::{self, ApiSession};
use crate::proxy::{Answer, Held, Proxy, Request};
use crate::server::Server;
use crate::target::{self, Target};
use crate::{Result, Skip, User};

/// The server that browsers see: one of the test's own, or a deployment that is there already.
///
/// What takes a server in hand ends the test as [skipped](Skip) on a deployment.
#[derive(Debug)]
pub struct Site {
    url: String,
    own: Option<Own>,
}

/// The browser knows the proxy only, so what is behind it can change under one origin.
#[derive(Debug)]
struct Own {
    server: Server,
    proxy: Proxy,
}

impl Site {
    /// A server of the test's own is below the path `base` of its host.
    pub(crate) async fn obtain(target: &Target, args: &[&str], base: &str) -> Result<Self> {
        match target {
            Target::Own => Self::start_own(args, base).await,
            Target::Deployment(deployment) => {
                Ok(Self { url: deployment.address.clone(), own: None })
            }
        }
    }

    async fn start_own(args: &[&str], base: &str) -> Result<Self> {
        let proxy = Proxy::start().await?;
        let url = format!("http://localhost:{}{base}", proxy.address().port());
        let public_url = if base.is_empty() { None } else { Some(url.as_str()) };
        let own = Own { server: Server::new(args, public_url)?, proxy };
        let site = Self { url, own: Some(own) };
        site.start().await?;
        Ok(site)
    }

    /// The address, without a trailing slash: the origin, and the path below which the server is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the server tells frontends of its settings.
    pub async fn config(&self) -> Result<PublicConfig> {
        target::config(&self.url).await
    }

    /// Makes a user, and returns them as the server knows them. A deployment takes them as any
    /// visitor's registration.
    pub async fn add_user(&self, user: User) -> Result<User> {
        match self.own {
            Some(_) => self.add(&user, USER_ROLE).await?,
            None => return self.register(user).await,
        }
        Ok(user)
    }

    /// Makes a user with the roles `admin` and `user`.
    pub async fn add_admin(&self, user: &User) -> Result {
        self.add(user, ADMIN_ROLE).await
    }

    async fn add(&self, user: &User, role: &str) -> Result {
        let mut args = vec!["user", "add", &user.name, "--password-stdin", "--role", USER_ROLE];
        if role != USER_ROLE {
            args.extend(["--role", role]);
        }
        self.own()?.server.hallpass(&args, user.password.expose()).await?;
        Ok(())
    }

    /// Registers as a visitor would, and waits when asked to come back later.
    async fn register(&self, user: User) -> Result<User> {
        let url = format!("{}{}", self.url, path::REGISTER);
        let answer = api::send(api::client()?.post(&url).json(&user.credentials())).await;
        let answer = answer.context("can't register")?;
        match answer.status() {
            StatusCode::CREATED => {
                let made: UserBody = answer.json().await?;
                Ok(User { id: Some(made.user.id), ..user })
            }
            StatusCode::FORBIDDEN => {
                Err(Skip::because("needs new users, and registration is closed").into())
            }
            status => bail!("can't register {}: {status}", user.name),
        }
    }

    /// Signs a user in past all browsers, for what a test does or looks up beside them.
    pub async fn sign_in_elsewhere(&self, user: &User) -> Result<ApiSession> {
        let session = ApiSession::begin(&self.url, user).await?;
        session.with_context(|| format!("the server does not let {} in", user.name))
    }

    /// Whether somebody else runs the server, who may ask visitors to be patient.
    pub(crate) fn is_deployment(&self) -> bool {
        self.own.is_none()
    }

    /// Runs a command of `hallpass` on the server's data directory, such as `["user", "list"]`, and
    /// returns what it prints.
    pub async fn hallpass(&self, args: &[&str]) -> Result<String> {
        self.own()?.server.hallpass(args, "").await
    }

    /// Ends all sessions of a user, as an admin would.
    pub async fn revoke_sessions(&self, user: &User) -> Result {
        self.disable_user(user).await?;
        self.hallpass(&["user", "enable", &user.name]).await?;
        Ok(())
    }

    /// Shuts a user out.
    pub async fn disable_user(&self, user: &User) -> Result {
        self.hallpass(&["user", "disable", &user.name]).await?;
        Ok(())
    }

    /// Signs with another key from now on.
    pub async fn rotate_keys(&self) -> Result {
        self.hallpass(&["keys", "rotate"]).await?;
        Ok(())
    }

    /// Starts the server again that was stopped or killed, with its data.
    pub async fn start(&self) -> Result {
        let Own { server, proxy } = self.own()?;
        proxy.forward_to(Some(server.start().await?));
        Ok(())
    }

    /// Stops the server in order; its origin is not answered for until it is started again.
    pub async fn stop(&self) -> Result {
        let Own { server, proxy } = self.own()?;
        proxy.forward_to(None);
        server.stop().await
    }

    /// Ends the server as a crash or a power cut would.
    pub async fn kill(&self) -> Result {
        let Own { server, proxy } = self.own()?;
        proxy.forward_to(None);
        server.kill().await
    }

    /// Stops the server, and starts it with these arguments of `hallpass serve` in place of those
    /// that it had.
    pub async fn restart_with(&self, args: &[&str]) -> Result {
        self.stop().await?;
        self.own()?.server.set_args(args);
        self.start().await
    }

    /// Restarts the server so that tokens of now on last so many seconds. Those that are out keep
    /// their time; a refresh brings a short one.
    pub async fn expire_tokens_after(&self, seconds: u32) -> Result {
        self.restart_with(&["--access-ttl", &format!("{seconds}s")]).await
    }

    /// Cuts the browser off from the server: connections are closed without an answer.
    pub fn go_offline(&self) -> Result {
        self.own()?.proxy.set_offline(true);
        Ok(())
    }

    /// Connects the browser to the server again.
    pub fn go_online(&self) -> Result {
        self.own()?.proxy.set_offline(false);
        Ok(())
    }

    /// Makes requests wait until they are released: `"/api/me"`, or of one method only,
    /// `"POST /api/login"`.
    pub fn hold(&self, requests: &str) -> Result<Held> {
        Ok(self.own()?.proxy.hold(requests))
    }

    /// Answers so many requests, such as `"GET /api/protected"`, in the server's place.
    pub fn answer(&self, requests: &str, times: usize, answer: Answer) -> Result {
        self.own()?.proxy.answer(requests, times, answer);
        Ok(())
    }

    /// The requests of browsers so far, such as `"POST /api/refresh"`, oldest first.
    pub fn requests(&self, requests: &str) -> Result<Vec<Request>> {
        Ok(self.own()?.proxy.requests(requests))
    }

    /// The server's log.
    pub fn log(&self) -> Result<String> {
        Ok(self.own()?.server.log())
    }

    /// All requests, a line each, with the time since `start`, and nothing secret.
    pub(crate) fn request_lines(&self, start: Instant) -> Option<String> {
        let requests = self.own.as_ref()?.proxy.all_requests();
        Some(requests.iter().map(|request| line(request, start)).collect())
    }

    /// Ends a server of the test's own; a deployment goes on.
    pub(crate) async fn close(&self) -> Result {
        match &self.own {
            Some(own) => own.server.stop().await,
            None => Ok(()),
        }
    }

    fn own(&self) -> Result<&Own> {
        self.own.as_ref().ok_or_else(|| Skip::because("needs the server in hand").into())
    }
}

fn line(request: &Request, start: Instant) -> String {
    let at = request.arrived.duration_since(start).as_secs_f64();
    let status = request.status.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
    let with = if request.authorization().is_some() { ", with Authorization" } else { "" };
    format!("+{at:.3}s {} {} -> {status}{with}\n", request.method, request.path)
}
