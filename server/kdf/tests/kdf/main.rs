//! What the crate promises, on every backend that this processor can run.

use hallpass_kdf::{Backend, Input, Key};

mod differential;
mod vectors;

/// The key of `input`, which is the same on all backends.
fn key(input: Input<'_>) -> Key {
    let keys: Vec<Key> =
        Backend::available().into_iter().map(|backend| backend.derive(&[input])[0]).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "the backends do not agree");
    keys[0]
}

/// On an emulated processor, the caller knows which one is the best.
#[test]
fn the_backend_that_is_expected_is_the_best() {
    if let Ok(expected) = std::env::var("HALLPASS_KDF_BACKEND") {
        assert_eq!(Backend::detect().name(), expected);
    }
    assert_eq!(Backend::available().last(), Some(&Backend::detect()));
}
