//! A server that a test starts by itself, since it needs more than its first line.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

use hallpass_contract::LISTENING_ON;
use rustix::process::{Pid, Signal, kill_process};

/// A server that is killed when this is dropped.
pub(crate) struct Announced {
    child: Child,
    /// Where it listens.
    pub addresses: Vec<String>,
}

impl Announced {
    /// Starts it and waits until it listens on so many addresses.
    pub(crate) fn start(mut command: Command, addresses: usize) -> Self {
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = |line: std::io::Result<String>| {
            let line = line.unwrap();
            line.strip_prefix(LISTENING_ON).unwrap_or_else(|| panic!("{line:?}")).to_owned()
        };
        let addresses = lines.take(addresses).map(address).collect();
        Self { child, addresses }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it in order.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().unwrap()
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
