//! The loop in which all of the time is spent.
//!
//! As on the SHA extensions of x86-64, an iteration is two compressions, each of a hash value and
//! SHA-256's padding of it, so no bytes are swapped. Here the instructions want the words in their
//! order: one's result is the next one's message as it stands in the registers.
//!
//! All of it is safe to call from a function with the same target feature.

use std::arch::aarch64::{
    uint32x4_t, vaddq_u32, vcombine_u32, vcreate_u32, veorq_u32, vgetq_lane_u32, vsha256h2q_u32,
    vsha256hq_u32, vsha256su0q_u32, vsha256su1q_u32,
};
use std::array;

use crate::lane::Lane;
use crate::sha256::{K, PADDING, Words};

/// Four words, the first one in the lowest bits.
type Quad = uint32x4_t;

/// A hash value, a b c d and e f g h; also as a message.
type Hash = [Quad; 2];

/// Sixteen words of the message schedule, of four rounds each: those with the number n of 16 at n %
/// 4.
type Schedule = [Quad; 4];

/// `count` iterations in each lane.
#[target_feature(enable = "sha2")]
pub fn iterate<const N: usize>(lanes: [&mut Lane; N], count: u32) {
    let starts = [
        lanes.each_ref().map(|lane| hash(&lane.inner)),
        lanes.each_ref().map(|lane| hash(&lane.outer)),
    ];
    let mut u = lanes.each_ref().map(|lane| hash(&lane.u));
    let mut t = lanes.each_ref().map(|lane| hash(&lane.t));
    for _ in 0..count {
        for start in &starts {
            u = compress(start, &u);
        }
        for (t, u) in t.iter_mut().zip(&u) {
            *t = [veorq_u32(t[0], u[0]), veorq_u32(t[1], u[1])];
        }
    }
    for ((lane, u), t) in lanes.into_iter().zip(u).zip(t) {
        lane.u = words(u);
        lane.t = words(t);
    }
}

/// Compresses a message and its padding into a start value, in each lane.
#[inline]
#[target_feature(enable = "sha2")]
fn compress<const N: usize>(start: &[Hash; N], message: &[Hash; N]) -> [Hash; N] {
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
        let ([abcd, efgh], _) = lanes[lane];
        [vaddq_u32(abcd, start[lane][0]), vaddq_u32(efgh, start[lane][1])]
    })
}

/// Eight rounds in each lane, from the four on that have the number `FROM` of 16.
#[inline]
#[target_feature(enable = "sha2")]
fn turn<const FROM: usize, const N: usize>(lanes: &mut [(Hash, Schedule); N]) {
    for four in [FROM, FROM + 1] {
        for (hash, schedule) in &mut *lanes {
            rounds(hash, schedule, four);
        }
    }
}

/// The four rounds with the number `four` of 16 (FIPS 180-4 section 6.2.2), and the words of the
/// message schedule for those that come sixteen rounds later.
#[inline]
#[target_feature(enable = "sha2")]
fn rounds([abcd, efgh]: &mut Hash, w: &mut Schedule, four: usize) {
    let [this, next, after, last] = [0, 1, 2, 3].map(|distance| (four + distance) % 4);
    let sum = vaddq_u32(w[this], quad(K[four]));
    if four < 12 {
        w[this] = vsha256su1q_u32(vsha256su0q_u32(w[this], w[next]), w[after], w[last]);
    }
    let before = *abcd;
    *abcd = vsha256hq_u32(before, *efgh, sum);
    *efgh = vsha256h2q_u32(*efgh, before, sum);
}

#[inline]
#[target_feature(enable = "neon")]
fn hash(&[a, b, c, d, e, f, g, h]: &Words) -> Hash {
    [quad([a, b, c, d]), quad([e, f, g, h])]
}

#[inline]
#[target_feature(enable = "neon")]
fn words([abcd, efgh]: Hash) -> Words {
    [
        vgetq_lane_u32::<0>(abcd),
        vgetq_lane_u32::<1>(abcd),
        vgetq_lane_u32::<2>(abcd),
        vgetq_lane_u32::<3>(abcd),
        vgetq_lane_u32::<0>(efgh),
        vgetq_lane_u32::<1>(efgh),
        vgetq_lane_u32::<2>(efgh),
        vgetq_lane_u32::<3>(efgh),
    ]
}

#[inline]
#[target_feature(enable = "neon")]
fn quad([first, second, third, fourth]: [u32; 4]) -> Quad {
    let pair = |low: u32, high: u32| vcreate_u32(u64::from(low) | u64::from(high) << 32);
    vcombine_u32(pair(first, second), pair(third, fourth))
}
