use std::io::{self, BufRead};

use super::json::too_long;
use super::lines::Lines;
use super::records::{Found, Numbered, Records, Spot};

/// The records of a password file of Apache or nginx: a name, a colon and a hash in each line.
pub(super) struct HtpasswdRecords<R>(Lines<R>);

impl<R: BufRead> HtpasswdRecords<R> {
    pub(super) fn new(lines: Lines<R>) -> Self {
        Self(lines)
    }
}

impl<R: BufRead> Records for HtpasswdRecords<R> {
    fn next(&mut self) -> io::Result<Option<Numbered>> {
        loop {
            let Some(line) = self.0.next_that_is_not_blank()? else { return Ok(None) };
            let is_comment = line.text.as_ref().is_some_and(|text| text.starts_with(b"#"));
            if !is_comment {
                let text = line.text.ok_or_else(too_long);
                return Ok(Some((Spot::line(line.number), text.and_then(|text| user(&text)))));
            }
        }
    }

    fn bytes_read(&self) -> u64 {
        self.0.bytes_read()
    }
}

/// nginx allows a comment behind another colon.
fn user(line: &[u8]) -> Result<Found, String> {
    let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let (name, rest) = line.split_once(':').ok_or("there is no colon in it")?;
    let hash = rest.split(':').next().unwrap_or_default();
    Ok(Found::with_hash(name, Some(hash.trim_end())))
}
