//! SHA-256 in plain arithmetic, with one word of many lanes in each register.
//!
//! As on the SHA extensions, an iteration is two compressions, of a hash value and SHA-256's
//! padding of it, and nothing is swapped or moved between them. The words of the padding are known
//! when this is compiled, and what is computed of them alone is, too.

/// Defines `iterate`, the loop in which all of the time is spent, for one kind of registers. All of
/// it is safe to call from a function with the same target feature.
///
/// Where it is used there are `Word`, the register; `LANES`, how many words fit into one; `all`,
/// `gather` and `words`, which fill and read it; and the operations `add`, `xor`, `choose`,
/// `majority`, `upper_0`, `upper_1`, `lower_0` and `lower_1` (FIPS 180-4 section 4.1.2).
macro_rules! vector_kernel {
    ($feature:tt) => {
        /// A hash value of each lane, a to h.
        type Hash = [Word; 8];

        /// The last sixteen words of the message schedule, that of round n at n % 16. Between two
        /// compressions the first half is a hash value.
        type Schedule = [Word; 16];

        /// `count` iterations in each of at most `GROUPS * LANES` lanes.
        ///
        /// `ROLLED` has the last 32 rounds of a compression in a loop of two passes.
        #[target_feature(enable = $feature)]
        pub fn iterate<const GROUPS: usize, const ROLLED: bool>(
            lanes: &mut [&mut Lane],
            count: u32,
        ) {
            let mut starts = [
                gather_groups::<GROUPS>(lanes, |lane| &lane.inner),
                gather_groups::<GROUPS>(lanes, |lane| &lane.outer),
            ];
            let mut t = gather_groups::<GROUPS>(lanes, |lane| &lane.t);
            let u = gather_groups::<GROUPS>(lanes, |lane| &lane.u);
            let mut schedules = u.map(|[a, b, c, d, e, f, g, h]| {
                let none = all(0);
                [a, b, c, d, e, f, g, h, none, none, none, none, none, none, none, none]
            });
            for _ in 0..count {
                for start in &starts {
                    if ROLLED {
                        compress_rolled(start, &mut schedules);
                    } else {
                        compress_unrolled(start, &mut schedules);
                    }
                }
                for (t, u) in t.iter_mut().zip(&schedules) {
                    *t = array::from_fn(|word| xor(t[word], u[word]));
                }
            }
            for ((lanes, t), u) in lanes.chunks_mut(LANES).zip(&t).zip(&schedules) {
                scatter(&u[..8], lanes, |lane| &mut lane.u);
                scatter(t, lanes, |lane| &mut lane.t);
            }
            // More than fits into the registers, so that it was in memory.
            starts.zeroize();
            schedules.zeroize();
            t.zeroize();
        }

        /// Compresses the first half of each schedule and its padding into a start value.
        #[inline]
        #[target_feature(enable = $feature)]
        fn compress_unrolled<const GROUPS: usize>(
            starts: &[Hash; GROUPS],
            schedules: &mut [Schedule; GROUPS],
        ) {
            let constants = K.as_flattened();
            // So that the compiler may hold words in registers.
            let (mut hashes, mut copies) = (*starts, *schedules);
            sixteen_rounds!(hashes, copies, 0, &constants[..16], ());
            sixteen_rounds!(hashes, copies, 16, &constants[16..32], ());
            sixteen_rounds!(hashes, copies, 32, &constants[32..48], ());
            sixteen_rounds!(hashes, copies, 48, &constants[48..], ());
            finish(starts, &hashes, schedules);
        }

        /// The same in fewer instructions, which stay where the processor keeps decoded ones. The
        /// schedules stay in memory, so that the registers hold the hash values.
        #[inline]
        #[target_feature(enable = $feature)]
        fn compress_rolled<const GROUPS: usize>(
            starts: &[Hash; GROUPS],
            schedules: &mut [Schedule; GROUPS],
        ) {
            let (unrolled, rolled) = K.as_flattened().split_at(32);
            let mut hashes = *starts;
            // Past this the compiler must assume that others see the schedules, and past each fence
            // that they changed. So it leaves the words in memory and the rounds in their order.
            black_box(&mut *schedules);
            sixteen_rounds!(hashes, schedules, 0, &unrolled[..16], compiler_fence(SeqCst));
            sixteen_rounds!(hashes, schedules, 16, &unrolled[16..], compiler_fence(SeqCst));
            for constants in rolled.as_chunks::<16>().0 {
                sixteen_rounds!(hashes, schedules, 32, constants, compiler_fence(SeqCst));
            }
            finish(starts, &hashes, schedules);
        }

        /// The result of a compression, as the next one's message.
        #[inline]
        #[target_feature(enable = $feature)]
        fn finish<const GROUPS: usize>(
            starts: &[Hash; GROUPS],
            hashes: &[Hash; GROUPS],
            schedules: &mut [Schedule; GROUPS],
        ) {
            for ((start, hash), schedule) in starts.iter().zip(hashes).zip(schedules) {
                for ((word, &start), &hash) in schedule.iter_mut().zip(start).zip(hash) {
                    *word = add(hash, start);
                }
            }
        }

        /// A round (FIPS 180-4 section 6.2.2). The words of the hash value stay where they are, and
        /// their names move on by one.
        #[inline]
        #[target_feature(enable = $feature)]
        fn round(hash: &mut Hash, round: usize, word: Word) {
            let place = |name: usize| (name + 64 - round) % 8;
            let [a, b, c, e, f, g] = [0, 1, 2, 4, 5, 6].map(|name| hash[place(name)]);
            let (d, h) = (place(3), place(7));
            let first = add(add(hash[h], word), add(upper_1(e), choose(e, f, g)));
            hash[d] = add(hash[d], first);
            hash[h] = add(first, add(upper_0(a), majority(a, b, c)));
        }

        /// The message schedule's word for a round. Those of the padding are constants.
        #[inline]
        #[target_feature(enable = $feature)]
        fn next(schedule: &mut Schedule, round: usize) -> Word {
            let of_round = |round: usize| match round {
                8..16 => all(PADDING.as_flattened()[round - 8]),
                _ => schedule[round % 16],
            };
            if round < 16 {
                return of_round(round);
            }
            let (early, late) = (lower_0(of_round(round - 15)), lower_1(of_round(round - 2)));
            let word = add(add(of_round(round - 16), early), add(of_round(round - 7), late));
            schedule[round % 16] = word;
            word
        }

        /// A hash value of each lane. Lanes that nobody is in compute with zeros.
        #[inline]
        #[target_feature(enable = $feature)]
        fn gather_groups<const GROUPS: usize>(
            lanes: &[&mut Lane],
            of: impl Fn(&Lane) -> &Words,
        ) -> [Hash; GROUPS] {
            array::from_fn(|group| {
                array::from_fn(|word| {
                    gather(array::from_fn(|place| {
                        let lane = lanes.get(group * LANES + place);
                        lane.map_or(0, |lane| of(lane)[word].cast_signed())
                    }))
                })
            })
        }

        #[inline]
        #[target_feature(enable = $feature)]
        fn scatter(hash: &[Word], lanes: &mut [&mut Lane], of: impl Fn(&mut Lane) -> &mut Words) {
            for (word, &in_lanes) in hash.iter().enumerate() {
                for (lane, in_lane) in lanes.iter_mut().zip(words(in_lanes).as_flattened()) {
                    of(lane)[word] = *in_lane;
                }
            }
        }
    };
}

/// Sixteen rounds of all groups, the first of which has the number `$from`, each with one of the
/// constants. `$after` comes after each.
macro_rules! sixteen_rounds {
    ($hashes:ident, $schedules:ident, $from:literal, $constants:expr, $after:expr) => {
        let constants: &[u32] = $constants;
        sixteen_rounds!(
            @each 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15:
            $hashes, $schedules, $from, constants, $after
        );
    };
    (
        @each $($nth:literal)*:
        $hashes:ident, $schedules:ident, $from:literal, $constants:ident, $after:expr
    ) => {$(
        for (hash, schedule) in $hashes.iter_mut().zip($schedules.iter_mut()) {
            let word = next(schedule, $from + $nth);
            round(hash, $nth, add(word, all($constants[$nth])));
        }
        $after;
    )*};
}

pub(crate) use {sixteen_rounds, vector_kernel};
