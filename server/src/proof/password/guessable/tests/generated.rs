//! Passwords as people make them, most of them near what zxcvbn accepts.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::source;

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| source::words().into_iter().collect());

/// Rows of keyboards, runs of them are walks.
const ROWS: [&str; 9] = [
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "1qaz2wsx3edc4rfv",
    "!QAZXSW@#EDCVFR$",
    "',.pyfgcrl",
    "aoeuidhtns",
    "7894561230",
    "741852963",
];

/// What stands for a letter, as zxcvbn reads it.
const SPELLINGS: [(char, &str); 12] = [
    ('a', "4@"),
    ('b', "8"),
    ('c', "({[<"),
    ('e', "3"),
    ('g', "69"),
    ('i', "1!|"),
    ('l', "1|7"),
    ('o', "0"),
    ('s', "$5"),
    ('t', "+7"),
    ('x', "%"),
    ('z', "2"),
];

/// One to three parts, some of them doubled.
pub(super) fn password() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(part(), 1..=3).prop_map(|parts| parts.concat());
    let repeated = (parts, select(vec![1, 1, 1, 1, 2, 3]));
    let repeated = repeated.prop_map(|(text, times)| text.repeat(times));
    repeated.prop_filter("too short to be a question", |text| text.chars().count() > super::SHORT)
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => word(),
        2 => known(),
        2 => walk(),
        2 => date(),
        2 => sequence(),
        2 => "[0-9]{1,6}",
        2 => "[a-zA-Z0-9!-/:-@]{1,8}",
        1 => "[!-/4@8({<3691!|70$5+%2]{1,12}",
        1 => "[äöüßİςΣКдяй漢字🦀ſ é]{1,6}",
    ]
}

/// A word of zxcvbn's, in some spelling.
fn word() -> impl Strategy<Value = String> {
    let word = any::<Index>().prop_map(|at| at.get(&WORDS).clone());
    (word, any::<u64>(), 0..6_u8).prop_map(|(word, chance, style)| spelled(&word, chance, style))
}

/// A word that the user's name gives away.
fn known() -> impl Strategy<Value = String> {
    let word = select(vec!["guybrush.threepwood", "threepwood", "guybrush", "hallpass"]);
    (word, any::<u64>(), 0..6_u8).prop_map(|(word, chance, style)| spelled(word, chance, style))
}

fn spelled(word: &str, chance: u64, style: u8) -> String {
    match style {
        0 => word.chars().rev().collect(),
        1 => word.to_uppercase(),
        2 => {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        }
        3 => spelled(&leet(word, chance), chance, 0),
        4 => leet(word, chance),
        _ => word.to_owned(),
    }
}

/// The bits of `chance` decide about each letter.
fn leet(word: &str, chance: u64) -> String {
    let letters = word.chars().enumerate().map(|(at, letter)| {
        let bits = chance.rotate_right(3 * at as u32);
        let spelling = SPELLINGS.iter().find(|(of, _)| *of == letter).filter(|_| bits & 1 == 1);
        let choice = |(_, marks): &(char, &str)| {
            marks.chars().nth((bits >> 1) as usize % marks.len()).unwrap()
        };
        spelling.map_or(letter, choice)
    });
    letters.collect()
}

fn walk() -> impl Strategy<Value = String> {
    let row = select(ROWS.to_vec());
    (row, 0..4_usize, 4..13_usize, any::<bool>()).prop_map(|(row, from, len, back)| {
        let keys = row.chars().skip(from).take(len);
        if back { keys.collect::<Vec<_>>().into_iter().rev().collect() } else { keys.collect() }
    })
}

fn date() -> impl Strategy<Value = String> {
    let mark = select(vec!["", ".", "-", "/", " ", "_"]);
    (1..32_u8, 1..13_u8, 1900..2051_u16, mark, 0..4_u8).prop_map(
        |(day, month, year, mark, style)| match style {
            0 => format!("{day}{mark}{month}{mark}{year}"),
            1 => format!("{month:02}{mark}{day:02}{mark}{year}"),
            2 => format!("{year}{mark}{month:02}{mark}{day:02}"),
            _ => format!("{day}{mark}{month}{mark}{}", year % 100),
        },
    )
}

fn sequence() -> impl Strategy<Value = String> {
    (select(vec!['a', 'b', 'M', '0', '1', 'α', 'а']), -6..7_i32, 3..14_i32, 0..3_usize).prop_map(
        |(from, step, len, zeros)| {
            let char = |n: i32| char::from_u32((from as i32 + n * step).max(33) as u32).unwrap();
            let first = char(0).to_string().repeat(zeros);
            first + &(0..len).map(char).collect::<String>()
        },
    )
}
