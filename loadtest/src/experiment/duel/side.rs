//! One of two servers that are compared.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;

use super::proxy::Proxy;
use super::subject::Subject;
use crate::accounts::AccountArgs;
use crate::closed::{Block, PersistentConnection, Span, block};
use crate::interrupt::Interrupt;
use crate::open::{Stage, Work};
use crate::report::ServerInfo;
use crate::sut::{Host, Spec, TargetArgs};
use crate::usage::UsageError;

/// Which server it is.
#[derive(Clone, Debug)]
pub(crate) struct Contestant {
    pub(crate) target: TargetArgs,
    /// How many accounts it is loaded with.
    pub(crate) accounts: usize,
    /// What a proxy before it adds to each request, if there is one.
    pub(crate) delay: Option<Duration>,
}

/// A server that runs, with users that are signed in.
pub(crate) struct Side {
    host: Host,
    own: bool,
    _proxy: Option<Proxy>,
    stage: Stage,
    works: [Arc<dyn Work>; 2],
    /// The number of the next request of each kind.
    turns: [u64; 2],
    connections: Vec<PersistentConnection>,
    patience: Duration,
    runtime: Runtime,
}

impl Side {
    /// Finds or starts the server, and signs its users in.
    ///
    /// # Errors
    ///
    /// There is no such target or no server to start ([`UsageError`]), or the accounts cannot be
    /// set up.
    pub(crate) fn set(contestant: &Contestant, interrupt: &Interrupt) -> anyhow::Result<Self> {
        let Contestant { target, accounts, delay } = contestant;
        let spec = Spec::find(&target.target).map_err(|e| UsageError(format!("--target: {e}")))?;
        let mut host = Host::find_quietly(target, interrupt)?;
        let mut proxy = None;
        if let Some(delay) = *delay {
            let before = Proxy::start(host.url(), delay).context("cannot start the proxy")?;
            host = host.seen_through(before.url()?);
            proxy = Some(before);
        }
        let accounts = AccountArgs::of(*accounts);
        let stage = match Stage::set(&host, spec, target, &accounts, interrupt) {
            Ok(stage) => stage,
            Err(error) => {
                let error = host.explain::<Self>(Err(error));
                // What an interrupt cuts off is no failure.
                host.end(!interrupt.caught());
                return error;
            }
        };
        let works = [stage.sign_in(), stage.verify()];
        // All on the calling thread: no other one has to be woken for an answer.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the async runtime")?;
        let (own, patience) = (target.host.is_empty(), target.timeout);
        let (turns, opened) = ([0; 2], Vec::new());
        Ok(Self {
            host,
            own,
            _proxy: proxy,
            stage,
            works,
            turns,
            connections: opened,
            patience,
            runtime,
        })
    }

    /// Loads the server over this many connections at once.
    pub(crate) fn block(&mut self, subject: Subject, connections: usize, span: Span) -> Block {
        while self.connections.len() < connections {
            self.connections.push(PersistentConnection::new(&self.stage.connector, self.patience));
        }
        let (used, turn) =
            (&mut self.connections[..connections], &mut self.turns[subject as usize]);
        self.runtime.block_on(block(self.works[subject as usize].as_ref(), used, turn, span))
    }

    /// For the report.
    pub(crate) fn server(&self) -> ServerInfo {
        ServerInfo { host: self.host.url().to_string(), own_server: self.own }
    }

    /// How a started server ended, if it has ended by itself.
    pub(crate) fn exit(&mut self) -> Option<String> {
        self.host.exit()
    }

    /// Stops a started server; after a failure its log is kept, and named.
    pub(crate) fn end(self, failed: bool) {
        drop((self.connections, self.stage));
        self.host.end(failed);
    }
}
