use std::hint::black_box;

use crate::{Input, KEY_LEN, Key};

pub fn derive(input: &Input<'_>) -> Key {
    let of = |iterations| {
        pbkdf2::pbkdf2_hmac_array::<sha2::Sha256, KEY_LEN>(input.password, input.salt, iterations)
    };
    let padding = input.padding();
    if padding > 0 {
        black_box(of(padding));
    }
    of(input.iterations.get())
}
