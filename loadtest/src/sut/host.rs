//! The server under test: one that is named, or one that is started for the run.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use reqwest::Url;
use rustix::process::Pid;

use super::OwnServer;
use super::args::TargetArgs;
use super::server::{Server, find_binary};
use crate::interrupt::Interrupt;
use crate::machine::Place;
use crate::usage::UsageError;

/// A server to test. Dropping it stops a started one.
#[derive(Debug)]
pub(crate) struct Host {
    /// At least one.
    urls: Vec<Url>,
    own: Option<Server>,
}

impl Host {
    /// The server that `--host` names, else one that is started now.
    ///
    /// # Errors
    ///
    /// There is no binary to start ([`UsageError`]), or it does not start.
    pub(crate) fn find(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Self> {
        let host = Self::find_quietly(args, interrupt)?;
        if let Some(OwnServer { binary, .. }) = host.own() {
            let url = host.url().as_str().trim_end_matches('/');
            eprintln!("started {} on {url}", binary.display());
        }
        Ok(host)
    }

    /// The same for an experiment that starts many servers, and does not name each of them.
    pub(crate) fn find_quietly(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Self> {
        if !args.host.is_empty() {
            return Ok(Self { urls: args.host.clone(), own: None });
        }
        let binary = Self::binary(args)?;
        let server = Server::start(&binary, &args.server_args, interrupt)?;
        Ok(Self { urls: vec![server.url().clone()], own: Some(server) })
    }

    /// The binary that these arguments start.
    ///
    /// # Errors
    ///
    /// There is none ([`UsageError`]).
    pub(crate) fn binary(args: &TargetArgs) -> anyhow::Result<PathBuf> {
        Ok(find_binary(args.server.as_deref()).map_err(UsageError)?)
    }

    /// The same server under the URL of something that stands before it.
    pub(crate) fn seen_through(self, url: Url) -> Self {
        Self { urls: vec![url], own: self.own }
    }

    /// The first of its URLs.
    pub(crate) fn url(&self) -> &Url {
        &self.urls[0]
    }

    /// Those of all its nodes.
    pub(crate) fn urls(&self) -> &[Url] {
        &self.urls
    }

    /// For messages and reports.
    pub(crate) fn name(&self) -> String {
        self.urls.iter().map(Url::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The binary and the data of a started server.
    pub(crate) fn own(&self) -> Option<OwnServer> {
        self.own.as_ref().map(Server::own)
    }

    /// In which processes it runs, as far as that can be found out.
    pub(crate) fn place(&self) -> Place {
        match &self.own {
            Some(server) => Place::Processes(vec![server.pid().as_raw_pid()]),
            None => self.urls.iter().map(place).reduce(Place::and).unwrap_or(Place::Unknown),
        }
    }

    /// The process of a started server.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.own.as_ref().map(Server::pid)
    }

    /// Kills a started server, as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(server) = &mut self.own {
            server.kill();
        }
    }

    /// Starts a server that was killed again, on the same address and data.
    ///
    /// # Errors
    ///
    /// It does not start, or it is not one of our own.
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        self.own.as_mut().context("the server is not one of our own")?.start_again()
    }

    /// How a started server ended, if it has ended by itself.
    pub(crate) fn exit(&mut self) -> Option<String> {
        self.own.as_mut()?.exited().map(|status| status.to_string())
    }

    /// The outcome of a run on this server, with the server's own end as a cause of its error.
    pub(crate) fn explain<T>(&mut self, outcome: anyhow::Result<T>) -> anyhow::Result<T> {
        match self.exit() {
            Some(exit) => outcome.with_context(|| format!("the server ended ({exit})")),
            None => outcome,
        }
    }

    /// Stops a started server; after a failure its log is kept, and named.
    pub(crate) fn end(self, failed: bool) {
        if let Some(server) = self.own
            && failed
            && let Some(log) = server.stop_and_keep_log()
        {
            eprintln!("the server's log: {}", log.display());
        }
    }
}

/// Where the server of this URL runs.
fn place(url: &Url) -> Place {
    let found = url.socket_addrs(|| None).unwrap_or_default();
    Place::of(found.first().map(SocketAddr::ip), url.port_or_known_default())
}
