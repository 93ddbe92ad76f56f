//! Programs that a test starts. Each carries the mark of the run and ends with its handle.

use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::Context as _;
use hallpass_process::{Announcement, Launch, Server};
use tokio::sync::oneshot;

use crate::{Result, run};

/// Starts the command and waits until it listens. Its log goes to the end of this file.
pub(crate) async fn start(
    mut command: Command,
    announcement: Announcement,
    log: &Path,
) -> Result<Server> {
    let (variable, folder) = run::mark();
    command.env(variable, folder);
    let launch = Launch { log: Some(log.to_owned()), announcement, ..Launch::new(command) };
    on_a_thread(move || Server::start(launch)).await?
}

/// Does blocking work on a thread of its own. If nobody waits for the result any more, it is
/// dropped: a program that was started ends.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (sender, result) = oneshot::channel();
    thread::spawn(move || sender.send(work()));
    result.await.context("a thread has panicked")
}
