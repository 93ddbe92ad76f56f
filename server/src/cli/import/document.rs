use std::io::{self, BufRead, Read as _};
use std::ops::Range;

use anyhow::{Context as _, anyhow, ensure};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{Object, too_long};
use super::lines::MAX_BYTES;
use super::reader::{JsonDialect, Reader};
use super::records::{Numbered, Records, Spot};
use super::source::Source;
use crate::proof::password::FirebaseProject;

/// The largest document. It is held in memory, unlike a file of lines.
const MAX_DOCUMENT_BYTES: u64 = 1 << 30;

/// The users of one JSON document: an array, or an object with the member `users`. Each is read by
/// itself, so that one that is damaged costs no other.
pub(super) struct Document {
    text: String,
    /// Where in the text the users are that are left, the last one first.
    left: Vec<Range<usize>>,
    taken: u64,
    /// How far the lines are counted, and how many they are.
    counted: usize,
    line: u64,
    reader: Reader,
}

/// A realm export, or what Firebase writes.
#[derive(Deserialize)]
struct Users<'a> {
    #[serde(borrow)]
    users: Vec<&'a RawValue>,
    #[serde(borrow)]
    realm: Option<&'a RawValue>,
}

impl Document {
    /// # Errors
    ///
    /// If it is no document of users.
    pub(super) fn open(
        input: impl BufRead,
        dialect: Option<JsonDialect>,
        firebase: Option<FirebaseProject>,
    ) -> anyhow::Result<Self> {
        let mut bytes = Vec::new();
        input.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut bytes)?;
        ensure!(bytes.len() as u64 <= MAX_DOCUMENT_BYTES, "it is over 1 GiB large; split it");
        let mut text = String::from_utf8(bytes).ok().context("it is not UTF-8")?;
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        let (users, has_realm) = users(&text)?;
        let mut left: Vec<_> = users.into_iter().map(|user| range(&text, user)).collect();
        let told = left.first().map(|range| told_by(&text[range.clone()])).transpose()?;
        let told = if has_realm { Some(JsonDialect::Keycloak) } else { told };
        let dialect = dialect.or(told).unwrap_or(JsonDialect::Own);
        left.reverse();
        let reader = Reader { dialect, firebase };
        Ok(Self { text, left, taken: 0, counted: 0, line: 1, reader })
    }

    pub(super) fn source(&self) -> Source {
        self.reader.dialect.source()
    }
}

fn users(text: &str) -> anyhow::Result<(Vec<&RawValue>, bool)> {
    let damaged = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Data => {
                anyhow!("it is neither an array of users nor an object with the array users")
            }
            _ => anyhow!("it is not JSON, from line {line}, column {column} on"),
        }
    };
    if text.trim_start().starts_with('[') {
        return Ok((serde_json::from_str(text).map_err(damaged)?, false));
    }
    let Users { users, realm } = serde_json::from_str(text).map_err(damaged)?;
    Ok((users, realm.is_some()))
}

/// Where in the text a part of it is.
fn range(text: &str, part: &RawValue) -> Range<usize> {
    let part = part.get();
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// What the first user tells.
fn told_by(first: &str) -> anyhow::Result<JsonDialect> {
    let object: Object = serde_json::from_str(first).unwrap_or_default();
    ensure!(
        !object.contains_key("users"),
        "it holds several realms; write one of them, as `kc.sh export --realm NAME` does"
    );
    Ok(JsonDialect::of(&object))
}

impl Records for Document {
    fn next(&mut self) -> io::Result<Option<Numbered>> {
        let Some(range) = self.left.pop() else {
            self.counted = self.text.len();
            return Ok(None);
        };
        let skipped = &self.text.as_bytes()[self.counted..range.start];
        self.line += skipped.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.counted = range.start;
        self.taken += 1;
        let user = &self.text[range];
        let found = if user.len() > MAX_BYTES {
            Err(too_long())
        } else {
            self.reader.read(user.as_bytes())
        };
        Ok(Some((Spot { line: self.line, entry: Some(self.taken) }, found)))
    }

    fn bytes_read(&self) -> u64 {
        self.counted as u64
    }
}
