use std::collections::VecDeque;
use std::io::{self, BufRead, Read as _};

/// The longest line, and the longest record, in bytes: a hundred times what a user takes. It bounds
/// the memory for files that are something else.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// What some systems begin a text file with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file, counted from 1.
pub(super) struct Lines<R> {
    input: R,
    /// Those that are to be read again.
    put_back: VecDeque<Line>,
    number: u64,
    bytes_read: u64,
}

/// A line without its end.
pub(super) struct Line {
    pub(super) number: u64,
    /// None if it is too long.
    pub(super) text: Option<Vec<u8>>,
}

impl Line {
    pub(super) fn is_blank(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.trim_ascii().is_empty())
    }
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, put_back: VecDeque::new(), number: 0, bytes_read: 0 }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    pub(super) fn next_that_is_not_blank(&mut self) -> io::Result<Option<Line>> {
        loop {
            let line = self.next()?;
            if !line.as_ref().is_some_and(Line::is_blank) {
                return Ok(line);
            }
        }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.put_back.pop_front() {
            return Ok(Some(line));
        }
        let mut text = Vec::new();
        // Room for both characters of its end.
        let mut limited = self.input.by_ref().take(MAX_BYTES as u64 + 2);
        let read = limited.read_until(b'\n', &mut text)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes_read += read as u64;
        if self.number == 1 && text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        let has_ended = text.pop_if(|last| *last == b'\n').is_some();
        if has_ended {
            text.pop_if(|last| *last == b'\r');
        }
        let is_too_long = text.len() > MAX_BYTES;
        if is_too_long && !has_ended {
            self.skip_to_the_end()?;
        }
        Ok(Some(Line { number: self.number, text: (!is_too_long).then_some(text) }))
    }

    fn skip_to_the_end(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let skipped = end.map_or(buffer.len(), |end| end + 1);
            let is_over = end.is_some() || buffer.is_empty();
            self.input.consume(skipped);
            self.bytes_read += skipped as u64;
            if is_over {
                return Ok(());
            }
        }
    }

    /// Has these read again, in their order, before any other.
    pub(super) fn put_back(&mut self, lines: impl IntoIterator<Item = Line>) {
        for (at, line) in lines.into_iter().enumerate() {
            self.put_back.insert(at, line);
        }
    }
}
