//! Words of eight lanes in registers of 256 bits.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_extract_epi32, _mm256_or_si256,
    _mm256_set_epi32, _mm256_set1_epi32, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_xor_si256,
};
use std::array;
use std::hint::black_box;
use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

use zeroize::Zeroize as _;

use crate::lane::Lane;
use crate::sha256::{K, PADDING, Words};
use crate::vector::{sixteen_rounds, vector_kernel};

vector_kernel!("avx2");

/// A word of each lane.
type Word = __m256i;

/// A register's bits, by those of a word.
pub const LANES: usize = 256 / 32;

#[inline]
#[target_feature(enable = "avx2")]
fn add(one: Word, other: Word) -> Word {
    _mm256_add_epi32(one, other)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(one: Word, other: Word) -> Word {
    _mm256_xor_si256(one, other)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor_3(one: Word, two: Word, three: Word) -> Word {
    xor(xor(one, two), three)
}

/// The bits of `f` where those of `e` are set, and else those of `g`.
#[inline]
#[target_feature(enable = "avx2")]
fn choose(e: Word, f: Word, g: Word) -> Word {
    xor(_mm256_and_si256(xor(f, g), e), g)
}

/// `b`, except where it differs from both others. The next round's `b ^ c` is this one's `a ^ b`.
#[inline]
#[target_feature(enable = "avx2")]
fn majority(a: Word, b: Word, c: Word) -> Word {
    xor(_mm256_and_si256(xor(a, b), xor(b, c)), b)
}

/// Rotates to the right; `LEFT` is what is left of 32.
#[inline]
#[target_feature(enable = "avx2")]
fn ror<const RIGHT: i32, const LEFT: i32>(word: Word) -> Word {
    const { assert!(RIGHT + LEFT == 32) };
    _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(word), _mm256_slli_epi32::<LEFT>(word))
}

#[inline]
#[target_feature(enable = "avx2")]
fn upper_0(a: Word) -> Word {
    xor_3(ror::<2, 30>(a), ror::<13, 19>(a), ror::<22, 10>(a))
}

#[inline]
#[target_feature(enable = "avx2")]
fn upper_1(e: Word) -> Word {
    xor_3(ror::<6, 26>(e), ror::<11, 21>(e), ror::<25, 7>(e))
}

#[inline]
#[target_feature(enable = "avx2")]
fn lower_0(word: Word) -> Word {
    xor_3(ror::<7, 25>(word), ror::<18, 14>(word), _mm256_srli_epi32::<3>(word))
}

#[inline]
#[target_feature(enable = "avx2")]
fn lower_1(word: Word) -> Word {
    xor_3(ror::<17, 15>(word), ror::<19, 13>(word), _mm256_srli_epi32::<10>(word))
}

/// The same word in all lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn all(word: u32) -> Word {
    _mm256_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn gather([a, b, c, d, e, f, g, h]: [i32; LANES]) -> Word {
    _mm256_set_epi32(h, g, f, e, d, c, b, a)
}

#[inline]
#[target_feature(enable = "avx2")]
fn words(word: Word) -> [[u32; 8]; 1] {
    let words = [
        _mm256_extract_epi32::<0>(word),
        _mm256_extract_epi32::<1>(word),
        _mm256_extract_epi32::<2>(word),
        _mm256_extract_epi32::<3>(word),
        _mm256_extract_epi32::<4>(word),
        _mm256_extract_epi32::<5>(word),
        _mm256_extract_epi32::<6>(word),
        _mm256_extract_epi32::<7>(word),
    ];
    [words.map(i32::cast_unsigned)]
}
