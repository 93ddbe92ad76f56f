//! The line with which a program says where it listens.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::ChildStdout;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::log::Log;

/// No announcement is longer.
const LONGEST_LINE: u64 = 4096;

/// Where the address stands.
#[derive(Clone, Copy, Debug)]
pub enum Announcement {
    /// The first line is this text, and then the address.
    FirstLine(&'static str),
    /// The first line that has this text, and behind it the address. Lines before it go to the log.
    AnyLine(&'static str),
}

/// An address and when it came, or a first line that is none.
pub(crate) type Announced = Result<(String, Instant), String>;

impl Announcement {
    /// What to make of a line; nothing if a later one counts.
    fn read(self, line: &str) -> Option<Announced> {
        let address = match self {
            Self::FirstLine(text) => line.strip_prefix(text),
            Self::AnyLine(text) => Some(line.split_once(text)?.1),
        };
        let found = address.map(|address| (address.trim().to_owned(), Instant::now()));
        Some(found.ok_or_else(|| line.trim_end().to_owned()))
    }

    /// Reads the output on a thread of its own, to its end: no program blocks on an output that
    /// nobody reads. The receiver is cut off when the output ends.
    pub(crate) fn await_in(
        self,
        stdout: ChildStdout,
        log: Log,
    ) -> (Receiver<Announced>, JoinHandle<()>) {
        let (sender, announced) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(line) = next_line(&mut stdout) {
                if let Some(announced) = self.read(&String::from_utf8_lossy(&line)) {
                    let _ = sender.send(announced);
                    break;
                }
                let _ = log.copy(&line[..]);
            }
            let _ = log.copy(stdout);
        });
        (announced, reader)
    }
}

fn next_line(stdout: &mut BufReader<ChildStdout>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let read = stdout.take(LONGEST_LINE).read_until(b'\n', &mut line).ok()?;
    (read > 0).then_some(line)
}
