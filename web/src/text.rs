//! Texts that hold names. A browser that translates the page must leave names alone, and a name
//! that is written from right to left must not turn the words around it.

/// U+2068 and U+2069 isolate what is between them from the writing direction around it (UAX 9).
/// The shell makes an element with `translate="no"` of it.
const BEGINS: char = '\u{2068}';
const ENDS: char = '\u{2069}';

/// A name as a part of a text.
pub fn name(name: &str) -> String {
    [BEGINS.encode_utf8(&mut [0; 4]), name, ENDS.encode_utf8(&mut [0; 4])].concat()
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Piece<'a> {
    /// What it says.
    pub text: &'a str,
    /// It is a name, not words of the page's language.
    pub is_name: bool,
}

/// The pieces of a text, in their order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for part in text.split_inclusive([BEGINS, ENDS]) {
        let text = part.trim_end_matches([BEGINS, ENDS]);
        if !text.is_empty() {
            pieces.push(Piece { text, is_name: part.ends_with(ENDS) });
        }
    }
    pieces
}

/// A text as it is read.
pub fn plain(text: &str) -> String {
    pieces(text).iter().map(|piece| piece.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_apart_from_the_words_around_them() {
        let text = ["Type “", &name("ada"), "” to go on."].concat();
        let piece = |text, is_name| Piece { text, is_name };
        let expected = [piece("Type “", false), piece("ada", true), piece("” to go on.", false)];
        assert_eq!(pieces(&text), expected);
        assert_eq!(pieces("Saved."), [piece("Saved.", false)]);
        assert_eq!(pieces(&name("ada")), [piece("ada", true)]);
        assert_eq!(pieces(""), []);
    }
}
