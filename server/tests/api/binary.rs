//! The real `hallpass`, as a process of its own.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use hallpass_contract::LISTENING_ON;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

const START_TIMEOUT: Duration = Duration::from_secs(30);

/// `hallpass` as its own process, on a port of its own.
pub struct Process {
    child: Child,
    pub url: String,
    log: Option<JoinHandle<String>>,
}

impl Process {
    pub fn start(data_dir: &Path, args: &[&str]) -> Self {
        Self::of(serve_command(data_dir, args))
    }

    pub fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        Self::with_log(child, log)
    }

    /// With a thread that yields what the process logs once it has ended.
    pub fn with_log(mut child: Child, log: JoinHandle<String>) -> Self {
        let stdout = child.stdout.take().unwrap();
        let (started, starting) = mpsc::channel();
        std::thread::spawn(move || {
            let mut first_line = String::new();
            BufReader::new(stdout).read_line(&mut first_line).unwrap();
            let _ = started.send(first_line);
        });
        let first_line = starting.recv_timeout(START_TIMEOUT).expect("it starts in time");
        let url = first_line.trim().strip_prefix(LISTENING_ON).expect(&first_line).to_owned();
        Self { child, url, log: Some(log) }
    }

    pub async fn post(&self, path: &str, username: &str, password: &str) -> reqwest::Response {
        let body = json!({"username": username, "password": password});
        let request = client().post(format!("{}{path}", self.url)).json(&body);
        request.send().await.unwrap()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends the process and returns how it ended and all that it logged.
    pub fn end(&mut self, signal: Signal) -> (ExitStatus, String) {
        self.signal(signal);
        self.wait()
    }

    /// How it ends, and all that it logged.
    pub fn wait(&mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        (status, self.log.take().unwrap().join().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// `hallpass serve`, whatever the developer's environment says.
pub fn serve_command(data_dir: &Path, args: &[&str]) -> Command {
    let mut command = command(data_dir, &["serve"]);
    command.args(args);
    command
}

/// `hallpass` with these arguments, whatever the developer's environment says.
pub fn command(data_dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_setting(name)) {
        command.env_remove(name);
    }
    // By the environment, so that a test's arguments take precedence.
    command
        .env("HALLPASS_LISTEN", "127.0.0.1:0")
        .env("HALLPASS_PBKDF2_ITERATIONS", "10")
        .env("HALLPASS_DATA_DIR", data_dir)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn is_setting(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"HALLPASS_")
}
