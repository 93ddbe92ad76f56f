//! A manual page for each command, in roff.

use std::io::Write as _;

use clap::Command;
use clap_mangen::Man;
use hallpass::config::SECRET_VARIABLE;
use roff::{Roff, bold, roman};

use crate::text::{Help, prose};

/// Where the Debian package has what the commands read and write.
const FILES: [(&str, &str); 6] = [
    (
        "/etc/hallpass/hallpass.toml",
        "Settings of the package's service. Other commands read it if `--config` or \
         HALLPASS_CONFIG names it.",
    ),
    ("/var/lib/hallpass", "The data directory of the package's service: see `--data-dir`."),
    ("/var/lib/hallpass/hallpass.redb", "The database: users, sessions and the audit log."),
    ("/var/lib/hallpass/keys.json", "The keys, unless a PostgreSQL database has them."),
    (
        "/var/lib/hallpass/control.sock",
        "The control socket, by which commands reach the server that runs on the directory.",
    ),
    (
        "/usr/share/doc/hallpass",
        "README.md has the API, the settings and the metrics. OPERATING.md is for operators: \
         backups, PostgreSQL, TLS, the log.",
    ),
];

/// What the pages are of.
const VERSION: &str = concat!("hallpass ", env!("CARGO_PKG_VERSION"));

/// An argument of roff that is empty; nothing at all would be none.
const NO_DATE: &str = "\"\"";

/// How commands end.
const EXIT_STATUS: [(&str, &str); 3] = [
    ("0", "It was done. The server was ended by a signal."),
    ("1", "It was not done, or something is wrong. Standard error says what."),
    ("2", "The arguments make no sense."),
];

/// A page.
pub(crate) struct Page {
    pub(crate) file_name: String,
    pub(crate) roff: Vec<u8>,
}

/// The pages of a command and all its subcommands.
pub(crate) fn all(command: Command) -> anyhow::Result<Vec<Page>> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, &[], &mut pages)?;
    Ok(pages)
}

/// Adds the page of a command and those of its subcommands. `related` are the pages to name.
fn add(command: &Command, related: &[String], pages: &mut Vec<Page>) -> anyhow::Result<()> {
    pages.push(page(command, related)?);
    let own = name(command);
    let above = related.first().filter(|above| **above != own).cloned();
    let subs: Vec<String> = command.get_subcommands().map(name).collect();
    for sub in command.get_subcommands() {
        let others = subs.iter().filter(|other| **other != name(sub)).cloned();
        let related = above.iter().cloned().chain([own.clone()]).chain(others);
        add(sub, &related.collect::<Vec<_>>(), pages)?;
    }
    Ok(())
}

fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command, related: &[String]) -> anyhow::Result<Page> {
    // The variables have a section of their own.
    let shown = command.clone().mut_args(|arg| arg.hide_env(true));
    let man = Man::new(shown).date(NO_DATE).source(VERSION).manual("Hallpass");
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let help = Help::read(&after);
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    // Names of commands and URLs are not broken in two, nor lines stretched.
    out.write_all(b".nh\n.ad l\n")?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    out.write_all(help.explanation().to_roff().as_bytes())?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    man.render_options_section(&mut out)?;
    let mut rest = Roff::new();
    help.examples(&mut rest);
    list(&mut rest, "FILES", FILES);
    environment(&mut rest, command);
    list(&mut rest, "EXIT STATUS", EXIT_STATUS);
    see_also(&mut rest, command, related);
    rest.to_writer(&mut out)?;
    Ok(Page { file_name: man.get_filename(), roff: out })
}

fn list(
    roff: &mut Roff,
    heading: &str,
    entries: impl IntoIterator<Item = (&'static str, &'static str)>,
) {
    roff.control("SH", [heading]);
    for (term, meaning) in entries {
        roff.control("TP", []);
        roff.text([bold(term)]);
        roff.text(prose(meaning));
    }
}

/// The variables that the command reads.
fn environment(roff: &mut Roff, command: &Command) {
    let flag_and_variable = |arg: &clap::Arg| {
        Some((arg.get_long()?.to_owned(), arg.get_env()?.to_string_lossy().into_owned()))
    };
    let settings: Vec<_> = command.get_arguments().filter_map(flag_and_variable).collect();
    roff.control("SH", ["ENVIRONMENT"]);
    roff.text([roman(
        "A flag counts before its variable, and a variable before the configuration file. A \
         variable that is empty is unset.",
    )]);
    for (flag, variable) in &settings {
        roff.control("TP", []);
        roff.text([bold(variable)]);
        roff.text([roman("The same as "), bold(format!("--{flag}")), roman(".")]);
    }
    if settings.iter().any(|(flag, _)| flag == "hs256-secret-file") {
        roff.control("TP", []);
        roff.text([bold(SECRET_VARIABLE)]);
        roff.text(prose("The secret that `--hs256-secret-file` would name the file of."));
    }
}

fn see_also(roff: &mut Roff, command: &Command, related: &[String]) {
    roff.control("SH", ["SEE ALSO"]);
    let subs = command.get_subcommands().map(name);
    let pages: Vec<String> = related.iter().cloned().chain(subs).collect();
    let mut inlines = Vec::new();
    for page in &pages {
        inlines.extend([bold(page), roman("(1), ")]);
    }
    inlines.extend([bold("systemctl"), roman("(1)")]);
    roff.text(inlines);
}
