//! The token in what people paste.

/// What may stand around a token: quotation marks of code, JSON and word processors, and what ends
/// a line of JSON or of a program.
const AROUND: &[char] = &[
    '"', '\'', '`', ',', ';', '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}',
    '\u{bb}',
];

/// What may stand before it, in any case: the name of the header, and the scheme.
const BEFORE: [&str; 2] = ["authorization", "bearer"];

/// The token, without what is around it and without white space: terminals and mails break lines.
pub(super) fn token_in(pasted: &str) -> String {
    let mut rest = pasted;
    loop {
        let trimmed = rest.trim_matches(|c: char| is_blank(c) || AROUND.contains(&c));
        let without = BEFORE.iter().find_map(|word| without_word(trimmed, word));
        match without {
            Some(without) => rest = without,
            None => break trimmed.chars().filter(|c| !is_blank(*c)).collect(),
        }
    }
}

/// The rest after the word, if the text begins with it as a whole word.
fn without_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    let ends = rest.starts_with(|c| is_blank(c) || c == ':' || AROUND.contains(&c));
    let rest = rest.trim_start_matches(|c| c == ':' || AROUND.contains(&c));
    (ends && head.eq_ignore_ascii_case(word))
        .then(|| rest.trim_start_matches(|c| is_blank(c) || c == ':'))
}

/// White space, and the marks without width that come along with it.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
}

#[cfg(test)]
mod tests {
    use super::token_in;

    #[test]
    fn what_people_paste_around_a_token_is_taken_off() {
        for pasted in [
            "aa.bb.cc",
            "  aa.bb.cc\r\n",
            "Bearer aa.bb.cc",
            "bearer   aa.bb.cc",
            "BEARER\taa.bb.cc\n",
            "Authorization: Bearer aa.bb.cc",
            "authorization:Bearer aa.bb.cc",
            "\"aa.bb.cc\"",
            "'Bearer aa.bb.cc'",
            "Bearer \"aa.bb.cc\"",
            "\"Authorization\": \"Bearer aa.bb.cc\",",
            "`aa.bb.cc`;",
            "\u{201c}aa.bb.cc\u{201d}",
            "\u{feff}aa.bb.cc\u{a0}",
            "aa.b\n b.cc",
            "Bearer Bearer aa.bb.cc",
        ] {
            assert_eq!(token_in(pasted), "aa.bb.cc", "{pasted:?}");
        }
    }

    #[test]
    fn a_token_is_left_as_it_is() {
        for token in ["bearer.bb.cc", "bearerbearer", "aa..", "", "a-_.b.c", "\u{e4}\u{f6}.b.c"] {
            assert_eq!(token_in(token), token);
        }
    }
}
