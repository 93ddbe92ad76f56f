//! PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2) for many passwords at once.
//!
//! Passwords are derived one after the other by the `pbkdf2` crate. The interface takes several,
//! since two independent derivations fill the latency of one core's SHA instructions and one can't.

use std::num::NonZeroU32;

/// Bytes of a derived key: the output of one SHA-256, so that each key costs `iterations` HMACs
/// and not a multiple of it.
pub const KEY_LEN: usize = 32;

/// A derived key.
pub type Key = [u8; KEY_LEN];

/// What one key is derived from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The password's bytes; any length, none of them is ignored.
    pub password: &'a [u8],
    /// The salt's bytes; RFC 8018 asks for 8 at least, NIST SP 800-132 for 16.
    pub salt: &'a [u8],
    /// PBKDF2's iteration count.
    pub iterations: NonZeroU32,
    /// Iterations that are computed in all, so that a cheap key takes as long as a dear one. What
    /// comes after `iterations` leaves the key as it is. No more than `iterations`: no padding.
    pub padded_to: u32,
}

impl<'a> Input<'a> {
    /// Without padding.
    pub fn new(password: &'a [u8], salt: &'a [u8], iterations: NonZeroU32) -> Self {
        Self { password, salt, iterations, padded_to: 0 }
    }
}

/// How many inputs one core derives at once with the least time for each. More than that in one
/// call of [`derive`] are derived in turn.
pub fn lanes() -> usize {
    1
}

/// Derives a key from each input, in the order of `inputs`. It computes for tens of milliseconds
/// per input at usual iteration counts, so it has no place on an async executor's thread.
pub fn derive(inputs: &[Input<'_>]) -> Vec<Key> {
    inputs.iter().map(one).collect()
}

fn one(input: &Input<'_>) -> Key {
    let Input { password, salt, iterations, padded_to } = *input;
    let of =
        |iterations| pbkdf2::pbkdf2_hmac_array::<sha2::Sha256, KEY_LEN>(password, salt, iterations);
    let padding = padded_to.saturating_sub(iterations.get());
    if padding > 0 {
        std::hint::black_box(of(padding));
    }
    of(iterations.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iterations(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    fn one(password: &[u8], salt: &[u8], count: u32) -> Key {
        derive(&[Input::new(password, salt, iterations(count))])[0]
    }

    fn hex(key: Key) -> String {
        key.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    // RFC 7914 section 11 prints 64-byte keys; a shorter key is their prefix.
    #[test]
    fn it_derives_the_keys_of_rfc_7914() {
        assert_eq!(
            hex(one(b"passwd", b"salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        );
        assert_eq!(
            hex(one(b"Password", b"NaCl", 80_000)),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
        );
    }

    #[test]
    fn several_inputs_yield_the_keys_that_each_yields_alone_in_their_order() {
        let long = [b'x'; 300];
        let inputs = [
            Input::new(b"first", b"salt of the first", iterations(3)),
            Input::new(&long, b"salt of the second", iterations(5)),
            Input { padded_to: 9, ..Input::new(b"", b"", iterations(2)) },
        ];
        let keys = derive(&inputs);
        let alone: Vec<Key> = inputs
            .iter()
            .map(|input| one(input.password, input.salt, input.iterations.get()))
            .collect();
        assert_eq!(keys, alone);
    }

    #[test]
    fn no_byte_of_a_long_password_is_ignored() {
        let mut password = [b'x'; 300];
        let key = one(&password, b"salt", 2);
        password[299] = b'y';
        assert_ne!(one(&password, b"salt", 2), key);
    }
}
