//! Which flags are settings. Each setting has an environment variable, and a key in the
//! configuration file.

use clap::Command;

/// What a single run is told. It is no setting, and no variable stands for it.
pub const OF_ONE_RUN: [&str; 22] = [
    "role",
    "search",
    "user",
    "since",
    "event",
    "result",
    "for",
    "reason",
    "password-stdin",
    "json",
    "add",
    "remove",
    "yes",
    "new",
    "format",
    "all",
    "after",
    "recipient",
    "passphrase-file",
    "identity",
    "plain",
    "without-second-factor",
];

/// The command with a variable for each setting: `HALLPASS_LISTEN` for `--listen`.
#[must_use]
pub fn with_variables(command: Command) -> Command {
    let command = command.mut_args(|arg| match arg.get_long() {
        Some(flag) if !OF_ONE_RUN.contains(&flag) => {
            let name = flag.replace('-', "_").to_uppercase();
            arg.env(format!("HALLPASS_{name}"))
        }
        _ => arg,
    });
    command.mut_subcommands(with_variables)
}
