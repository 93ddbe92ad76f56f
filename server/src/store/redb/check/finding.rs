use std::fmt;
use std::path::Path;

use crate::store::id::{AuditId, SessionId, UserId};

pub(super) const UNREADABLE: &str = "the record can't be read";
pub(super) const NO_USER: &str = "its user is not there or can't be read";

/// Something that is wrong in a database file.
#[derive(Debug)]
pub struct Finding {
    /// In which table.
    pub table: &'static str,
    /// The key of the row.
    pub key: String,
    /// What is wrong.
    pub fault: String,
    pub(super) remedy: Remedy,
}

/// What `store repair` does about it. It sets aside what it removes.
#[derive(Debug)]
pub(super) enum Remedy {
    RemoveUser(UserId),
    RemoveName(String),
    AddName(String, UserId),
    /// The tables of spellings follow from the users and are made anew.
    RebuildSpellings,
    RemoveAdmin(UserId),
    AddAdmin(UserId),
    RemoveSession(SessionId),
    RemoveSessionOf(UserId, SessionId),
    AddSessionOf(UserId, SessionId),
    RemoveReset([u8; 32]),
    RemoveResetTime([u8; 32]),
    RemoveResetOf(UserId),
    RemoveAddresses(UserId),
    RemoveOauthClient(String),
    RemoveAudit(AuditId),
    RemoveAuditOf(UserId, AuditId),
    AddAuditOf(UserId, AuditId),
    /// A person must decide.
    None,
    /// None: a page of the file is damaged.
    Salvage,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, fault, .. } = self;
        write!(f, "{table} {key}: {fault}")
    }
}

impl Finding {
    pub(super) fn new(
        table: &'static str,
        key: impl fmt::Display,
        fault: impl fmt::Display,
        remedy: Remedy,
    ) -> Self {
        Self { table, key: key.to_string(), fault: fault.to_string(), remedy }
    }

    /// The file itself is damaged.
    pub(super) fn of_the_file(path: &Path, fault: impl fmt::Display) -> Self {
        Self::new("file", path.display(), fault, Remedy::Salvage)
    }
}
