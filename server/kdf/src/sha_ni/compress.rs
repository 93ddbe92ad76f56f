//! The loop in which all of the time is spent.
//!
//! An iteration is one HMAC of 32 bytes: two compressions, each of a hash value and SHA-256's
//! padding of it. So one's result is the next one's message as it stands in the registers, no bytes
//! are swapped, and half of the message's words are constants.
//!
//! All of it is safe to call from a function with the same target features.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_castps_si128, _mm_castsi128_ps, _mm_extract_epi32,
    _mm_set_epi32, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32,
    _mm_shuffle_epi32, _mm_shuffle_ps, _mm_xor_si128,
};
use std::array;

use crate::lane::Lane;
use crate::sha256::{K, PADDING, Words};

/// For a shuffle: words 3 and 2 of one operand, then of the other.
const LAST_BACKWARDS: i32 = 0b10_11_10_11;

/// For a shuffle: words 1 and 0 of one operand, then of the other.
const FIRST_BACKWARDS: i32 = 0b00_01_00_01;

/// For a shuffle: words 2 and 3 come first.
const LAST_TWO: i32 = 0b01_00_11_10;

/// Four words, the first one in the lowest bits.
type Quad = __m128i;

/// A hash value as the instructions want it: f e b a and h g d c.
type State = [Quad; 2];

/// A hash value as a message: a b c d and e f g h.
type Message = [Quad; 2];

/// Sixteen words of the message schedule, of four rounds each: those with the number n of 16 at n %
/// 4.
type Schedule = [Quad; 4];

/// `count` iterations in each lane.
#[target_feature(enable = "sha,sse4.1,ssse3")]
pub fn iterate<const N: usize>(lanes: [&mut Lane; N], count: u32) {
    let starts = [
        lanes.each_ref().map(|lane| state(&lane.inner)),
        lanes.each_ref().map(|lane| state(&lane.outer)),
    ];
    let mut u = lanes.each_ref().map(|lane| message(&lane.u));
    let mut t = lanes.each_ref().map(|lane| message(&lane.t));
    for _ in 0..count {
        // One call for both, since it is inlined then: calls would cost 5 %.
        for start in &starts {
            u = compress(start, &u);
        }
        for (t, u) in t.iter_mut().zip(&u) {
            *t = [_mm_xor_si128(t[0], u[0]), _mm_xor_si128(t[1], u[1])];
        }
    }
    for ((lane, u), t) in lanes.into_iter().zip(u).zip(t) {
        lane.u = words(u);
        lane.t = words(t);
    }
}

/// Compresses a message and its padding into a start value, in each lane.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn compress<const N: usize>(start: &[State; N], message: &[Message; N]) -> [Message; N] {
    let [bit, length] = PADDING.map(|words| quad(words));
    let mut lanes: [_; N] =
        array::from_fn(|lane| (start[lane], [message[lane][0], message[lane][1], bit, length]));
    turn::<0, N>(&mut lanes);
    turn::<2, N>(&mut lanes);
    turn::<4, N>(&mut lanes);
    turn::<6, N>(&mut lanes);
    turn::<8, N>(&mut lanes);
    turn::<10, N>(&mut lanes);
    turn::<12, N>(&mut lanes);
    turn::<14, N>(&mut lanes);
    array::from_fn(|lane| {
        let [feba, hgdc] = lanes[lane].0;
        let [feba_start, hgdc_start] = start[lane];
        let feba = _mm_castsi128_ps(_mm_add_epi32(feba, feba_start));
        let hgdc = _mm_castsi128_ps(_mm_add_epi32(hgdc, hgdc_start));
        let abcd = _mm_shuffle_ps::<LAST_BACKWARDS>(feba, hgdc);
        let efgh = _mm_shuffle_ps::<FIRST_BACKWARDS>(feba, hgdc);
        [_mm_castps_si128(abcd), _mm_castps_si128(efgh)]
    })
}

/// Eight rounds in each lane, from the four on that have the number `FROM` of 16.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn turn<const FROM: usize, const N: usize>(lanes: &mut [(State, Schedule); N]) {
    for (state, schedule) in lanes {
        rounds(state, schedule, FROM);
        rounds(state, schedule, FROM + 1);
    }
}

/// The four rounds with the number `four` of 16, and the words of the message schedule for those
/// that come after the next four. The instructions for the words are those that the processor has
/// time for while it waits for the rounds.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn rounds([feba, hgdc]: &mut State, w: &mut Schedule, four: usize) {
    let [before_last, last, this, next] = [2, 3, 0, 1].map(|distance| (four + distance) % 4);
    let sum = _mm_add_epi32(w[this], quad(K[four]));
    // After two rounds, a b e f of before are c d g h.
    *hgdc = _mm_sha256rnds2_epu32(*hgdc, *feba, sum);
    if (4..16).contains(&(four + 2)) {
        // FIPS 180-4 section 6.2.2.
        let words = _mm_add_epi32(
            _mm_sha256msg1_epu32(w[before_last], w[last]),
            _mm_alignr_epi8(w[next], w[this], 4),
        );
        w[before_last] = _mm_sha256msg2_epu32(words, w[next]);
    }
    *feba = _mm_sha256rnds2_epu32(*feba, *hgdc, _mm_shuffle_epi32::<LAST_TWO>(sum));
}

#[inline]
#[target_feature(enable = "sse2")]
fn state(&[a, b, c, d, e, f, g, h]: &Words) -> State {
    [quad([f, e, b, a]), quad([h, g, d, c])]
}

#[inline]
#[target_feature(enable = "sse2")]
fn message(&[a, b, c, d, e, f, g, h]: &Words) -> Message {
    [quad([a, b, c, d]), quad([e, f, g, h])]
}

#[inline]
#[target_feature(enable = "sse4.1")]
fn words([abcd, efgh]: Message) -> Words {
    let words = [
        _mm_extract_epi32::<0>(abcd),
        _mm_extract_epi32::<1>(abcd),
        _mm_extract_epi32::<2>(abcd),
        _mm_extract_epi32::<3>(abcd),
        _mm_extract_epi32::<0>(efgh),
        _mm_extract_epi32::<1>(efgh),
        _mm_extract_epi32::<2>(efgh),
        _mm_extract_epi32::<3>(efgh),
    ];
    words.map(i32::cast_unsigned)
}

#[inline]
#[target_feature(enable = "sse2")]
fn quad(words: [u32; 4]) -> Quad {
    let [first, second, third, fourth] = words.map(u32::cast_signed);
    _mm_set_epi32(fourth, third, second, first)
}
