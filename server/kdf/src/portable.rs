use std::hint::black_box;
use std::ops::ControlFlow;

use crate::{Input, KEY_LEN, Key};

/// Derives one key after the other, with a `pause` after each.
pub fn derive(
    inputs: &[Input<'_>],
    mut pause: impl FnMut() -> ControlFlow<()>,
) -> Option<Vec<Key>> {
    let mut derive = |input| {
        let key = derive_one(input);
        pause().is_continue().then_some(key)
    };
    inputs.iter().map(&mut derive).collect()
}

fn derive_one(input: &Input<'_>) -> Key {
    let of = |iterations| {
        pbkdf2::pbkdf2_hmac_array::<sha2::Sha256, KEY_LEN>(input.password, input.salt, iterations)
    };
    let padding = input.padding();
    if padding > 0 {
        black_box(of(padding));
    }
    of(input.iterations.get())
}
