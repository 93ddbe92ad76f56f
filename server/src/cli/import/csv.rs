use std::io::{self, BufRead};

use anyhow::Context as _;

use super::lines::{Line, Lines, MAX_BYTES};
use super::records::{Numbered, Records, Spot};
use super::row::Fields;
use super::source::Source;
use super::table::Table;

/// The records of a CSV file (RFC 4180) with a header. A bad record spoils no other. If a quotation
/// mark is never closed, or joins lines wrongly, reading goes on with the line after the first.
pub(super) struct CsvRecords<R> {
    lines: Lines<R>,
    delimiter: u8,
    table: Table,
}

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
        let first = lines.next_that_is_not_blank()?;
        let delimiter = delimiter(first.as_ref());
        lines.put_back(first);
        let row = read(&mut lines, delimiter)?.context("it is empty")?;
        let header = row.fields.map_err(anyhow::Error::msg).context("its header is damaged")?;
        Ok(Self { lines, delimiter, table: Table::of(&header)? })
    }

    pub(super) fn source(&self) -> Source {
        self.table.source()
    }
}

impl<R: BufRead> Records for CsvRecords<R> {
    fn next(&mut self) -> io::Result<Option<Numbered>> {
        let row = read(&mut self.lines, self.delimiter)?;
        let Some(Row { line, fields, more }) = row else { return Ok(None) };
        let fields = fields.and_then(|fields| self.table.checked(fields));
        if fields.is_err() {
            self.lines.put_back(more);
        }
        Ok(Some((Spot::line(line), fields.and_then(|fields| self.table.user(&fields)))))
    }

    fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }
}

/// A comma, or the tab that Excel writes into its Unicode text.
fn delimiter(header: Option<&Line>) -> u8 {
    let has = |byte| header.and_then(|it| it.text.as_ref()).is_some_and(|it| it.contains(&byte));
    if has(b'\t') && !has(b',') { b'\t' } else { b',' }
}

/// The next record, over as many lines as its quotation marks ask for.
fn read<R: BufRead>(lines: &mut Lines<R>, delimiter: u8) -> io::Result<Option<Row>> {
    let Some(first) = lines.next_that_is_not_blank()? else { return Ok(None) };
    let line = first.number;
    let row = |fields: Result<Fields, &str>, more| {
        Ok(Some(Row { line, fields: fields.map_err(str::to_owned), more }))
    };
    let Some(text) = first.text else { return row(Err("it is over 64 KiB long"), Vec::new()) };
    let (mut parser, mut more) = (Parser::new(delimiter), Vec::new());
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
struct Parser {
    delimiter: u8,
    at: At,
    field: Vec<u8>,
    fields: Fields,
    bytes: usize,
}

#[derive(Clone, Copy)]
enum At {
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
    fn new(delimiter: u8) -> Self {
        Self { delimiter, at: At::Start, field: Vec::new(), fields: Vec::new(), bytes: 0 }
    }

    fn feed(&mut self, line: &[u8]) -> Fed {
        self.bytes += line.len() + 1;
        if self.bytes > MAX_BYTES + 1 {
            return Fed::Wrong(NEVER_CLOSED);
        }
        for &byte in line {
            self.at = match (self.at, byte) {
                (At::Start, b'"') => At::Quoted,
                (At::Quoted, b'"') => At::Mark,
                (At::Start | At::Plain | At::Mark, byte) if byte == self.delimiter => {
                    self.end_field()
                }
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
