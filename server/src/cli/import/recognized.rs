//! Which system's file it is.

use std::io::{BufRead, BufReader, Cursor, Read as _};

use anyhow::ensure;

use super::csv::CsvRecords;
use super::document::Document;
use super::htpasswd::HtpasswdRecords;
use super::lines::Lines;
use super::reader::{JsonDialect, JsonRecords};
use super::records::Records;
use super::source::Source;
use crate::proof::password::FirebaseProject;

/// The shape of a format, if it has one only. The others are in lines or in one document.
fn shape_in(source: Source) -> Option<Shape> {
    match source {
        Source::Csv | Source::Supabase | Source::Pocketbase | Source::Django => Some(Shape::Table),
        Source::Htpasswd => Some(Shape::Htpasswd),
        Source::Keycloak => Some(Shape::Document),
        Source::Jsonl | Source::Auth0 | Source::Firebase => None,
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    Table,
    JsonLines,
    Document,
    Htpasswd,
}

/// How much of the file is looked at.
const HEAD_BYTES: u64 = 64 * 1024;

/// The users of a file, and the format that was recognized.
pub(super) fn records(
    mut input: Box<dyn BufRead>,
    given: Option<Source>,
    firebase: Option<FirebaseProject>,
) -> anyhow::Result<(Source, Box<dyn Records>)> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let shape = given.and_then(shape_in).unwrap_or_else(|| shape_of(&head));
    let input = BufReader::new(Cursor::new(head).chain(input));
    let (found, records): (Source, Box<dyn Records>) = match shape {
        Shape::Table => {
            let records = CsvRecords::open(Lines::new(input))?;
            (records.source(), Box::new(records))
        }
        Shape::JsonLines => {
            let dialect = given.and_then(JsonDialect::named);
            let records = JsonRecords::open(Lines::new(input), dialect, firebase)?;
            (records.source(), Box::new(records))
        }
        Shape::Document => {
            let dialect = given.and_then(JsonDialect::named);
            let records = Document::open(input, dialect, firebase)?;
            (records.source(), Box::new(records))
        }
        Shape::Htpasswd => (Source::Htpasswd, Box::new(HtpasswdRecords::new(Lines::new(input)))),
    };
    agrees(given, found)?;
    Ok((found, records))
}

/// Whether the format that was given is the one that was recognized.
fn agrees(given: Option<Source>, found: Source) -> anyhow::Result<()> {
    let Some(given) = given else { return Ok(()) };
    let is_general = match given {
        Source::Csv => shape_in(found) == Some(Shape::Table),
        Source::Jsonl => true,
        _ => false,
    };
    ensure!(given == found || is_general, "it is {}, not {}", found.name(), given.name());
    Ok(())
}

fn shape_of(head: &[u8]) -> Shape {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    match text.first() {
        Some(b'[') => Shape::Document,
        Some(b'{') => shape_of_object(line, head.len() as u64 == HEAD_BYTES),
        _ if is_htpasswd(text) => Shape::Htpasswd,
        _ => Shape::Table,
    }
}

/// A line that ends in the middle of an object begins a document, and so does one with `users`.
fn shape_of_object(line: &[u8], may_go_on: bool) -> Shape {
    let goes_on = matches!(line.last(), Some(b'{' | b'[' | b',' | b':'));
    let is_document =
        match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line) {
            Ok(object) => object.get("users").is_some_and(serde_json::Value::is_array),
            Err(error) => {
                goes_on || (error.is_eof() && may_go_on && line.len() > HEAD_BYTES as usize / 2)
            }
        };
    if is_document { Shape::Document } else { Shape::JsonLines }
}

/// Whether the first line is a name, a colon and no comma. Comments before it don't count.
fn is_htpasswd(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
    first.is_some_and(|line| {
        let has = |byte| line.contains(&byte);
        has(b':') && !has(b',') && !has(b'"') && !has(b'\t')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_tells_the_shape() {
        for (head, shape) in [
            ("username,password_hash\n", Shape::Table),
            ("\u{feff}id,email\n", Shape::Table),
            ("name;hash\n", Shape::Table),
            ("", Shape::Table),
            ("ada:$2y$10$abc\n", Shape::Htpasswd),
            ("# users\n\nada:$apr1$abc\n", Shape::Htpasswd),
            ("a:b,c\n", Shape::Table),
            ("[\n", Shape::Document),
            ("  [{\"a\": 1}]", Shape::Document),
            ("{\n  \"realm\": \"shop\"", Shape::Document),
            ("{\"users\": [\n{}]}", Shape::Document),
            ("{\"users\": [{}]}\n", Shape::Document),
            ("{\"users\": 7}\n", Shape::JsonLines),
            ("{\"username\": \"ada\"}\n{}", Shape::JsonLines),
            ("{\"username\": \"ada\"\n{}", Shape::JsonLines),
            ("\u{feff}{\"username\": \"ada\"}", Shape::JsonLines),
        ] {
            assert_eq!(shape_of(head.as_bytes()), shape, "{head}");
        }
        let long = format!("{{\"users\": [{}", "{\"localId\": \"x\"}, ".repeat(10_000));
        assert_eq!(shape_of(&long.as_bytes()[..HEAD_BYTES as usize]), Shape::Document);
    }
}
