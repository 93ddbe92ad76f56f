//! Whether an attacker would find a password early, as zxcvbn estimates it.

mod cover;
mod keyboard;
mod words;

#[cfg(test)]
mod tests;

use cover::SHORT;
use zxcvbn::{Score, zxcvbn};

use crate::username::Username;

/// How many characters zxcvbn checks at once. For 100 malicious characters, which make it try every
/// spelling of every word, it takes a second. For this many it takes no longer than a password
/// hash.
const WINDOW_CHARS: usize = 24;

/// How many windows are checked. zxcvbn by itself reads 100 characters of a password.
const MAX_WINDOWS: usize = 4;

/// Whether 10^8 guesses would find it. Such guesses are common passwords, words, names, keyboard
/// rows, dates, repeats, and the user's own name. A password is as strong as its strongest window.
///
/// zxcvbn decides. It takes some tenths of a millisecond for a usual window, and a tenth of a
/// second for a malicious one. So it is asked only about windows that it might refuse: `cover` has
/// the proof for the others.
pub(super) fn is_guessable(password: &str, username: Option<&Username>) -> bool {
    let known = known(username);
    let chars: Vec<char> = password.chars().collect();
    let windows = || chars.chunks(WINDOW_CHARS).take(MAX_WINDOWS);
    !windows().any(|window| cover::is_impossible(window, &known))
        && windows().all(|window| window.len() <= SHORT || is_weak(window, &known))
}

/// What an attacker knows of the user.
fn known(username: Option<&Username>) -> Vec<&str> {
    let mut known = vec!["hallpass"];
    for name in username.iter().flat_map(|name| [name.display(), name.key()]) {
        known.push(name);
        known.extend(name.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() > 2));
    }
    known
}

/// Whether zxcvbn finds a window within 10^8 guesses.
fn is_weak(window: &[char], known: &[&str]) -> bool {
    zxcvbn(&String::from_iter(window), known).score() < Score::Three
}
