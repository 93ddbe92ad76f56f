//! Ctrl-C, SIGTERM and SIGHUP: the first one ends the run early and still reports, a second one
//! ends the process at once. Neither leaves a started server behind.

use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

/// The exit status of a process that a second signal ended: 128 and SIGINT.
const INTERRUPTED: i32 = 130;

/// A server of the run's own.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) pid: Pid,
    /// The temporary directory with its data.
    pub(crate) dir: PathBuf,
}

/// Whether the user has asked to stop. Clones share one state.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    caught: watch::Receiver<bool>,
    /// What to clear away when the process exits at once, without running a destructor.
    servers: Arc<Mutex<Vec<Started>>>,
}

impl Interrupt {
    /// Takes over the signals. It must come before Goose starts: Goose installs its own handler
    /// only where there is none, and that one would exit at the second Ctrl-C and leave the server.
    pub(crate) fn install() -> anyhow::Result<Self> {
        let (sender, caught) = watch::channel(false);
        let interrupt = Self { caught, servers: Arc::default() };
        let shared = interrupt.clone();
        ctrlc::set_handler(move || {
            if sender.send_replace(true) {
                shared.clear_away();
                process::exit(INTERRUPTED);
            }
            eprintln!("stopping; interrupt again to stop at once");
        })
        .context("cannot handle signals")?;
        Ok(interrupt)
    }

    /// One that is raised by a sender in place of a signal.
    #[cfg(test)]
    pub(crate) fn by_hand() -> (watch::Sender<bool>, Self) {
        let (sender, caught) = watch::channel(false);
        (sender, Self { caught, servers: Arc::default() })
    }

    /// Whether a signal came.
    pub(crate) fn caught(&self) -> bool {
        *self.caught.borrow()
    }

    /// Waits for a signal.
    pub(crate) async fn wait(&self) {
        // The sender lives in the signal handler, that is, as long as the process.
        if self.caught.clone().wait_for(|caught| *caught).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Names a server to clear away at a second signal, in the place of one with the same data.
    pub(crate) fn add_server(&self, server: Started) {
        let mut servers = self.servers();
        servers.retain(|other| other.dir != server.dir);
        servers.push(server);
    }

    /// This server is gone.
    pub(crate) fn forget_server(&self, pid: Pid) {
        self.servers().retain(|server| server.pid != pid);
    }

    fn servers(&self) -> MutexGuard<'_, Vec<Started>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clear_away(&self) {
        for server in self.servers().iter() {
            // Both may be gone already.
            let _ = kill_process(server.pid, Signal::KILL);
            let _ = fs::remove_dir_all(&server.dir);
        }
    }
}
