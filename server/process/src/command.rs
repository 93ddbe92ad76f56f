//! Commands of `hallpass`.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Lets the system choose a free port.
pub const ANY_PORT: &str = "127.0.0.1:0";

const LISTEN_FLAG: &str = "--listen";
const LISTEN_VARIABLE: &str = "HALLPASS_LISTEN";

/// A command without the `HALLPASS_*` settings of the caller's environment.
pub fn hallpass(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"HALLPASS_") {
            command.env_remove(name);
        }
    }
    command
}

/// `hallpass serve` on a free port, with its data in this directory.
pub fn serve(binary: &Path, data_dir: &Path) -> Command {
    let mut command = hallpass(binary);
    command.args(["serve", LISTEN_FLAG, ANY_PORT, "--data-dir"]).arg(data_dir);
    command
}

/// The same command, to listen on this address.
pub(crate) fn listening_on(address: &str, command: &Command) -> Command {
    let mut same = Command::new(command.get_program());
    let mut before = OsStr::new("");
    for arg in command.get_args() {
        same.arg(if before == LISTEN_FLAG { OsStr::new(address) } else { arg });
        before = arg;
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(_) if name == LISTEN_VARIABLE => same.env(name, address),
            Some(value) => same.env(name, value),
            None => same.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        same.current_dir(dir);
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_on_a_known_address_is_the_same_but_for_the_address() {
        let mut command = serve(Path::new("hallpass"), Path::new("data"));
        command.args(["--metrics-listen", ANY_PORT]).env(LISTEN_VARIABLE, ANY_PORT).env("A", "b");
        let same = listening_on("127.0.0.1:8080", &command);
        let args: Vec<_> = same.get_args().collect();
        let expected =
            ["serve", "--listen", "127.0.0.1:8080", "--data-dir", "data", "--metrics-listen"];
        assert_eq!(args, [&expected[..], &[ANY_PORT]].concat());
        let envs: Vec<_> = same.get_envs().filter(|(_, value)| value.is_some()).collect();
        let os = OsStr::new;
        assert_eq!(
            envs,
            [(os("A"), Some(os("b"))), (os(LISTEN_VARIABLE), Some(os("127.0.0.1:8080")))]
        );
    }
}
