//! A server of the run's own: started on a free port with an empty data directory, and gone when
//! the run is.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;
use std::{env, fs};

use anyhow::Context;
use hallpass_process::{Launch, Server as Process, command};
use reqwest::Url;
use rustix::process::Pid;
use tempfile::TempDir;

use super::OwnServer;
use crate::interrupt::Interrupt;

/// Longer than the time that a server gives its last requests (`--drain-timeout`, 8 s).
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
const LOG: &str = "server.log";
const DATA: &str = "data";

/// A running `hallpass serve`. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    server: Process,
    binary: PathBuf,
    args: Vec<String>,
    url: Url,
    dir: TempDir,
    interrupt: Interrupt,
}

impl Server {
    /// Starts the binary and waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// It cannot be started, ends, or does not listen in time; the error shows its last words.
    pub(crate) fn start(
        binary: &Path,
        args: &[String],
        interrupt: &Interrupt,
    ) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("hallpass-load-")
            .tempdir()
            .context("cannot create a temporary directory for the server")?;
        interrupt.add_directory(dir.path());
        let server = serve(binary, command::ANY_PORT, dir.path(), args, interrupt)
            .inspect_err(|_| interrupt.forget_directory(dir.path()))?;
        let url = Url::parse(server.url()).context("the server listens on no URL")?;
        let (binary, args, interrupt) = (binary.to_owned(), args.to_vec(), interrupt.clone());
        Ok(Self { server, binary, args, url, dir, interrupt })
    }

    /// Kills the server, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.server.process.kill();
    }

    /// Starts it again after it was killed, on the same address and data.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        let address = self.server.address()?.to_string();
        self.server = serve(&self.binary, &address, self.dir.path(), &self.args, &self.interrupt)?;
        Ok(())
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// What its command line needs to reach it.
    pub(crate) fn own(&self) -> OwnServer {
        OwnServer { binary: self.binary.clone(), data_dir: self.dir.path().join(DATA) }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Pid {
        self.server.process.id()
    }

    /// How the server ended, if it has ended by itself.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.server.process.ended()
    }

    /// Stops the server and keeps its log; says where it is.
    pub(crate) fn stop_and_keep_log(mut self) -> Option<PathBuf> {
        self.terminate();
        // The accounts are of no more use to anyone.
        let _ = fs::remove_dir_all(self.dir.path().join(DATA));
        self.dir.disable_cleanup(true);
        Some(self.dir.path().join(LOG)).filter(|log| log.is_file())
    }

    fn terminate(&mut self) {
        if let Err(error) = self.server.process.terminate(STOP_TIMEOUT) {
            eprintln!("{error}; it is killed");
        }
        self.interrupt.forget_directory(self.dir.path());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.terminate();
    }
}

/// Starts a server with its data and its log in `dir`.
fn serve(
    binary: &Path,
    listen: &str,
    dir: &Path,
    args: &[String],
    interrupt: &Interrupt,
) -> anyhow::Result<Process> {
    let mut command = command::serve(binary, listen, &dir.join(DATA));
    // By the environment, so that `args` take precedence: all logins and connections come from one
    // address, and a line for each login would be a part of the load.
    command
        .args(args)
        .env("HALLPASS_LOGIN_THROTTLE", "off")
        .env("HALLPASS_MAX_CONNECTIONS_PER_ADDRESS", "1000000")
        .env("HALLPASS_AUDIT_LOG", "off");
    let mut launch = Launch { log: Some(dir.join(LOG)), ..Launch::new(command) };
    let process = launch.spawn()?;
    Process::of(&launch, process, || interrupt.caught())
}

/// The binary to start: the one asked for, else one beside this program, else a release build in
/// the working directory.
///
/// # Errors
///
/// There is none; the message says how to get one.
pub(crate) fn find_binary(asked_for: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(path) = asked_for {
        return match path.is_file() {
            true => Ok(path.to_owned()),
            false => Err(format!("--server: there is no file {}", path.display())),
        };
    }
    let beside = env::current_exe().ok().map(|exe| exe.with_file_name("hallpass"));
    let release = PathBuf::from("target/release/hallpass");
    beside.into_iter().chain([release]).find(|path| path.is_file()).ok_or_else(|| {
        "there is no hallpass binary to start: run `cargo build --release -p hallpass`, \
         or give --server PATH, or --host URL for a server that runs already"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_binary_that_is_not_there_is_named() {
        let error = find_binary(Some(Path::new("/nonexistent/hallpass"))).unwrap_err();
        assert!(error.contains("/nonexistent/hallpass"), "{error}");
    }
}
