//! Whatever the inputs and whoever is beside them: the keys of the `pbkdf2` crate.

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::ops::Range;

use hallpass_kdf::{Backend, Input, KEY_LEN, Key, Lanes};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::key;

/// Bytes on both sides of each limit at which SHA-256 or HMAC take another way.
const LENGTHS: Range<usize> = 0..300;

/// More than any backend has lanes, and enough of them for some that wait.
const MANY: usize = 40;

/// An [`Input`] that owns its bytes.
#[derive(Clone, Debug)]
struct Case {
    password: Vec<u8>,
    salt: Vec<u8>,
    iterations: NonZeroU32,
    padded_to: u32,
}

impl Case {
    fn input(&self) -> Input<'_> {
        Input {
            password: &self.password,
            salt: &self.salt,
            iterations: self.iterations,
            padded_to: self.padded_to,
        }
    }
}

/// Every backend with its own choice of lanes, and with each number of them for whatever number of
/// inputs. So each loop also runs with lanes that nobody is in.
fn everything() -> Vec<Backend> {
    let every = |backend: Backend| {
        let lanes = backend.lanes();
        let each = lanes.steps().to_vec().into_iter().map(|step| Lanes::always(step.lanes));
        [lanes].into_iter().chain(each).map(move |lanes| backend.with_lanes(lanes))
    };
    Backend::available().into_iter().flat_map(every).collect()
}

fn the_crates(input: &Input<'_>) -> Key {
    let Input { password, salt, iterations, .. } = *input;
    pbkdf2::pbkdf2_hmac_array::<sha2::Sha256, KEY_LEN>(password, salt, iterations.get())
}

fn case() -> impl Strategy<Value = Case> {
    let bytes = || vec(any::<u8>(), LENGTHS);
    let iterations = (1..=50_u32).prop_map(|count| NonZeroU32::new(count).expect("not 0"));
    (bytes(), bytes(), iterations, 0..=80_u32).prop_map(
        |(password, salt, iterations, padded_to)| Case { password, salt, iterations, padded_to },
    )
}

/// Enough for all lanes and some that wait.
fn batch() -> impl Strategy<Value = Vec<Case>> {
    let most = if cfg!(miri) { 3 } else { MANY };
    vec(case(), 0..=most)
}

/// `PROPTEST_CASES` may ask for fewer cases, on an emulated processor.
fn config() -> ProptestConfig {
    let (few, many) = (2, 1000);
    let given = ProptestConfig::default();
    let many = if std::env::var_os("PROPTEST_CASES").is_some() { given.cases } else { many };
    let cases = if cfg!(miri) { few } else { many };
    ProptestConfig { cases, failure_persistence: None, ..given }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_batch_yields_the_crates_keys_in_the_order_of_its_inputs(batch in batch()) {
        let inputs: Vec<Input<'_>> = batch.iter().map(Case::input).collect();
        let expected: Vec<Key> = inputs.iter().map(the_crates).collect();
        for backend in everything() {
            let mut pauses = 0;
            let keys = backend.derive_with_pauses(&inputs, || {
                pauses += 1;
                ControlFlow::Continue(())
            });
            prop_assert_eq!(keys.as_ref(), Some(&expected), "{:?}", backend);
            prop_assert!(pauses > 0 || inputs.iter().all(|input| input.iterations.get() == 1));
            let mut left = pauses;
            let keys = backend.derive_with_pauses(&inputs, || {
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            prop_assert_eq!(keys.is_none(), pauses > 0, "broken off in the last pause");
        }
    }
}

#[test]
fn every_length_of_password_and_salt_yields_the_crates_key() {
    let bytes: Vec<u8> = (0..LENGTHS.end).map(|index| (index * 7) as u8).collect();
    let step = if cfg!(miri) { 63 } else { 1 };
    for length in LENGTHS.step_by(step) {
        let two = NonZeroU32::new(2).unwrap();
        for (password, salt) in [(length, 16), (16, length), (length, LENGTHS.end - length)] {
            let input = Input::new(&bytes[..password], &bytes[..salt], two);
            assert_eq!(key(input), the_crates(&input), "{password} and {salt} bytes");
        }
    }
}

/// All lanes are busy, and each is done at another time than the others: with its key, with its
/// padding, or with both at once.
#[test]
fn lanes_that_end_at_different_times_do_not_disturb_each_other() {
    let (counts, paddings): (&[u32], &[u32]) = match cfg!(miri) {
        true => (&[1, 3], &[0, 2]),
        false => (&[1, 2, 3, 7, 20], &[0, 1, 3, 8, 21]),
    };
    let ends: Vec<(u32, u32)> = counts
        .iter()
        .flat_map(|&count| paddings.iter().map(move |&padding| (count, padding)))
        .collect();
    let salts: Vec<[u8; 2]> = (0..ends.len()).map(|index| [index as u8; 2]).collect();
    let inputs: Vec<Input<'_>> = ends
        .iter()
        .zip(&salts)
        .map(|(&(count, padded_to), salt)| {
            let iterations = NonZeroU32::new(count).unwrap();
            Input { padded_to, ..Input::new(b"password", salt, iterations) }
        })
        .collect();
    // Every group of up to as many as there are lanes and some that wait, in each rotation.
    for size in 1..=if cfg!(miri) { 3 } else { MANY } {
        for start in 0..inputs.len() {
            let batch: Vec<Input<'_>> =
                inputs.iter().cycle().skip(start).step_by(7).take(size).copied().collect();
            let expected: Vec<Key> = batch.iter().map(the_crates).collect();
            for backend in everything() {
                assert_eq!(backend.derive(&batch), expected, "{size} from {start}, {backend:?}");
            }
        }
    }
}

/// A plan may ask for more lanes than there are.
#[test]
fn more_lanes_than_there_are_are_all_that_there_are() {
    let salts: Vec<[u8; 2]> = (0..100_u8).map(|index| [index; 2]).collect();
    let input = |salt| Input::new(b"password", salt, NonZeroU32::new(3).unwrap());
    let inputs: Vec<Input<'_>> = salts.iter().map(|salt| input(salt)).collect();
    let expected: Vec<Key> = inputs.iter().map(the_crates).collect();
    for backend in Backend::available() {
        assert_eq!(backend.with_lanes(Lanes::always(64)).derive(&inputs), expected, "{backend:?}");
    }
}

#[test]
fn nothing_yields_nothing() {
    for backend in Backend::available() {
        assert!(backend.derive(&[]).is_empty());
    }
}
