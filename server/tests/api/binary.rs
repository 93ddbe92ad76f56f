//! The real `hallpass`, as a process of its own.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use hallpass_process::command::{ANY_PORT, hallpass};
use hallpass_process::{Launch, Server};
use rustix::process::Signal;
use serde_json::json;

/// Longer than any end takes, on a busy machine too.
const END_TIMEOUT: Duration = Duration::from_secs(120);

/// `hallpass` as its own process, on a port of its own.
pub(crate) struct Process {
    server: Server,
    pub url: String,
}

impl Process {
    pub(crate) fn start(data_dir: &Path, args: &[&str]) -> Self {
        Self::of(serve_command(data_dir, args))
    }

    pub(crate) fn of(command: Command) -> Self {
        // In the group of the tests, so that Ctrl-C in a terminal ends it, too.
        let launch = Launch { own_group: false, ..Launch::new(command) };
        let server = Server::start(launch).unwrap();
        let url = server.url().to_owned();
        Self { server, url }
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        username: &str,
        password: &str,
    ) -> reqwest::Response {
        let body = json!({"username": username, "password": password});
        let request = client().post(format!("{}{path}", self.url)).json(&body);
        request.send().await.unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.server.process.id().as_raw_pid().cast_unsigned()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.server.process.signal(signal).unwrap();
    }

    /// What stands behind this text on the first line of the log that has it.
    pub(crate) fn logged(&self, text: &str, patience: Duration) -> String {
        let deadline = Instant::now() + patience;
        loop {
            let log = self.server.process.log();
            // The last line may not be whole yet.
            let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
            if let Some((_, found)) = whole.lines().find_map(|line| line.split_once(text)) {
                return found.to_owned();
            }
            assert!(Instant::now() < deadline, "no {text:?} in the log: {log}");
            std::thread::yield_now();
        }
    }

    /// Ends the process and returns how it ended and all that it logged.
    pub(crate) fn end(&mut self, signal: Signal) -> (ExitStatus, String) {
        self.signal(signal);
        self.wait()
    }

    /// How it ends, and all that it logged.
    pub(crate) fn wait(&mut self) -> (ExitStatus, String) {
        let status = self.server.process.wait(END_TIMEOUT).unwrap();
        (status, self.server.process.log())
    }
}

pub(crate) fn client() -> reqwest::Client {
    // Another package of the workspace may have compression built into the client.
    reqwest::Client::builder().no_proxy().no_gzip().build().unwrap()
}

/// `hallpass serve`, whatever the developer's environment says.
pub(crate) fn serve_command(data_dir: &Path, args: &[&str]) -> Command {
    let mut command = command(data_dir, &["serve"]);
    command.args(args);
    command
}

/// `hallpass` with these arguments, whatever the developer's environment says.
pub(crate) fn command(data_dir: &Path, args: &[&str]) -> Command {
    let mut command = hallpass(Path::new(env!("CARGO_BIN_EXE_hallpass")));
    // By the environment, so that a test's arguments take precedence.
    command
        .env("HALLPASS_LISTEN", ANY_PORT)
        .env("HALLPASS_PBKDF2_ITERATIONS", "10")
        .env("HALLPASS_DATA_DIR", data_dir)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
