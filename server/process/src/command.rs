//! Commands of `hallpass`.

use std::env;
use std::path::Path;
use std::process::Command;

/// Lets the system choose a free port.
pub const ANY_PORT: &str = "127.0.0.1:0";

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

/// `hallpass serve` on this address, with its data in this directory.
pub fn serve(binary: &Path, listen: &str, data_dir: &Path) -> Command {
    let mut command = hallpass(binary);
    command.args(["serve", "--listen", listen, "--data-dir"]).arg(data_dir);
    command
}
