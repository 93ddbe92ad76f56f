//! What people type and read.

use std::fmt;
use std::io::{self, BufRead as _, BufWriter, IsTerminal as _, Read as _, StdoutLock, Write as _};

use anyhow::{Context as _, bail};
use hallpass_contract::Secret;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Nobody types more; the policy takes far less.
const MAX_PASSWORD_BYTES: u64 = 64 * 1024;

/// The reader of our output has stopped reading, as `head` does. That is no failure.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub struct ReaderGone;

/// Standard output, which may be closed at any time.
pub(super) struct Stdout(BufWriter<StdoutLock<'static>>);

impl Stdout {
    pub(super) fn lock() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    pub(super) fn line(&mut self, line: impl fmt::Display) -> anyhow::Result<()> {
        writeln!(self.0, "{line}").map_err(failed)
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.0.write_all(bytes).map_err(failed)
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        self.0.flush().map_err(failed)
    }
}

fn failed(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => ReaderGone.into(),
        _ => anyhow::Error::from(error).context("can't write to standard output"),
    }
}

/// One line on standard output.
pub(super) fn say(line: impl fmt::Display) -> anyhow::Result<()> {
    let mut stdout = Stdout::lock();
    stdout.line(line)?;
    stdout.flush()
}

/// One line on standard error, whether or not anybody reads it.
pub(super) fn note(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A time of the API, to the second, for a table. The fraction is in the JSON.
pub(super) fn to_the_second(time: &str) -> String {
    time.split(['.', 'Z']).next().unwrap_or_default().to_owned() + "Z"
}

/// The text with everything escaped that could move the cursor, change the writing direction or
/// can't be seen, as JSON would.
pub fn printable(text: &str) -> String {
    use GeneralCategory as Is;
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c.general_category() {
            Is::Control
            | Is::Format
            | Is::PrivateUse
            | Is::Surrogate
            | Is::Unassigned
            | Is::LineSeparator
            | Is::ParagraphSeparator => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    safe.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => safe.push(c),
        }
    }
    safe
}

/// A new password: typed twice at the terminal, or all of standard input without a newline at its
/// end.
pub(super) fn new_password(from_stdin: bool) -> anyhow::Result<Secret> {
    if from_stdin {
        return password_from(io::stdin().lock());
    }
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask for the password; give --password-stdin and pipe it in");
    }
    let ask = |prompt| rpassword::prompt_password(prompt).context("can't read the password");
    let password = Secret::from(ask("New password: ")?);
    if Secret::from(ask("Once more: ")?) != password {
        bail!("the two passwords differ; try again");
    }
    Ok(password)
}

fn password_from(input: impl io::Read) -> anyhow::Result<Secret> {
    let mut text = String::new();
    input
        .take(MAX_PASSWORD_BYTES)
        .read_to_string(&mut text)
        .context("can't read the password from standard input")?;
    let line = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n'));
    Ok(line.unwrap_or(&text).into())
}

/// Whether somebody at the terminal says yes; without a terminal, nobody does.
pub(super) fn confirmed(question: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask for a confirmation; give --yes");
    }
    let mut stderr = io::stderr();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush())?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_fool_a_terminal_is_escaped() {
        assert_eq!(printable("Zoë 漢字 🦀"), "Zoë 漢字 🦀");
        assert_eq!(
            printable("\x1b[2J\u{9b}2J\r\n\u{202e}"),
            r"\u001b[2J\u009b2J\u000d\u000a\u202e"
        );
        assert_eq!(printable("\u{e0001}"), r"\udb40\udc01");
    }

    #[test]
    fn a_password_loses_one_end_of_line_and_nothing_else() {
        for (input, password) in
            [("secret", "secret"), ("secret\n", "secret"), (" a\r\n", " a"), ("a\n\n", "a\n")]
        {
            assert_eq!(password_from(input.as_bytes()).unwrap().expose(), password);
        }
        assert!(password_from(&[0xff][..]).is_err());
    }
}
