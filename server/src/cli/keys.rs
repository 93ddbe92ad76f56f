use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::executor::{Offline, Place, unexpected};
use super::terminal::{Stdout, confirmed, say};
use crate::config::SecretArgs;
use crate::control::{Command, Incident, Reply};
use crate::keys::{KeyInfo, KeyState, MasterKey};
use crate::opening;

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass keys list
  hallpass keys rotate        in a running server, the next token is signed with the new key
  hallpass keys revoke KID    one key leaked: its tokens are refused at once; `keys list` shows the ids
  hallpass keys reset         the keys leaked or are lost: new keys, and everybody is signed out

Nobody is signed out by a rotation: the old key verifies until the last of its tokens has expired.
Services that verify tokens themselves know the new key already: the next one is always among those
of /.well-known/jwks.json. Nobody is signed out by a revocation either: browsers fetch other tokens. But
services that verify tokens themselves accept those of the key until they fetch the keys again, and
whoever has the keys file or a backup of before has the key that makes refresh tokens, too. A reset ends every session at once, and those services must fetch the new keys.";

const NEW_MASTER_EXAMPLES: &str = "\
Examples:
  hallpass keys new-master /etc/hallpass/master.key
  hallpass serve --master-key-file /etc/hallpass/master.key

Every server of a database needs the same file. Keep a copy apart from the backups of the database:
who has both can sign tokens, and without it all keys must be made anew.";

/// What can be done with the keys that sign access tokens.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the keys that sign or verify, the one that signs first
    #[command(after_help = EXAMPLES)]
    List(ListKeys),
    /// Sign with the next key from now on, and make another next one; the old one goes on to verify
    #[command(after_help = EXAMPLES)]
    Rotate(Rotate),
    /// Accept no token of a key any more; if it signs, the next key takes over
    #[command(after_help = EXAMPLES)]
    Revoke(Revoke),
    /// Make a master key, with which the keys in a PostgreSQL database are sealed
    #[command(after_help = NEW_MASTER_EXAMPLES)]
    NewMaster(NewMaster),
    /// Make all keys anew, such as after they leaked or got lost; every session ends
    #[command(after_help = EXAMPLES)]
    Reset(Reset),
}

/// `hallpass keys list`
#[derive(Args, Debug)]
pub struct ListKeys {
    /// Write a JSON object in a line for each: kid, alg, created_at, state, verifies_until
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    place: Place,
}

/// `hallpass keys rotate`
#[derive(Args, Debug)]
pub struct Rotate {
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    place: Place,
}

/// `hallpass keys revoke`
#[derive(Args, Debug)]
pub struct Revoke {
    /// The key's id
    #[arg(value_name = "KID", allow_hyphen_values = true)]
    kid: String,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    place: Place,
}

/// `hallpass keys reset`
#[derive(Args, Debug)]
pub struct Reset {
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    place: Place,
}

/// `hallpass keys new-master`
#[derive(Args, Debug)]
pub struct NewMaster {
    /// The file to make; it must not be there
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl KeysCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await?,
            Self::Rotate(rotate) => rotate.run().await?,
            Self::Revoke(revoke) => revoke.run().await?,
            Self::Reset(reset) => reset.run().await?,
            Self::NewMaster(new) => new.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl ListKeys {
    async fn run(self) -> anyhow::Result<()> {
        let keys = ask(&self.place, self.secret, Command::Keys).await?;
        let mut stdout = Stdout::lock();
        if !self.json {
            stdout.line(format_args!("{:<43}  {:<5}  {:<20}  STATE", "KID", "ALG", "CREATED"))?;
        }
        for key in keys {
            match self.json {
                true => stdout.line(serde_json::to_string(&key)?)?,
                false => stdout.line(row(&key))?,
            }
        }
        stdout.flush()
    }
}

impl Rotate {
    async fn run(self) -> anyhow::Result<()> {
        match &ask(&self.place, self.secret, Command::RotateKey).await?[..] {
            [key] => say(format_args!("key {} ({}) signs from now on", key.kid, key.alg)),
            _ => bail!(unexpected()),
        }
    }
}

impl Revoke {
    async fn run(self) -> anyhow::Result<()> {
        let revoke = Command::Incident(Incident::RevokeKey { kid: self.kid.clone() });
        match &ask(&self.place, self.secret, revoke).await?[..] {
            [key] => say(format_args!(
                "key {} is revoked: its tokens are refused, and browsers fetch other ones; key {} \
                 ({}) signs",
                self.kid, key.kid, key.alg
            )),
            _ => bail!(unexpected()),
        }
    }
}

impl Reset {
    async fn run(self) -> anyhow::Result<()> {
        if !self.yes && !confirmed("Make all keys anew and sign everybody out?")? {
            bail!("nothing was changed");
        }
        match ask(&self.place, self.secret, Command::ResetKeys).await {
            Ok(keys) => match &keys[..] {
                [key] => {
                    let (kid, alg) = (&key.kid, key.alg);
                    say(format_args!(
                        "key {kid} ({alg}) signs from now on; all sessions have ended"
                    ))
                }
                _ => bail!(unexpected()),
            },
            Err(error) if opening::lacks_keys(&error) => {
                self.place.give_up_keys().await?;
                say("the server makes new keys when it starts; all sessions have ended")
            }
            Err(error) => Err(error),
        }
    }
}

impl NewMaster {
    fn run(self) -> anyhow::Result<()> {
        let path = self.file.display();
        let failed = || format!("can't make {path}");
        let key = MasterKey::generate()?;
        // Only its owner can read it, from the start.
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&self.file);
        let mut file = file.with_context(failed)?;
        writeln!(file, "{}", key.expose()).with_context(failed)?;
        file.sync_all().with_context(failed)?;
        say(format_args!("{path} holds a new master key; keep a copy where no backups are"))
    }
}

async fn ask(place: &Place, secret: SecretArgs, command: Command) -> anyhow::Result<Vec<KeyInfo>> {
    let offline = Offline { needs_keys: true, secret: Some(secret), ..Offline::default() };
    let Reply::Keys { keys } = place.executor(offline).await?.ask(command).await? else {
        bail!(unexpected())
    };
    Ok(keys)
}

fn row(key: &KeyInfo) -> String {
    let KeyInfo { kid, alg, created_at, state, verifies_until } = key;
    let state = match (state, verifies_until) {
        (KeyState::Current, _) => "signs".to_owned(),
        (KeyState::Next, _) => "signs after the next rotation".to_owned(),
        (KeyState::Retiring, Some(until)) => format!("verifies until {until:.0}"),
        (KeyState::Retiring, None) => "verifies".to_owned(),
    };
    format!("{kid:<43}  {:<5}  {:<20}  {state}", alg.name(), format!("{created_at:.0}"))
}
