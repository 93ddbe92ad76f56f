//! What stands below the options in `--help`, as parts of a manual page.

use roff::{Inline, Roff, bold, roman};

/// What stands below the options.
pub(crate) struct Help<'a> {
    /// Lines as they are to be typed.
    examples: Vec<&'a str>,
    /// The rest, in paragraphs.
    paragraphs: Vec<Vec<&'a str>>,
}

impl<'a> Help<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let (mut examples, mut paragraphs) = (Vec::new(), Vec::new());
        for paragraph in text.split("\n\n") {
            let mut lines: Vec<&str> = paragraph.lines().collect();
            match lines.first() {
                Some(&"Examples:") => examples.extend(lines.drain(1..)),
                Some(_) => paragraphs.push(lines),
                None => {}
            }
        }
        Self { examples, paragraphs }
    }

    /// The examples, under a heading. Nothing if there are none.
    pub(crate) fn examples(&self, roff: &mut Roff) {
        if !self.examples.is_empty() {
            roff.control("SH", ["EXAMPLES"]);
            as_it_stands(roff, &self.examples);
        }
    }

    /// The rest. Indented lines are tables, and keep their columns.
    pub(crate) fn explanation(&self) -> Roff {
        let mut roff = Roff::new();
        for paragraph in &self.paragraphs {
            roff.control("PP", []);
            for lines in paragraph.chunk_by(|one, next| is_indented(one) == is_indented(next)) {
                match is_indented(lines[0]) {
                    true => as_it_stands(&mut roff, lines),
                    false => drop(roff.text(prose(&lines.join(" ")))),
                }
            }
        }
        roff
    }
}

fn is_indented(line: &str) -> bool {
    line.starts_with(' ')
}

fn as_it_stands(roff: &mut Roff, lines: &[&str]) {
    roff.control("EX", []);
    for line in lines {
        roff.text([roman(*line)]);
    }
    roff.control("EE", []);
}

/// A text with `code` in it.
pub(crate) fn prose(text: &str) -> Vec<Inline> {
    let part = |(n, part): (usize, &str)| if n % 2 == 0 { roman(part) } else { bold(part) };
    text.split('`').enumerate().map(part).collect()
}
