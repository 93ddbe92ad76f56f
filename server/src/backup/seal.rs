use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::secrecy::SecretString;
use age::{scrypt, x25519};
use anyhow::{Context as _, ensure};
use clap::Args;

/// What scrypt has to do for a passphrase, as a power of two: what the `age` program asks for. The
/// library would measure how much the machine does in a second, which is less beside other work.
const SCRYPT_LOG_N: u8 = 18;

/// Whether a backup is encrypted, and for whom.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct SealArgs {
    /// Encrypt the backup for the owner of this age key, such as age1...; `age-keygen` makes one.
    /// Repeat the option for several
    #[arg(long, value_name = "AGE_KEY")]
    recipient: Vec<AgeKey>,

    /// Encrypt the backup with the passphrase in the first line of this file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Do not encrypt the backup. Whoever can read it has all keys and password hashes
    #[arg(long)]
    plain: bool,
}

/// How a backup is kept from being read by others.
#[derive(Clone)]
pub(crate) enum Seal {
    /// Not at all.
    Plain,
    /// The owners of these keys can open it.
    Recipients(Vec<AgeKey>),
    /// Whoever knows the passphrase can open it.
    Passphrase(SecretString),
}

/// The public part of an age key, for whom a backup is encrypted.
#[derive(Clone, Debug)]
pub(crate) struct AgeKey(x25519::Recipient);

impl FromStr for AgeKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let key = text.parse().map(Self);
        key.map_err(|_| "give the public part of an age key, such as age1...".to_owned())
    }
}

impl SealArgs {
    /// Reads what the arguments name.
    ///
    /// # Errors
    ///
    /// If the passphrase can't be read.
    pub(crate) fn seal(&self) -> anyhow::Result<Seal> {
        Ok(match &self.passphrase_file {
            Some(file) => Seal::with_passphrase_of(file)?,
            None if self.recipient.is_empty() => Seal::Plain,
            None => Seal::Recipients(self.recipient.clone()),
        })
    }
}

impl Seal {
    /// Encrypts with the passphrase in the first line of a file.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub(crate) fn with_passphrase_of(file: &Path) -> anyhow::Result<Self> {
        Ok(Self::Passphrase(read_passphrase(file)?))
    }

    /// What is written to the result goes to `out`, sealed.
    ///
    /// # Errors
    ///
    /// If `out` takes no more.
    pub(crate) fn wrap<W: Write>(&self, out: W) -> anyhow::Result<Sealed<W>> {
        let encryptor = match self {
            Self::Plain => return Ok(Sealed::Plain(out)),
            Self::Recipients(keys) => {
                let keys = keys.iter().map(|AgeKey(key)| key as &dyn age::Recipient);
                age::Encryptor::with_recipients(keys)?
            }
            Self::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(passphrase.clone());
                recipient.set_work_factor(SCRYPT_LOG_N);
                age::Encryptor::with_recipients(std::iter::once(&recipient as _))?
            }
        };
        Ok(Sealed::Encrypted(Box::new(encryptor.wrap_output(out)?)))
    }

    /// How the names of such files end.
    pub(crate) fn extension(&self) -> &'static str {
        if matches!(self, Self::Plain) { "backup" } else { "backup.age" }
    }
}

/// A file that is being sealed.
pub(crate) enum Sealed<W: Write> {
    Plain(W),
    Encrypted(Box<age::stream::StreamWriter<W>>),
}

impl<W: Write> Sealed<W> {
    /// Writes what makes the file whole.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Encrypted(out) => out.finish(),
        }
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Encrypted(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Encrypted(out) => out.flush(),
        }
    }
}

/// The first line of a file.
pub(super) fn read_passphrase(file: &Path) -> anyhow::Result<SecretString> {
    let path = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("can't read {path}"))?;
    let line = text.lines().next().unwrap_or_default();
    ensure!(!line.is_empty(), "the first line of {path} is empty; write the passphrase there");
    Ok(SecretString::from(line.to_owned()))
}
