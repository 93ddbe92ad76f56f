//! Ctrl-C, SIGTERM and SIGHUP: the first one ends the run early and still reports, a second one
//! ends the process at once. Neither leaves a started server behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use hallpass_process::kill_all;
use tokio::sync::watch;

/// The exit status of a process that a second signal ended: 128 and SIGINT.
const INTERRUPTED: i32 = 130;

/// Whether the user has asked to stop. Clones share one state.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    caught: watch::Receiver<bool>,
    /// The servers' directories, to remove when the process exits at once, without running a
    /// destructor.
    directories: Arc<Mutex<Vec<PathBuf>>>,
}

impl Interrupt {
    /// Takes over the signals. It must come before Goose starts: Goose installs its own handler
    /// only where there is none, and that one would exit at the second Ctrl-C and leave the server.
    pub(crate) fn install() -> anyhow::Result<Self> {
        let (sender, caught) = watch::channel(false);
        let interrupt = Self { caught, directories: Arc::default() };
        let shared = interrupt.clone();
        ctrlc::set_handler(move || {
            if sender.send_replace(true) {
                kill_all(|| {
                    shared.clear_away();
                    process::exit(INTERRUPTED);
                });
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
        (sender, Self { caught, directories: Arc::default() })
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

    /// Names the directory of a server, to remove it at a second signal.
    pub(crate) fn add_directory(&self, dir: &Path) {
        self.directories().push(dir.to_owned());
    }

    /// The directory is no longer to be removed.
    pub(crate) fn forget_directory(&self, dir: &Path) {
        self.directories().retain(|other| other != dir);
    }

    fn directories(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.directories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clear_away(&self) {
        for dir in self.directories().iter() {
            // It may be gone already.
            let _ = fs::remove_dir_all(dir);
        }
    }
}
