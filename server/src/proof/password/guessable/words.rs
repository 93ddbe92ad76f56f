//! The words that zxcvbn knows, as a Bloom filter: it never misses one, and takes few other texts
//! for words.

/// 13 bits a word. Of texts of six letters that are no word, one in a hundred is taken for one; of
/// texts of ten letters, one in three thousand.
pub(super) const BYTES: usize = 1 << 17;

/// The bits of all words of six letters or more. A test makes them from zxcvbn's own lists.
pub(super) static BITS: [u8; BYTES] = *include_bytes!("words.bin");

/// Whether it is a word. Words are in the spelling that `cover` makes of all texts.
pub(super) fn contains(word: impl ExactSizeIterator<Item = char>) -> bool {
    bits_of(word).all(|bit| BITS[bit / 8] >> (bit % 8) & 1 == 1)
}

/// The bits of a word, one for each of its letters: a long text that is no word has more chances to
/// be seen as such, and few words are long.
pub(super) fn bits_of(word: impl ExactSizeIterator<Item = char>) -> impl Iterator<Item = usize> {
    let count = word.len() as u64;
    // FNV-1a, with a last mix as in MurmurHash3.
    let step = |hash: u64, letter| (hash ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3);
    let hash: u64 = word.fold(0xcbf2_9ce4_8422_2325, step);
    let hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let (first, stride) = (hash, hash >> 32 | 1);
    let bits = (BITS.len() * 8) as u64;
    (0..count).map(move |n| (first.wrapping_add(n.wrapping_mul(stride)) % bits) as usize)
}
