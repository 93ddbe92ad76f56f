use std::io::{self, BufRead};

use super::json::{Object, object, too_long};
use super::lines::Lines;
use super::records::{Found, Numbered, Records, Spot};
use super::source::Source;
use super::{auth0, firebase, keycloak, own};
use crate::proof::password::FirebaseProject;

/// Whose members the objects have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum JsonDialect {
    Own,
    Auth0,
    Keycloak,
    Firebase,
}

impl JsonDialect {
    /// The one that the operator has named.
    pub(super) fn named(source: Source) -> Option<Self> {
        match source {
            Source::Auth0 => Some(Self::Auth0),
            Source::Keycloak => Some(Self::Keycloak),
            Source::Firebase => Some(Self::Firebase),
            _ => None,
        }
    }

    /// What the members of an object tell.
    pub(super) fn of(object: &Object) -> Self {
        let has = |name: &str| object.contains_key(name);
        if has("password_hash") && has("username") {
            Self::Own
        } else if has("localId") {
            Self::Firebase
        } else if has("createdTimestamp") || has("requiredActions") || has("realmRoles") {
            Self::Keycloak
        } else if has("user_id") || has("passwordHash") || has("email_verified") || has("_id") {
            Self::Auth0
        } else {
            Self::Own
        }
    }

    pub(super) fn source(self) -> Source {
        match self {
            Self::Own => Source::Jsonl,
            Self::Auth0 => Source::Auth0,
            Self::Keycloak => Source::Keycloak,
            Self::Firebase => Source::Firebase,
        }
    }
}

/// Reads objects of one system.
pub(super) struct Reader {
    pub(super) dialect: JsonDialect,
    pub(super) firebase: Option<FirebaseProject>,
}

impl Reader {
    /// The user that an object stands for. Errors are our own words: the parser's may quote it.
    pub(super) fn read(&self, text: &[u8]) -> Result<Found, String> {
        let object = object(text)?;
        match self.dialect {
            JsonDialect::Own => own::of_json(&object).map(Found::from),
            JsonDialect::Auth0 => auth0::user(&object),
            JsonDialect::Keycloak => keycloak::user(&object),
            JsonDialect::Firebase => firebase::user(&object, self.firebase.as_ref()),
        }
    }
}

/// The records of a file with a JSON object in each line. Members that are not known are ignored.
pub(super) struct JsonRecords<R> {
    lines: Lines<R>,
    reader: Reader,
}

impl<R: BufRead> JsonRecords<R> {
    /// The first object tells the dialect, if none is given.
    pub(super) fn open(
        mut lines: Lines<R>,
        dialect: Option<JsonDialect>,
        firebase: Option<FirebaseProject>,
    ) -> io::Result<Self> {
        let first = lines.next_that_is_not_blank()?;
        let text = first.as_ref().and_then(|line| line.text.as_deref());
        let told = text.and_then(|text| object(text).ok()).map(|object| JsonDialect::of(&object));
        lines.put_back(first);
        let dialect = dialect.or(told).unwrap_or(JsonDialect::Own);
        Ok(Self { lines, reader: Reader { dialect, firebase } })
    }

    pub(super) fn source(&self) -> Source {
        self.reader.dialect.source()
    }
}

impl<R: BufRead> Records for JsonRecords<R> {
    fn next(&mut self) -> io::Result<Option<Numbered>> {
        let line = self.lines.next_that_is_not_blank()?;
        Ok(line.map(|line| {
            let text = line.text.ok_or_else(too_long);
            (Spot::line(line.number), text.and_then(|text| self.reader.read(&text)))
        }))
    }

    fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }
}
