//! The proof that zxcvbn won't refuse a window, without asking it.
//!
//! zxcvbn cuts a text into pieces. Each piece is a match, such as a word or a date, or it is any
//! characters. For n pieces it counts n! times the product of their guesses, plus
//! 10,000^(n - 1). It takes the cut with the fewest guesses, and refuses the text below 10^8 + 5.
//! Three facts of its `scoring.rs` bound that:
//!
//! - A piece of one character counts for 10 guesses at least. A longer one that is not all of the
//!   text counts for 50 at least.
//! - So three pieces or more are 10^8 + 6,000 guesses at least.
//! - Any k characters count for 10^k guesses. In a text of nine characters or more, such a piece
//!   with k >= 6 is too many guesses: the piece beside it doubles them and counts for 10 if k is 8
//!   or more, and for 50 otherwise.
//!
//! So a refused text of nine characters or more is one match, or two pieces of which each is a
//! match or has five characters at most. Here, more counts as a match than in zxcvbn, and never
//! less. The comparison in `tests` guards this against another version of zxcvbn.

use std::ops::Range;

use super::{keyboard, words};

/// zxcvbn gives any text of so many characters a score below three: it tries each of them with ten
/// characters, and 10^8 guesses are too few.
pub(super) const SHORT: usize = 8;

/// The most characters of a piece that need not be a match.
pub(super) const MAX_UNMATCHED: usize = 5;

/// The longest date that zxcvbn knows: 11/11/1991.
const MAX_DATE: usize = 10;

/// The largest step of a sequence that zxcvbn knows: acegik has steps of two.
const MAX_STEP: i32 = 5;

/// Whether no cut into one or two pieces is possible, so that zxcvbn accepts the window.
pub(super) fn is_impossible(window: &[char], known: &[&str]) -> bool {
    if window.len() <= SHORT {
        return false;
    }
    let Some(letters) = letters(window) else { return false };
    let known: Vec<_> = known.iter().map(|word| canonical(word)).collect();
    let may_be_piece = |piece: Range<usize>| {
        piece.len() <= MAX_UNMATCHED
            || is_word(&letters[piece.clone()], &known)
            || is_pattern(&window[piece])
    };
    let is_cut = |at: usize| {
        let (first, second) = (0..at, at..window.len());
        // The longer piece is the less likely one.
        let (longer, other) =
            if first.len() > second.len() { (first, second) } else { (second, first) };
        may_be_piece(longer) && may_be_piece(other)
    };
    !(0..window.len()).any(is_cut)
}

/// The letters that the characters may stand for. None if a character becomes several in lower
/// case: then zxcvbn shifts the rest.
fn letters(window: &[char]) -> Option<Vec<char>> {
    let letters = canonical(&String::from_iter(window));
    (letters.len() == window.len()).then_some(letters)
}

/// The text in lower case, and one letter for all that zxcvbn may take for each other. It reads 1
/// as i or l, and 7 as l or t, so these three are one.
pub(super) fn canonical(text: &str) -> Vec<char> {
    text.to_lowercase().chars().map(letter).collect()
}

fn letter(of: char) -> char {
    match of {
        '4' | '@' => 'a',
        '8' => 'b',
        '(' | '{' | '[' | '<' => 'c',
        '3' => 'e',
        '6' | '9' => 'g',
        '1' | '!' | '|' | '7' | '+' | 'l' | 't' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '%' => 'x',
        '2' => 'z',
        // Which of the two a capital becomes depends on what is beside it.
        'ς' => 'σ',
        other => other,
    }
}

/// Whether the piece is a word, forwards or backwards.
fn is_word(piece: &[char], known: &[Vec<char>]) -> bool {
    let is_known = |word: &Vec<char>| {
        word.len() == piece.len() && (*word == piece || word.iter().rev().eq(piece))
    };
    words::contains(piece.iter().copied())
        || words::contains(piece.iter().rev().copied())
        || known.iter().any(is_known)
}

fn is_pattern(piece: &[char]) -> bool {
    keyboard::is_walk(piece) || is_sequence(piece) || is_repeat(piece) || may_be_date(piece)
}

/// Whether all steps from one character to the next are the same. zxcvbn lets the first ones be
/// zero.
fn is_sequence(piece: &[char]) -> bool {
    let steps = piece.windows(2).map(|pair| pair[1] as i32 - pair[0] as i32);
    let mut steps = steps.skip_while(|step| *step == 0).peekable();
    let first = steps.peek().copied().unwrap_or_default();
    first.abs() <= MAX_STEP && steps.all(|step| step == first)
}

/// Whether it is some characters twice or more often.
fn is_repeat(piece: &[char]) -> bool {
    let len = piece.len();
    (1..=len / 2).any(|part| len.is_multiple_of(part) && piece[part..] == piece[..len - part])
}

fn may_be_date(piece: &[char]) -> bool {
    let of_date = |c: &char| c.is_ascii_digit() || c.is_whitespace() || r"/\_.-".contains(*c);
    piece.len() <= MAX_DATE && piece.iter().all(of_date)
}
