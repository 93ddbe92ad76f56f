//! Which keys are beside each other.

use std::sync::LazyLock;

/// The keyboards that zxcvbn knows: QWERTY and Dvorak without and with shift, two keypads. Each key
/// is in its row and column. What is beside it in zxcvbn is at most one row and one column away.
const KEYBOARDS: [&[[&str; 2]]; 4] = [
    &[
        ["`1234567890-=", "~!@#$%^&*()_+"],
        [r" qwertyuiop[]\", " QWERTYUIOP{}|"],
        [" asdfghjkl;'", " ASDFGHJKL:\""],
        [" zxcvbnm,./", " ZXCVBNM<>?"],
    ],
    &[
        ["`1234567890[]", "~!@#$%^&*(){}"],
        [r" ',.pyfgcrl/=\", " \"<>PYFGCRL?+|"],
        [" aoeuidhtns-", " AOEUIDHTNS_"],
        [" ;qjkxbmwvz", " :QJKXBMWVZ"],
    ],
    &[[" /*-", ""], ["789+", ""], ["456", ""], ["123", ""], [" 0.", ""]],
    &[[" =/*", ""], ["789-", ""], ["456+", ""], ["123", ""], [" 0.", ""]],
];

/// For each ASCII character, a bit for each that is beside it on some keyboard.
static BESIDE: LazyLock<[u128; 128]> = LazyLock::new(|| {
    let mut beside = [0; 128];
    for keyboard in KEYBOARDS {
        let keys = keys(keyboard);
        for &(key, row, column) in &keys {
            let is_near =
                |other: &&Key| row.abs_diff(other.1) <= 1 && column.abs_diff(other.2) <= 1;
            for (other, ..) in keys.iter().filter(is_near) {
                beside[usize::from(key)] |= 1 << other;
            }
        }
    }
    beside
});

/// A character with its row and column.
type Key = (u8, usize, usize);

fn keys(keyboard: &[[&str; 2]]) -> Vec<Key> {
    let rows = keyboard.iter().enumerate();
    let rows = rows.flat_map(|(row, shifts)| shifts.map(|keys| (row, keys)));
    let keys = rows.flat_map(|(row, keys)| {
        keys.bytes().enumerate().map(move |(column, key)| (key, row, column))
    });
    keys.filter(|(key, ..)| *key != b' ').collect()
}

/// Whether each key is beside the one before.
pub(super) fn is_walk(piece: &[char]) -> bool {
    piece.windows(2).all(|pair| are_beside(pair[0], pair[1]))
}

pub(super) fn are_beside(one: char, other: char) -> bool {
    one.is_ascii() && other.is_ascii() && BESIDE[one as usize] >> (other as u32) & 1 == 1
}
