//! The loop in which all of the time is spent: each register holds one word of sixteen lanes.
//!
//! As in the other loop, an iteration is two compressions, of a hash value and SHA-256's padding of
//! it, and nothing is swapped or moved between them. The words of the padding are known when this
//! is compiled, and what is computed of them alone is, too.
//!
//! All of it is safe to call from a function with the same target feature.

use std::arch::x86_64::{
    __m512i, _mm_extract_epi32, _mm512_add_epi32, _mm512_extracti32x4_epi32, _mm512_ror_epi32,
    _mm512_set_epi32, _mm512_set1_epi32, _mm512_srli_epi32, _mm512_ternarylogic_epi32,
    _mm512_xor_si512,
};
use std::array;

use zeroize::Zeroize as _;

use crate::lane::Lane;
use crate::sha256::{K, PADDING, Words};

/// A word of each lane.
type Word = __m512i;

/// A hash value of each lane, a to h; also as a message.
type Hash = [Word; 8];

/// The last sixteen words of the message schedule, that of round n at n % 16.
type Schedule = [Word; 16];

/// Truth tables for `vpternlogd`: bit n is the result for the bits of n, its highest one from the
/// first operand.
mod logic {
    pub const XOR: i32 = 0b1001_0110;
    pub const CHOOSE: i32 = 0b1100_1010;
    pub const MAJORITY: i32 = 0b1110_1000;
}

/// `count` iterations in each of at most sixteen lanes.
#[target_feature(enable = "avx512f")]
pub fn iterate(lanes: &mut [&mut Lane], count: u32) {
    let mut starts = [gather(lanes, |lane| &lane.inner), gather(lanes, |lane| &lane.outer)];
    let mut u = gather(lanes, |lane| &lane.u);
    let mut t = gather(lanes, |lane| &lane.t);
    for _ in 0..count {
        for start in &starts {
            u = compress(start, &u);
        }
        t = array::from_fn(|word| _mm512_xor_si512(t[word], u[word]));
    }
    scatter(&u, lanes, |lane| &mut lane.u);
    scatter(&t, lanes, |lane| &mut lane.t);
    // More than fits into the registers, so that it was in memory.
    starts.zeroize();
    u.zeroize();
    t.zeroize();
}

/// Compresses a message and its padding into a start value, in each lane.
#[inline]
#[target_feature(enable = "avx512f")]
fn compress(start: &Hash, message: &Hash) -> Hash {
    let mut hash = *start;
    let padding = PADDING.as_flattened();
    let mut schedule = array::from_fn(|n| match n {
        0..8 => message[n],
        _ => all(padding[n - 8]),
    });
    turn::<0>(&mut hash, &mut schedule);
    turn::<8>(&mut hash, &mut schedule);
    turn::<16>(&mut hash, &mut schedule);
    turn::<24>(&mut hash, &mut schedule);
    turn::<32>(&mut hash, &mut schedule);
    turn::<40>(&mut hash, &mut schedule);
    turn::<48>(&mut hash, &mut schedule);
    turn::<56>(&mut hash, &mut schedule);
    array::from_fn(|word| _mm512_add_epi32(hash[word], start[word]))
}

/// Eight rounds, after which each word of the hash value is in its place again.
#[inline]
#[target_feature(enable = "avx512f")]
fn turn<const FROM: usize>(hash: &mut Hash, schedule: &mut Schedule) {
    round(hash, schedule, FROM);
    round(hash, schedule, FROM + 1);
    round(hash, schedule, FROM + 2);
    round(hash, schedule, FROM + 3);
    round(hash, schedule, FROM + 4);
    round(hash, schedule, FROM + 5);
    round(hash, schedule, FROM + 6);
    round(hash, schedule, FROM + 7);
}

/// A round (FIPS 180-4 section 6.2.2). The words of the hash value stay where they are, and their
/// names move on by one.
#[inline]
#[target_feature(enable = "avx512f")]
fn round(hash: &mut Hash, schedule: &mut Schedule, round: usize) {
    let place = |name: usize| (name + 64 - round) % 8;
    let [a, b, c, e, f, g] = [0, 1, 2, 4, 5, 6].map(|name| hash[place(name)]);
    let (d, h) = (place(3), place(7));
    let word = all(K[round / 4][round % 4]);
    let first = sum([
        _mm512_add_epi32(hash[h], _mm512_add_epi32(next(schedule, round), word)),
        xor([_mm512_ror_epi32::<6>(e), _mm512_ror_epi32::<11>(e), _mm512_ror_epi32::<25>(e)]),
        _mm512_ternarylogic_epi32::<{ logic::CHOOSE }>(e, f, g),
    ]);
    hash[d] = _mm512_add_epi32(hash[d], first);
    hash[h] = sum([
        first,
        xor([_mm512_ror_epi32::<2>(a), _mm512_ror_epi32::<13>(a), _mm512_ror_epi32::<22>(a)]),
        _mm512_ternarylogic_epi32::<{ logic::MAJORITY }>(a, b, c),
    ]);
}

/// The message schedule's word for a round.
#[inline]
#[target_feature(enable = "avx512f")]
fn next(schedule: &mut Schedule, round: usize) -> Word {
    let back = |rounds: usize| (round + 16 - rounds) % 16;
    if round >= 16 {
        let (early, late) = (schedule[back(15)], schedule[back(2)]);
        let early = xor([
            _mm512_ror_epi32::<7>(early),
            _mm512_ror_epi32::<18>(early),
            _mm512_srli_epi32::<3>(early),
        ]);
        let late = xor([
            _mm512_ror_epi32::<17>(late),
            _mm512_ror_epi32::<19>(late),
            _mm512_srli_epi32::<10>(late),
        ]);
        let (oldest, middle) = (schedule[round % 16], schedule[back(7)]);
        schedule[round % 16] =
            _mm512_add_epi32(_mm512_add_epi32(oldest, early), _mm512_add_epi32(middle, late));
    }
    schedule[round % 16]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn sum([one, two, three]: [Word; 3]) -> Word {
    _mm512_add_epi32(one, _mm512_add_epi32(two, three))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor([one, two, three]: [Word; 3]) -> Word {
    _mm512_ternarylogic_epi32::<{ logic::XOR }>(one, two, three)
}

/// The same word in all lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn all(word: u32) -> Word {
    _mm512_set1_epi32(word.cast_signed())
}

/// A hash value of each lane. Lanes that nobody is in compute with zeros.
#[inline]
#[target_feature(enable = "avx512f")]
fn gather(lanes: &[&mut Lane], of: impl Fn(&Lane) -> &Words) -> Hash {
    array::from_fn(|word| {
        let in_lane = |lane: usize| lanes.get(lane).map_or(0, |lane| of(lane)[word].cast_signed());
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = array::from_fn(in_lane);
        _mm512_set_epi32(p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a)
    })
}

#[inline]
#[target_feature(enable = "avx512f")]
fn scatter(hash: &Hash, lanes: &mut [&mut Lane], of: impl Fn(&mut Lane) -> &mut Words) {
    for (word, &in_lanes) in hash.iter().enumerate() {
        for (lane, in_lane) in lanes.iter_mut().zip(words(in_lanes).as_flattened()) {
            of(lane)[word] = *in_lane;
        }
    }
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
