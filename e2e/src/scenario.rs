use std::panic::{AssertUnwindSafe, resume_unwind};

use anyhow::{Context as _, anyhow};
use futures_util::FutureExt as _;

use crate::browser::Browser;
use crate::driver::Driver;
use crate::evidence;
use crate::server::Server;

/// One test: a server, a browser on it, and the steps.
#[derive(Clone, Debug)]
pub struct Scenario<'a> {
    name: &'a str,
    server_args: &'a [&'a str],
}

impl<'a> Scenario<'a> {
    /// A scenario whose evidence, if it fails, is kept under `name`.
    pub fn new(name: &'a str) -> Self {
        Self { name, server_args: &[] }
    }

    /// Starts the server with further arguments of `hallpass serve`. A deployment that
    /// `HALLPASS_E2E_URL` names has its own settings, so there the scenario is passed over.
    #[must_use]
    pub fn with_server_args(mut self, args: &'a [&'a str]) -> Self {
        self.server_args = args;
        self
    }

    /// Runs the steps. Whatever happens in them, the browser is closed and the server stopped.
    ///
    /// # Panics
    ///
    /// If a step fails, after a screenshot and the page's source are kept; the message says where.
    pub async fn run(self, steps: impl AsyncFnOnce(&Browser) -> anyhow::Result<()>) {
        if !self.server_args.is_empty() && std::env::var_os("HALLPASS_E2E_URL").is_some() {
            eprintln!("{}: passed over, it needs a server of its own", self.name);
            return;
        }
        if let Err(error) = self.attempt(steps).await {
            panic!("{}: {error:#}", self.name);
        }
    }

    async fn attempt(
        &self,
        steps: impl AsyncFnOnce(&Browser) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let server = Server::obtain(self.server_args).await?;
        let driver = Driver::start().await?;
        let browser = Browser::new(driver.client.clone(), server.url.clone());
        let outcome = AssertUnwindSafe(steps(&browser)).catch_unwind().await;
        let evidence = match &outcome {
            Ok(Ok(())) => None,
            _ => Some(evidence::keep(self.name, &browser, &server).await),
        };
        let closed = driver.client.clone().close().await;
        let stopped = server.stop().await;
        let place = evidence.map(|dir| format!("see {}", dir.display())).unwrap_or_default();
        match outcome {
            Err(panic) => {
                eprintln!("{place}");
                resume_unwind(panic);
            }
            Ok(Err(error)) => Err(anyhow!("{error:#}\n{place}")),
            Ok(Ok(())) => {
                closed.context("the browser did not close")?;
                stopped
            }
        }
    }
}
