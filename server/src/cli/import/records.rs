use std::fmt;
use std::io;

use hallpass_contract::Secret;

use crate::accounts::UserRecord;
use crate::proof::password::UNUSABLE;
use crate::roles;

/// Where in a file a record begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Spot {
    /// The line, counted from 1.
    pub(super) line: u64,
    /// The number of the user, where a line says little: in one JSON document.
    pub(super) entry: Option<u64>,
}

impl Spot {
    pub(super) fn line(line: u64) -> Self {
        Self { line, entry: None }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        match self.entry {
            None => write!(f, "line {line}"),
            Some(entry) => write!(f, "user {entry} (line {line})"),
        }
    }
}

/// A remark on users whose address nobody has confirmed.
pub(super) const UNCONFIRMED: &str =
    "the e-mail address was never confirmed; here it is a name like any other";

/// A remark on users who had second factors.
pub(super) const FACTORS_LEFT_OUT: &str =
    "second factors are left out that can't be taken over: the password alone signs them in";

/// A user whom a file names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) record: UserRecord,
    /// What the file says of the user and does not come along. The same words for all such users,
    /// so that they can be counted.
    pub(super) remarks: Vec<&'static str>,
}

impl Found {
    /// A user of another system, of whom nothing else is known.
    pub(super) fn new(username: &str, password_hash: Secret) -> Self {
        let record = UserRecord {
            username: username.to_owned(),
            password_hash,
            roles: None,
            created_at: None,
            disabled: false,
            totp_secret: None,
        };
        Self { record, remarks: Vec::new() }
    }

    /// A user of another system, whose hash may be missing.
    pub(super) fn with_hash(username: &str, hash: Option<&str>) -> Self {
        Self::new(username, hash.filter(|hash| !hash.is_empty()).unwrap_or(UNUSABLE).into())
    }

    pub(super) fn remark_if(&mut self, holds: bool, remark: &'static str) {
        if holds && !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Gives the user the roles of another system, beside `user`. Those that are no roles here are
    /// left out.
    pub(super) fn give_roles<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        let mut given = vec![hallpass_contract::USER_ROLE.to_owned()];
        for name in names {
            let mut more = given.clone();
            more.push(name.to_owned());
            match roles::check(more) {
                Ok(checked) => given = checked,
                Err(_) => self.remark_if(true, "a role is left out: its name is none here"),
            }
        }
        let is_admin = given.iter().any(|role| role == hallpass_contract::ADMIN_ROLE);
        self.remark_if(is_admin, "the role admin is taken over: it may use the admin routes here");
        self.record.roles = Some(given);
    }
}

impl From<UserRecord> for Found {
    fn from(record: UserRecord) -> Self {
        Self { record, remarks: Vec::new() }
    }
}

/// A record, or what is wrong with it, and where it begins.
pub(super) type Numbered = (Spot, Result<Found, String>);

/// The records of a file.
pub(super) trait Records {
    /// The next one.
    fn next(&mut self) -> io::Result<Option<Numbered>>;

    /// How much of the file was read.
    fn bytes_read(&self) -> u64;
}
