//! The configuration file: settings under the names of their flags, in TOML.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::builder::{OsStr, Str};
use clap::{Arg, ArgAction, Command};
use toml::de::{DeTable, DeValue};

/// The flag that names the file. It can't stand in it.
pub const CONFIG_FLAG: &str = "config";

/// What a configuration file sets.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    path: PathBuf,
    settings: BTreeMap<String, Setting>,
}

#[derive(Clone, Debug)]
struct Setting {
    values: Vec<String>,
    line: usize,
}

impl ConfigFile {
    /// Reads a file that sets what the variables of `command` itself set.
    ///
    /// # Errors
    ///
    /// A message with the line and the key if a key is unknown or a value is bad.
    pub fn read(path: &Path, command: &Command) -> Result<Self, String> {
        let shown = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| format!("can't read the configuration file {shown}: {error}"))?;
        let settings = settings(&text, &known(command));
        let settings =
            settings.map_err(|(line, error)| format!("{shown}, line {line}: {error}"))?;
        Ok(Self { path: path.to_owned(), settings })
    }

    /// The command with these settings as its defaults: flags and variables count before them.
    #[must_use]
    pub fn apply(&self, command: Command) -> Command {
        let command = command.mut_args(|arg| match self.setting(&arg) {
            // Kept for as long as the process lives, as clap keeps its other texts.
            Some(setting) => arg.default_values(setting.values.clone().into_iter().map(leaked)),
            None => arg,
        });
        command.mut_subcommands(|sub| self.apply(sub))
    }

    /// Where the file sets this flag, in words.
    pub fn place_of(&self, flag: &str) -> Option<String> {
        let setting = self.settings.get(flag)?;
        Some(format!("{}, line {}", self.path.display(), setting.line))
    }

    fn setting(&self, arg: &Arg) -> Option<&Setting> {
        arg.get_env()?;
        self.settings.get(arg.get_long()?)
    }
}

fn leaked(text: String) -> OsStr {
    let text: &'static str = text.leak();
    text.into()
}

/// What can be set: each flag that has a variable. Those of the subcommands are not for the file.
fn known(command: &Command) -> BTreeMap<String, Arg> {
    let is_setting = |arg: &&Arg| arg.get_env().is_some() && arg.get_long() != Some(CONFIG_FLAG);
    let named = |arg: &Arg| Some((arg.get_long()?.to_owned(), arg.clone()));
    command.get_arguments().filter(is_setting).filter_map(named).collect()
}

/// The settings in a text. An error is a line and a message.
fn settings(
    text: &str,
    known: &BTreeMap<String, Arg>,
) -> Result<BTreeMap<String, Setting>, (usize, String)> {
    let line_at =
        |at: usize| text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        (line_at(at), error.message().replace('\n', ", "))
    })?;
    let setting = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let (key, line): (&Cow<'_, str>, _) = (key.get_ref(), line_at(key.span().start));
        let arg = known.get(&**key).ok_or_else(|| (line, unknown(key, known)))?;
        let values = values(arg, value.get_ref()).and_then(|values| checked(arg, values));
        let values = values.map_err(|error| (line, format!("{key}: {error}")))?;
        Ok((key.to_string(), Setting { values, line }))
    };
    table.get_ref().iter().map(setting).collect()
}

fn unknown(key: &str, known: &BTreeMap<String, Arg>) -> String {
    let likeness = |name: &&String| strsim::normalized_damerau_levenshtein(key, name);
    let nearest = known.keys().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    format!("{key} is no setting; the nearest name is {}", nearest.map_or("", |name| name))
}

/// The value as a flag would give it: several if the flag can be repeated.
fn values(arg: &Arg, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let (is_number, is_list) = (is_number(arg), is_list(arg));
    match value {
        DeValue::String(text) if !is_number => Ok(vec![text.to_string()]),
        DeValue::Integer(number) if is_number && number.radix() == 10 => {
            Ok(vec![number.as_str().to_owned()])
        }
        DeValue::Array(items) if items.is_empty() => Err("leave it out to set nothing".into()),
        DeValue::Array(items) if is_list => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or("give an array of texts in quotes".into())
        }
        _ if is_number => Err("give a number without quotes".into()),
        _ if is_list => Err(format!("give {}, or an array of such", wanted(arg))),
        _ => Err(format!("give {}", wanted(arg))),
    }
}

/// What the flag takes, in words for whoever writes the file.
fn wanted(arg: &Arg) -> String {
    let possible = arg.get_possible_values();
    let possible: Vec<_> = possible.iter().map(|it| format!("\"{}\"", it.get_name())).collect();
    if let [first @ .., last] = &possible[..] {
        return format!("{} or {last}", first.join(", "));
    }
    let kind = match arg.get_value_names().and_then(|names| names.first()).map(Str::as_str) {
        Some("FILE") => "the path of a file",
        Some("DIR") => "the path of a directory",
        Some("DURATION") => "a duration",
        Some("SIZE") => "a size",
        Some("ADDR") => "an address",
        Some("URL") => "a URL",
        _ => "a text",
    };
    let example = arg.get_default_values().first().and_then(|it| it.to_str());
    let example = example.map_or(String::new(), |it| format!(", such as \"{it}\""));
    format!("{kind} in quotes{example}")
}

/// Whether the flag takes a whole number.
pub fn is_number(arg: &Arg) -> bool {
    let kind = arg.get_value_parser().type_id();
    let numbers = [TypeId::of::<u16>(), TypeId::of::<u32>(), TypeId::of::<NonZeroU32>()];
    numbers.iter().any(|number| kind == *number)
}

/// Whether the flag can be repeated.
pub fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// The values, if the flag would accept them.
fn checked(arg: &Arg, values: Vec<String>) -> Result<Vec<String>, String> {
    let flag = arg.get_long().unwrap_or_default();
    let alone = arg.clone().env(None::<&str>).default_values(None::<OsStr>);
    let command = Command::new("hallpass").no_binary_name(true).arg(alone);
    match command.try_get_matches_from(values.iter().map(|value| format!("--{flag}={value}"))) {
        Ok(_) => Ok(values),
        Err(_) if arg.is_hide_env_values_set() => Err("this value makes no sense".into()),
        Err(error) => {
            let text = error.to_string();
            let (told, _) = text.split_once("\n\n").unwrap_or((&text, ""));
            let told = told.strip_prefix("error: ").unwrap_or(told);
            Err(told.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}

#[cfg(test)]
mod tests;
