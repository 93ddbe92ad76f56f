//! The command line, by the real binary: on a data directory that nobody serves, and through the
//! control socket of a server that runs.

mod audit;
mod backup;
mod blocks;
mod clients;
mod import;
mod keys;
mod owners;
mod registration;
mod resets;
mod sessions;
mod socket;
mod store;
mod users;

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::binary::command;

/// How a command ended.
struct Done {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Done {
    /// What it wrote, if it did what it should.
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Why it did not do it: the one line that it says.
    fn refused(self) -> String {
        assert_eq!(self.code, 1, "{}{}", self.stdout, self.stderr);
        assert!(self.stdout.is_empty(), "{}", self.stdout);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        let reason = self.stderr.trim_end().strip_prefix("hallpass: ");
        reason.expect("it says who speaks").to_owned()
    }
}

fn hallpass(dir: &Path, args: &[&str]) -> Done {
    hallpass_with_input(dir, args, "")
}

fn hallpass_with_input(dir: &Path, args: &[&str], input: impl AsRef<[u8]>) -> Done {
    let mut child = command(dir, args).stdin(Stdio::piped()).spawn().unwrap();
    // Where it does not want all of it, it hangs up.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done {
        code: output.status.code().expect("it ends by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// `hallpass user add`
fn add(dir: &Path, name: &str, args: &[&str]) -> Done {
    let add = [&["user", "add", name, "--password-stdin"], args].concat();
    hallpass_with_input(dir, &add, format!("{}\n", crate::app::PASSWORD))
}
