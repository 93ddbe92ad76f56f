use std::io::{self, BufRead};

use anyhow::{Context as _, bail, ensure};

use super::fields::{flag, roles, tells_who_is_disabled, time};
use super::lines::{Line, Lines, MAX_BYTES};
use super::records::{Numbered, Records};
use crate::accounts::UserRecord;
use crate::cli::export::COLUMNS;
use crate::cli::terminal::{note, printable};

/// The records of a CSV file (RFC 4180) with a header. A bad record spoils no other. If a quotation
/// mark is never closed, or joins lines wrongly, reading goes on with the line after the first.
pub(super) struct CsvRecords<R> {
    lines: Lines<R>,
    columns: Columns,
}

/// Where in a record the fields are.
struct Columns {
    count: usize,
    username: usize,
    password_hash: usize,
    roles: Option<usize>,
    created_at: Option<usize>,
    disabled: Option<usize>,
    totp_secret: Option<usize>,
}

type Fields = Vec<Vec<u8>>;

/// What was read from some lines.
struct Row {
    line: u64,
    fields: Result<Fields, String>,
    /// The lines after the first that it takes.
    more: Vec<Line>,
}

impl<R: BufRead> CsvRecords<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// If it lacks what is needed.
    pub(super) fn open(mut lines: Lines<R>) -> anyhow::Result<Self> {
        let row = read(&mut lines)?.context("it is empty")?;
        let header = row.fields.map_err(anyhow::Error::msg).context("its header is damaged")?;
        let columns = Columns::of(&header)?;
        Ok(Self { lines, columns })
    }
}

impl<R: BufRead> Records for CsvRecords<R> {
    fn next(&mut self) -> io::Result<Option<Numbered>> {
        let Some(Row { line, fields, more }) = read(&mut self.lines)? else { return Ok(None) };
        let fields = fields.and_then(|fields| self.columns.checked(fields));
        if fields.is_err() {
            self.lines.put_back(more);
        }
        Ok(Some((line, fields.and_then(|fields| self.columns.record(&fields)))))
    }

    fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }
}

/// The next record, over as many lines as its quotation marks ask for.
fn read<R: BufRead>(lines: &mut Lines<R>) -> io::Result<Option<Row>> {
    let Some(first) = lines.next_that_is_not_blank()? else { return Ok(None) };
    let line = first.number;
    let row = |fields: Result<Fields, &str>, more| {
        Ok(Some(Row { line, fields: fields.map_err(str::to_owned), more }))
    };
    let Some(text) = first.text else { return row(Err("it is over 64 KiB long"), Vec::new()) };
    let (mut parser, mut more) = (Parser::default(), Vec::new());
    let mut fed = parser.feed(&text);
    loop {
        match fed {
            Fed::UserRecord => return row(Ok(parser.fields), more),
            Fed::Wrong(why) => return row(Err(why), more),
            Fed::Open => {}
        }
        let Some(next) = lines.next()? else { return row(Err(NEVER_CLOSED), more) };
        fed = next.text.as_deref().map_or(Fed::Wrong(NEVER_CLOSED), |text| parser.feed(text));
        more.push(next);
    }
}

const NEVER_CLOSED: &str = "a quotation mark is not closed within 64 KiB";

/// Takes one record, line by line. Stricter than the csv crate, which takes text after a closing
/// quotation mark into the field: where a mark is missing, that would join the name of one user and
/// the hash of another.
#[derive(Default)]
struct Parser {
    at: At,
    field: Vec<u8>,
    fields: Fields,
    bytes: usize,
}

#[derive(Clone, Copy, Default)]
enum At {
    #[default]
    Start,
    Plain,
    Quoted,
    /// After a mark in a quoted field: its end, or the first half of one that is meant.
    Mark,
}

enum Fed {
    /// It is complete.
    UserRecord,
    /// It goes on in the next line.
    Open,
    Wrong(&'static str),
}

impl Parser {
    fn feed(&mut self, line: &[u8]) -> Fed {
        self.bytes += line.len() + 1;
        if self.bytes > MAX_BYTES + 1 {
            return Fed::Wrong(NEVER_CLOSED);
        }
        for &byte in line {
            self.at = match (self.at, byte) {
                (At::Start, b'"') => At::Quoted,
                (At::Quoted, b'"') => At::Mark,
                (At::Start | At::Plain | At::Mark, b',') => self.end_field(),
                (At::Start | At::Plain, _) => self.push(byte, At::Plain),
                (At::Quoted, _) | (At::Mark, b'"') => self.push(byte, At::Quoted),
                (At::Mark, _) => return Fed::Wrong("there is text after a quoted field"),
            };
        }
        if let At::Quoted = self.at {
            self.push(b'\n', At::Quoted);
            return Fed::Open;
        }
        self.end_field();
        Fed::UserRecord
    }

    fn push(&mut self, byte: u8, at: At) -> At {
        self.field.push(byte);
        at
    }

    fn end_field(&mut self) -> At {
        self.fields.push(std::mem::take(&mut self.field));
        At::Start
    }
}

impl Columns {
    fn of(header: &[Vec<u8>]) -> anyhow::Result<Self> {
        let names: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
            .collect();
        for name in COLUMNS {
            let times = names.iter().filter(|is| *is == name).count();
            ensure!(times < 2, "its header has the column {name} twice");
        }
        let find = |name: &str| names.iter().position(|is| is == name);
        let (Some(username), Some(password_hash)) = (find("username"), find("password_hash"))
        else {
            bail!(
                "its first line is no header with the columns username and password_hash, with \
                 commas between"
            )
        };
        tells_who_is_disabled(names.iter().map(String::as_str)).map_err(anyhow::Error::msg)?;
        let ignored: Vec<String> = names
            .iter()
            .filter(|name| !COLUMNS.contains(&name.as_str()))
            .map(|name| printable(name))
            .collect();
        if !ignored.is_empty() {
            note(format_args!("ignoring the columns {}", ignored.join(", ")));
        }
        Ok(Self {
            count: names.len(),
            username,
            password_hash,
            roles: find("roles"),
            created_at: find("created_at"),
            disabled: find("disabled"),
            totp_secret: find("totp_secret"),
        })
    }

    fn checked(&self, fields: Fields) -> Result<Fields, String> {
        let (found, count) = (fields.len(), self.count);
        match found == count {
            true => Ok(fields),
            false => Err(format!("it has {found} fields, and the header has {count}")),
        }
    }

    fn record(&self, fields: &Fields) -> Result<UserRecord, String> {
        let text = |name: &str, column: usize| {
            std::str::from_utf8(&fields[column]).map_err(|_| format!("{name}: it is not UTF-8"))
        };
        let text_of =
            |name, column: Option<usize>| column.map(|column| text(name, column)).transpose();
        // An empty field is as good as none. Only empty roles mean something: a user without any.
        let not_empty = |text: &&str| !text.trim().is_empty();
        let created_at = text_of("created_at", self.created_at)?.filter(not_empty);
        let disabled = text_of("disabled", self.disabled)?.filter(not_empty);
        let secret = text_of("totp_secret", self.totp_secret)?.filter(not_empty);
        Ok(UserRecord {
            username: text("username", self.username)?.to_owned(),
            password_hash: text("password_hash", self.password_hash)?.into(),
            roles: text_of("roles", self.roles)?.map(roles),
            created_at: created_at.map(time).transpose()?,
            disabled: disabled.map(flag).transpose()?.unwrap_or(false),
            totp_secret: secret.map(Into::into),
        })
    }
}
