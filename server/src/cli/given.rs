//! The settings of a run, and where each of them comes from.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::config::{CONFIG_FLAG, ConfigFile, SECRET_VARIABLE, is_list, is_number};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass config                                        what `hallpass serve` would run with here
  hallpass config --config /etc/hallpass/hallpass.toml   with this file
  hallpass config > hallpass.toml                        begin a file with what is in force

It takes all that `hallpass serve` takes. Flags count before variables, variables before the file.
Secrets are not shown. On standard error, it ends with what would keep the server from starting, and
exits with 1 then. It reads the files that settings name; it makes nothing and listens nowhere.";

/// The settings of the command that was asked for, in the order of its help.
#[derive(Clone, Debug, Default)]
pub struct Given(Vec<Setting>);

#[derive(Clone, Debug)]
struct Setting {
    /// Without hyphens.
    flag: String,
    source: Source,
    /// As TOML; empty if it is not set.
    value: String,
    is_secret: bool,
}

/// Where a value comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Source {
    Flag,
    /// A variable, by its name.
    Variable(String),
    /// The configuration file, with the line.
    File(String),
    Default,
    Unset,
}

impl Given {
    /// The settings of the command that was parsed from a command line.
    pub(super) fn of(command: &Command, matches: &ArgMatches, file: Option<&ConfigFile>) -> Self {
        if let Some((name, matches)) = matches.subcommand() {
            let sub = command.find_subcommand(name);
            return sub.map_or_else(Self::default, |sub| Self::of(sub, matches, file));
        }
        let setting = |arg| Setting::of(arg, matches, file);
        Self(command.get_arguments().filter_map(setting).collect())
    }

    /// The message, and after it where each flag in it was given, unless on the command line.
    pub fn explained(&self, message: &str) -> String {
        let mut explained = message.to_owned();
        let mut told = BTreeSet::new();
        for flag in flags_in(message).filter(|flag| told.insert(*flag)) {
            let setting = self.0.iter().find(|setting| flag == setting.flag);
            let _ = match setting.map(|setting| &setting.source) {
                Some(Source::Variable(name)) => write!(explained, "; --{flag} is set by {name}"),
                Some(Source::File(place)) => write!(explained, "; --{flag} is set in {place}"),
                _ => Ok(()),
            };
        }
        explained
    }

    /// A configuration file with these settings, each with a comment on where it comes from.
    pub fn as_file(&self, has_secret: bool) -> String {
        let mut text = String::new();
        for Setting { flag, source, value, is_secret } in &self.0 {
            let place = match source {
                Source::Flag => "a flag",
                Source::Variable(place) | Source::File(place) => place,
                Source::Default => "the default",
                Source::Unset => "",
            };
            let _ = match (source, is_secret) {
                (Source::Unset, _) => writeln!(text, "# {flag} is not set"),
                (_, true) => writeln!(text, "# {flag} is not shown; it comes from {place}"),
                (_, false) => writeln!(text, "{flag} = {value}  # {place}"),
            };
        }
        if has_secret {
            let _ = writeln!(text, "# {SECRET_VARIABLE} is set, and is not shown");
        }
        text
    }
}

impl Setting {
    /// None for what is no setting, but said to a single run.
    fn of(arg: &Arg, matches: &ArgMatches, file: Option<&ConfigFile>) -> Option<Self> {
        let (flag, variable) = (arg.get_long()?, arg.get_env()?.to_str()?);
        if flag == CONFIG_FLAG {
            return None;
        }
        let id = arg.get_id().as_str();
        matches.try_contains_id(id).ok()?;
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => Source::Flag,
            Some(ValueSource::EnvVariable) => Source::Variable(variable.to_owned()),
            Some(_) => {
                let place = file.and_then(|file| file.place_of(flag));
                place.map_or(Source::Default, Source::File)
            }
            None => Source::Unset,
        };
        let values = matches.get_raw(id).unwrap_or_default();
        let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
        let value = shown(arg, &values);
        let is_secret = arg.is_hide_env_values_set();
        Some(Self { flag: flag.to_owned(), source, value, is_secret })
    }
}

/// The flags that a message names, without hyphens.
fn flags_in(message: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    message.split("--").skip(1).map(move |rest| rest.split(|c| !is_part(c)).next().unwrap_or(rest))
}

/// The values in TOML.
fn shown(arg: &Arg, values: &[std::borrow::Cow<'_, str>]) -> String {
    // Each text in JSON is one in TOML.
    let quoted =
        |value: &std::borrow::Cow<'_, str>| serde_json::Value::from(value.as_ref()).to_string();
    match values {
        [] => String::new(),
        [value] if is_number(arg) => value.to_string(),
        [value] => quoted(value),
        values if is_list(arg) => {
            format!("[{}]", values.iter().map(quoted).collect::<Vec<_>>().join(", "))
        }
        [.., last] => quoted(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(settings: &[(&str, &str)]) -> Given {
        let setting = |(flag, place): &(&str, &str)| Setting {
            flag: (*flag).to_owned(),
            source: match place.strip_prefix("file ") {
                Some(place) => Source::File(place.to_owned()),
                None => Source::Variable((*place).to_owned()),
            },
            value: String::new(),
            is_secret: false,
        };
        Given(settings.iter().map(setting).collect())
    }

    #[test]
    fn a_message_ends_with_where_its_flags_were_given() {
        let given = given(&[
            ("listen", "HALLPASS_LISTEN"),
            ("alg", "HALLPASS_ALG"),
            ("tls-key", "file x.toml, line 3"),
        ]);
        for (message, end) in [
            ("no flag -- here", ""),
            ("can't use --listen x", "; --listen is set by HALLPASS_LISTEN"),
            ("can't read --tls-key /etc/key: no such file", "; --tls-key is set in x.toml, line 3"),
            (
                "--alg: bad with --tls-key, say --alg",
                "; --alg is set by HALLPASS_ALG; --tls-key is set in x.toml, line 3",
            ),
            ("--algorithm, --tls-keys", ""),
            ("--metrics-listen", ""),
            ("", ""),
        ] {
            assert_eq!(given.explained(message), format!("{message}{end}"));
        }
    }
}
