//! A server of the run's own: started on a free port with an empty data directory, and gone when
//! the run is.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context, bail};
use reqwest::Url;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::OwnServer;
use crate::interrupt::{Interrupt, Started};

const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Longer than the time that a server gives its last requests (`--drain-timeout`, 8 s).
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(20);

/// A running `hallpass serve`. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
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
        let child = spawn(binary, ANY_PORT, dir.path(), args)?;
        let url = Url::parse("http://127.0.0.1/").context("a fixed URL")?;
        let (binary, args, interrupt) = (binary.to_owned(), args.to_vec(), interrupt.clone());
        let mut server = Self { child, binary, args, url, dir, interrupt };
        server.url = server.started()?;
        Ok(server)
    }

    /// Kills the server, as a crash would.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again after it was killed, on the same address and data.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        let port = self.url.port().context("the server has no port")?;
        let listen = format!("127.0.0.1:{port}");
        self.child = spawn(&self.binary, &listen, self.dir.path(), &self.args)?;
        self.started().map(drop)
    }

    /// Waits until a process that was spawned listens, and where.
    fn started(&mut self) -> anyhow::Result<Url> {
        let dir = self.dir.path().to_owned();
        if let Some(pid) = pid(&self.child) {
            self.interrupt.add_server(Started { pid, dir });
        }
        let lines = self.child.stdout.take().map(first_line_of);
        let lines = lines.context("the server's output is not a pipe")?;
        self.wait_for_address(&lines).map_err(|error| {
            let (binary, words) = (self.binary.display(), self.last_words());
            error.context(format!("{binary} did not start{words}"))
        })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// What its command line needs to reach it.
    pub(crate) fn own(&self) -> OwnServer {
        OwnServer { binary: self.binary.clone(), data_dir: self.dir.path().join(DATA) }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Option<i32> {
        i32::try_from(self.child.id()).ok()
    }

    /// Sends signals to the server, from wherever it is taken to.
    pub(crate) fn signaller(&self) -> Option<Signaller> {
        pid(&self.child).map(Signaller)
    }

    /// How the server ended, if it has ended by itself.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Stops the server and keeps its log; says where it is.
    pub(crate) fn stop_and_keep_log(mut self) -> Option<PathBuf> {
        self.terminate();
        // The accounts are of no more use to anyone.
        let _ = fs::remove_dir_all(self.dir.path().join(DATA));
        self.dir.disable_cleanup(true);
        Some(self.dir.path().join(LOG)).filter(|log| log.is_file())
    }

    fn wait_for_address(&mut self, lines: &Receiver<String>) -> anyhow::Result<Url> {
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline && !self.interrupt.caught() {
            match lines.recv_timeout(POLL) {
                Ok(line) => {
                    return parse_address(&line).with_context(|| {
                        format!("its first line is {line:?}, not `listening on http://ADDR`")
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("it ended at once"),
            }
        }
        if self.interrupt.caught() {
            bail!("interrupted");
        }
        bail!("it did not listen within {} s", START_TIMEOUT.as_secs())
    }

    /// The end of the log, for an error message; empty if there is none.
    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.dir.path().join(LOG)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].iter().map(|line| format!("\n  | {line}")).collect()
    }

    /// SIGTERM, and SIGKILL if that is not obeyed in time. Does nothing if the server has ended.
    fn terminate(&mut self) {
        if self.exited().is_none() {
            if let Some(pid) = pid(&self.child) {
                // It may have ended since; then there is nothing left to stop. And it may be
                // stopped.
                let _ = kill_process(pid, Signal::TERM);
                let _ = kill_process(pid, Signal::CONT);
            }
            let deadline = Instant::now() + STOP_TIMEOUT;
            while self.exited().is_none() {
                if Instant::now() >= deadline {
                    eprintln!("the server ignores SIGTERM; killing it");
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    break;
                }
                thread::sleep(POLL);
            }
        }
        if let Some(pid) = pid(&self.child) {
            self.interrupt.forget_server(pid);
        }
    }
}

/// A started server's process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signaller(Pid);

impl Signaller {
    /// # Errors
    ///
    /// The process has ended.
    pub(crate) fn send(self, signal: Signal) -> rustix::io::Result<()> {
        kill_process(self.0, signal)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.terminate();
    }
}

/// A free one, which the server says.
const ANY_PORT: &str = "127.0.0.1:0";
const LOG: &str = "server.log";
const DATA: &str = "data";

/// Starts the binary with its data and its log in `dir`.
fn spawn(binary: &Path, listen: &str, dir: &Path, args: &[String]) -> anyhow::Result<Child> {
    let log = OpenOptions::new().create(true).append(true).open(dir.join(LOG));
    Command::new(binary)
        .args(["serve", "--listen", listen, "--data-dir"])
        .arg(dir.join(DATA))
        .args(args)
        // By the environment, so that `args` take precedence: all logins and connections come from
        // one address, and a line for each login would be a part of the load.
        .env("HALLPASS_LOGIN_THROTTLE", "off")
        .env("HALLPASS_MAX_CONNECTIONS_PER_ADDRESS", "1000000")
        .env("HALLPASS_AUDIT_LOG", "off")
        // A terminal's Ctrl-C goes to its whole group; the server must outlive the last request.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log.context("cannot create the server's log")?)
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Hands over the first line of the output, and reads the rest so that the server never blocks on
/// it.
fn first_line_of(stdout: ChildStdout) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Only the first one is waited for.
            let _ = sender.send(line);
        }
    });
    lines
}

fn parse_address(line: &str) -> Option<Url> {
    let url = Url::parse(line.strip_prefix("listening on ")?).ok()?;
    (url.scheme() == "http" && url.port().is_some()).then_some(url)
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
    fn the_first_line_names_the_address() {
        let url = parse_address("listening on http://127.0.0.1:40123").unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:40123/");
        for other in ["http://127.0.0.1:1", "listening on 127.0.0.1:1", "listening on nothing", ""]
        {
            assert_eq!(parse_address(other), None, "{other}");
        }
    }

    #[test]
    fn a_server_binary_that_is_not_there_is_named() {
        let error = find_binary(Some(Path::new("/nonexistent/hallpass"))).unwrap_err();
        assert!(error.contains("/nonexistent/hallpass"), "{error}");
    }
}
