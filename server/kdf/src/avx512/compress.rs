//! Words of sixteen lanes in registers of 512 bits.

use std::arch::x86_64::{
    __m512i, _mm_extract_epi32, _mm512_add_epi32, _mm512_extracti32x4_epi32, _mm512_ror_epi32,
    _mm512_set_epi32, _mm512_set1_epi32, _mm512_srli_epi32, _mm512_ternarylogic_epi32,
    _mm512_xor_si512,
};
use std::array;
use std::hint::black_box;
use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

use zeroize::Zeroize as _;

use crate::lane::Lane;
use crate::sha256::{K, PADDING, Words};
use crate::vector::{sixteen_rounds, vector_kernel};

vector_kernel!("avx512f");

/// A word of each lane.
type Word = __m512i;

/// A register's bits, by those of a word.
pub const LANES: usize = 512 / 32;

/// Truth tables for `vpternlogd`: bit n is the result for the bits of n, its highest one from the
/// first operand.
mod logic {
    pub const XOR: i32 = 0b1001_0110;
    pub const CHOOSE: i32 = 0b1100_1010;
    pub const MAJORITY: i32 = 0b1110_1000;
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(one: Word, other: Word) -> Word {
    _mm512_add_epi32(one, other)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(one: Word, other: Word) -> Word {
    _mm512_xor_si512(one, other)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor_3(one: Word, two: Word, three: Word) -> Word {
    _mm512_ternarylogic_epi32::<{ logic::XOR }>(one, two, three)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn choose(e: Word, f: Word, g: Word) -> Word {
    _mm512_ternarylogic_epi32::<{ logic::CHOOSE }>(e, f, g)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn majority(a: Word, b: Word, c: Word) -> Word {
    _mm512_ternarylogic_epi32::<{ logic::MAJORITY }>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn upper_0(a: Word) -> Word {
    xor_3(_mm512_ror_epi32::<2>(a), _mm512_ror_epi32::<13>(a), _mm512_ror_epi32::<22>(a))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn upper_1(e: Word) -> Word {
    xor_3(_mm512_ror_epi32::<6>(e), _mm512_ror_epi32::<11>(e), _mm512_ror_epi32::<25>(e))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn lower_0(word: Word) -> Word {
    let rotated = (_mm512_ror_epi32::<7>(word), _mm512_ror_epi32::<18>(word));
    xor_3(rotated.0, rotated.1, _mm512_srli_epi32::<3>(word))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn lower_1(word: Word) -> Word {
    let rotated = (_mm512_ror_epi32::<17>(word), _mm512_ror_epi32::<19>(word));
    xor_3(rotated.0, rotated.1, _mm512_srli_epi32::<10>(word))
}

/// The same word in all lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn all(word: u32) -> Word {
    _mm512_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn gather([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [i32; LANES]) -> Word {
    _mm512_set_epi32(p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn words(word: Word) -> [[u32; 4]; 4] {
    let quads = [
        _mm512_extracti32x4_epi32::<0>(word),
        _mm512_extracti32x4_epi32::<1>(word),
        _mm512_extracti32x4_epi32::<2>(word),
        _mm512_extracti32x4_epi32::<3>(word),
    ];
    quads.map(|quad| {
        let words = [
            _mm_extract_epi32::<0>(quad),
            _mm_extract_epi32::<1>(quad),
            _mm_extract_epi32::<2>(quad),
            _mm_extract_epi32::<3>(quad),
        ];
        words.map(i32::cast_unsigned)
    })
}
