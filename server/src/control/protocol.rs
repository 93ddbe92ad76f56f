//! What goes over the control socket: one JSON object in a line each way, the request with the
//! version of this protocol.

use hallpass_contract::{AdminUser, AuditRecord, Block, OpenReset, Secret, Session};
use serde::{Deserialize, Serialize};

use super::incident::Incident;
use super::oauth::{OauthCommand, ShownOauthClient};
use crate::accounts::{ImportResult, UserRecord};
use crate::keys::KeyInfo;
use crate::store::{AuditId, BackupHead, UserId};
use crate::token::Inspection;

/// Another version is refused: the binary was replaced under a server that still runs.
pub(super) const VERSION: u32 = 2;

/// The longest line, without its end.
pub(super) const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// What is asked for. Users go by their names in any spelling of the same name.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum Command {
    /// Make a user.
    AddUser {
        /// The name.
        username: String,
        /// The password policy applies.
        password: Secret,
        /// All roles.
        roles: Vec<String>,
    },
    /// Show one user.
    User {
        /// Whom.
        username: String,
    },
    /// Show users, in the order of their ids.
    Users {
        /// Those whose names hold this.
        #[serde(default)]
        search: Option<String>,
        /// The ones after this one.
        after: Option<UserId>,
        /// How many at most.
        limit: usize,
    },
    /// Hand out users with their password hashes, in the order of their ids.
    Export {
        /// The ones after this one.
        after: Option<UserId>,
        /// How many at most.
        limit: usize,
        /// With the secrets of their one-time codes.
        with_secrets: bool,
    },
    /// Add users that another system made.
    Import {
        /// Who.
        records: Vec<UserRecord>,
    },
    /// Only say what would become of such users. An earlier server does not know this and refuses.
    RehearseImport {
        /// Who.
        records: Vec<UserRecord>,
    },
    /// Set the roles of a user.
    SetRoles {
        /// Whose.
        username: String,
        /// All roles from now on.
        roles: Vec<String>,
    },
    /// Give roles to a user and take others away.
    ChangeRoles {
        /// Whose.
        username: String,
        /// What they get.
        add: Vec<String>,
        /// What they lose.
        remove: Vec<String>,
    },
    /// Shut a user out, or let them in again.
    SetDisabled {
        /// Whom.
        username: String,
        /// Whether they are shut out.
        disabled: bool,
    },
    /// Set a user's password; their sessions end.
    SetPassword {
        /// Whose.
        username: String,
        /// The password policy applies.
        password: Secret,
    },
    /// Remove a user.
    DeleteUser {
        /// Whom.
        username: String,
    },
    /// Show the reset links that can still be used.
    Resets,
    /// Withdraw the reset link of a user.
    WithdrawReset {
        /// Whose.
        username: String,
    },
    /// Show the keys that sign or verify.
    Keys,
    /// Make a new signing key.
    RotateKey,
    /// Make all keys anew; all sessions end.
    ResetKeys,
    /// Do what is for a bad day.
    Incident(Incident),
    /// Do something with OAuth clients.
    Oauth(OauthCommand),
    /// Write a backup. The answer is a stream, and the reply comes after it.
    BackUp,
    /// Say how much is stored.
    Counts,
    /// Say what is wrong with an access token.
    InspectToken {
        /// The token.
        token: Secret,
    },
}

/// The answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub(crate) enum Reply {
    /// The user in question, as they are now; or were, if they were removed.
    User {
        /// Who.
        user: AdminUser,
    },
    /// Some users.
    Users {
        /// Who.
        users: Vec<AdminUser>,
        /// Whose records can't be read.
        #[serde(default)]
        damaged: Vec<UserId>,
        /// What to give as `after` for more; none on the last page.
        next: Option<UserId>,
    },
    /// Some users with their hashes.
    Records {
        /// Who.
        records: Vec<UserRecord>,
        /// Whose records can't be read.
        #[serde(default)]
        damaged: Vec<UserId>,
        /// What to give as `after` for more; none on the last page.
        next: Option<UserId>,
        /// How many of them have second factors that are not in it.
        left_behind: usize,
    },
    /// What became of each of the records.
    Imported {
        /// In their order.
        outcomes: Vec<ImportResult>,
    },
    /// The sessions of a user.
    Sessions {
        /// The one that was used last comes first.
        sessions: Vec<Session>,
    },
    /// Sessions have ended.
    Ended {
        /// How many.
        sessions: usize,
    },
    /// The reset links that can still be used.
    Resets {
        /// The one that was made first comes first.
        resets: Vec<OpenReset>,
    },
    /// The keys, the one that signs first.
    Keys {
        /// What may be known about them.
        keys: Vec<KeyInfo>,
    },
    /// Who may register.
    Registration {
        /// What somebody has said. Without it, the setting of the server counts.
        said: Option<bool>,
        /// Whether everyone may register.
        is_open: bool,
    },
    /// Networks that are blocked, or were.
    Blocks {
        /// The one that was blocked first comes first.
        blocks: Vec<Block>,
    },
    /// An OAuth client was made.
    OauthClientMade {
        /// Which.
        client: ShownOauthClient,
        /// Its secret, which is told this once.
        secret: Secret,
    },
    /// OAuth clients that there are, or were.
    OauthClients {
        /// In the order of their names.
        clients: Vec<ShownOauthClient>,
    },
    /// Records of the audit log.
    Audit {
        /// The latest one comes first.
        records: Vec<AuditRecord>,
        /// What to give as `before` for more; none on the last page.
        next: Option<AuditId>,
    },
    /// Nothing was done, since it may shut out whoever asks.
    Hazard {
        /// Why, for a person to read.
        reason: String,
    },
    /// What there is to say about a token.
    Token {
        /// Its user and its session were looked at, too.
        inspection: Inspection,
    },
    /// All of a backup was sent.
    BackedUp {
        /// What it says of itself.
        head: BackupHead,
    },
    /// How much is stored.
    Counts {
        /// Users.
        users: u64,
        /// Sessions.
        sessions: u64,
        /// The version of the program that answers.
        version: String,
    },
    /// It was not done.
    Refused {
        /// Why, for a person to read.
        reason: String,
    },
}

#[derive(Serialize)]
struct Request<'a> {
    version: u32,
    #[serde(flatten)]
    command: &'a Command,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Command {
    /// The line that asks for it, with its end.
    ///
    /// # Errors
    ///
    /// If it can't be written as JSON.
    pub(crate) fn to_line(&self) -> serde_json::Result<Vec<u8>> {
        line(&Request { version: VERSION, command: self })
    }

    /// Reads a line.
    ///
    /// # Errors
    ///
    /// A sentence for whoever sent it. It quotes nothing but the name of an unknown command.
    pub(crate) fn from_line(line: &[u8]) -> Result<Self, String> {
        let malformed = |error: &serde_json::Error| {
            format!("the request is not what belongs there, at column {}", error.column())
        };
        let Version { version } = serde_json::from_slice(line).map_err(|e| malformed(&e))?;
        if version != VERSION {
            return Err(format!(
                "the request is of version {version} of the control protocol, and this server \
                 speaks version {VERSION}; use the hallpass of the same version as the server, or \
                 restart the server"
            ));
        }
        serde_json::from_slice(line).map_err(|error| match error.to_string() {
            unknown if unknown.starts_with("unknown variant") => {
                format!("no such command: {unknown}")
            }
            _ => malformed(&error),
        })
    }
}

impl Reply {
    /// The line that says it, with its end.
    ///
    /// # Errors
    ///
    /// If it can't be written as JSON.
    pub(crate) fn to_line(&self) -> serde_json::Result<Vec<u8>> {
        line(self)
    }
}

fn line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}
