use std::sync::Arc;

use tokio::sync::Mutex;

use crate::cluster::Cluster;
use crate::driver::{Media, Session};
use crate::evidence::Evidence;
use crate::pages::LoginPage;
use crate::settings::Settings;
use crate::steps::Steps;
use crate::target::Target;
use crate::{Browser, Kind, Result, Site, Skip, User};

/// What a test has at hand. All of it is closed when the test ends, however it ends.
#[derive(Debug)]
pub struct Context {
    /// The server under test.
    pub site: Site,
    /// A browser on it, with an empty profile.
    pub browser: Browser,
    pub(crate) settings: Arc<Settings>,
    steps: Steps,
    sessions: Mutex<Vec<Session>>,
}

impl Context {
    /// A server of the test's own has these arguments, and is below this path of its host.
    pub(crate) async fn open(
        settings: Arc<Settings>,
        kind: Kind,
        media: Media,
        (server_args, base): (&[&str], &str),
    ) -> Result<Self> {
        let steps = Steps::new(settings.target.secrets());
        let site = Site::obtain(&settings.target, server_args, base);
        let session = settings.launcher.open(kind, media);
        let (site, session) = tokio::try_join!(site, session)?;
        steps.add("the site and the browser are open");
        let browser = Browser::new(&session, &site, steps.clone(), settings.slow_mo);
        let sessions = Mutex::new(vec![session]);
        Ok(Self { site, browser, settings, steps, sessions })
    }

    /// Opens a second device: a browser of the same kind with an empty profile of its own.
    pub async fn another_browser(&self) -> Result<Browser> {
        self.another_browser_with(Media::default()).await
    }

    /// The same, for a user who prefers something.
    pub async fn another_browser_with(&self, media: Media) -> Result<Browser> {
        let session = self.settings.launcher.open(self.browser.kind(), media).await?;
        let mut sessions = self.sessions.lock().await;
        let steps = self.steps.of_browser(sessions.len() + 1);
        steps.add("open");
        let browser = Browser::new(&session, &self.site, steps, self.settings.slow_mo);
        sessions.push(session);
        Ok(browser)
    }

    /// Makes a user that nobody else has.
    pub async fn new_user(&self) -> Result<User> {
        let user = User::invent();
        self.steps.add(format_args!("make the user {}", user.name));
        self.site.add_user(user).await
    }

    /// Makes a user, and signs in as them with the test's browser.
    pub async fn signed_in(&self) -> Result<User> {
        let user = self.new_user().await?;
        LoginPage::open(&self.browser).await?.sign_in(&user).await?;
        Ok(user)
    }

    /// A user to sign in as: the one that `--account` names, so leave it as it is; or else a new
    /// one.
    pub async fn account(&self) -> Result<User> {
        let given = match &self.settings.target {
            Target::Deployment(deployment) => deployment.account.clone(),
            Target::Own => None,
        };
        match given {
            Some(user) => Ok(user),
            None => self.new_user().await,
        }
    }

    /// An admin to sign in as: the one that `--admin` names, so leave it as it is; or else a new
    /// one.
    pub async fn admin(&self) -> Result<User> {
        let user = match &self.settings.target {
            Target::Own => User::invent(),
            Target::Deployment(deployment) => {
                let none = || Skip::because("needs an admin");
                return Ok(deployment.admin.clone().ok_or_else(none)?);
            }
        };
        self.steps.add(format_args!("make the admin {}", user.name));
        self.site.add_admin(&user).await?;
        Ok(user)
    }

    /// The nodes of the deployment.
    pub fn cluster(&self) -> Result<&Cluster> {
        let cluster = match &self.settings.target {
            Target::Deployment(deployment) => deployment.cluster.as_ref(),
            Target::Own => None,
        };
        cluster.ok_or_else(|| Skip::because("needs a cluster").into())
    }

    /// Keeps what can be seen of a failure.
    pub(crate) async fn keep_evidence(&self, evidence: &Evidence) {
        evidence.write("steps.txt", self.steps.text());
        if let Some(requests) = self.site.request_lines(self.steps.started()) {
            evidence.write("requests.txt", requests);
        }
        if let Ok(log) = self.site.log() {
            evidence.write("server.log", log);
        }
        for (index, session) in self.sessions.lock().await.iter().enumerate() {
            let steps = Steps::new(Vec::new());
            let browser = Browser::new(session, &self.site, steps, self.settings.slow_mo);
            evidence.of_browser(index + 1).keep(&browser, &self.steps).await;
        }
    }

    /// Hides what no report may show.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.steps.redact(text)
    }

    pub(crate) async fn close(self) -> Result {
        let sessions = self.sessions.into_inner();
        let closing = futures_util::future::join_all(sessions.into_iter().map(Session::close));
        let (closed, stopped) = tokio::join!(closing, self.site.close());
        closed.into_iter().collect::<Result>()?;
        stopped
    }
}
