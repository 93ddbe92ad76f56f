//! Whatever is derived side by side: each backend's keys are those of the `pbkdf2` crate.

#![no_main]

use std::num::NonZeroU32;

use arbitrary::Arbitrary;
use hallpass_kdf::{Backend, Input, KEY_LEN, Key, Lanes};
use libfuzzer_sys::fuzz_target;

/// An [`Input`] that owns its bytes. Counts of a byte keep a run short.
#[derive(Arbitrary, Debug)]
struct Case {
    password: Vec<u8>,
    salt: Vec<u8>,
    more_iterations: u8,
    padded_to: u8,
}

impl Case {
    fn input(&self) -> Input<'_> {
        let iterations = NonZeroU32::MIN.saturating_add(self.more_iterations.into());
        let padded_to = self.padded_to.into();
        Input { password: &self.password, salt: &self.salt, iterations, padded_to }
    }
}

fn the_crates(input: &Input<'_>) -> Key {
    let Input { password, salt, iterations, .. } = *input;
    pbkdf2::pbkdf2_hmac_array::<sha2::Sha256, KEY_LEN>(password, salt, iterations.get())
}

fuzz_target!(|batch: Vec<Case>| {
    let inputs: Vec<Input<'_>> = batch.iter().map(Case::input).collect();
    let expected: Vec<Key> = inputs.iter().map(the_crates).collect();
    for backend in Backend::available() {
        assert_eq!(backend.derive(&inputs), expected, "{}", backend.name());
        for step in backend.lanes().steps() {
            let backend = backend.with_lanes(Lanes::always(step.lanes));
            assert_eq!(backend.derive(&inputs), expected, "{backend:?}");
        }
    }
});
