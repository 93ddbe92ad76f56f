//! Keys that others have published. A shorter key than theirs is its first bytes, and the other way
//! round.

use std::num::NonZeroU32;

use hallpass_kdf::Input;

use crate::key;

fn assert_derives(password: &[u8], salt: &[u8], iterations: u32, expected: &str) {
    let iterations = NonZeroU32::new(iterations).expect("not 0");
    let key = key(Input::new(password, salt, iterations));
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let shorter = hex.len().min(expected.len());
    assert_eq!(hex[..shorter], expected[..shorter]);
}

// RFC 7914 section 11.
#[test]
fn it_derives_the_keys_of_rfc_7914() {
    assert_derives(
        b"passwd",
        b"salt",
        1,
        "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
         49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
    );
    if cfg!(miri) {
        return;
    }
    assert_derives(
        b"Password",
        b"NaCl",
        80_000,
        "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56\
         a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
    );
}

// The inputs of RFC 6070, which knows SHA-1 only, with the keys for SHA-256 that implementations
// test against, e.g. CPython's Lib/test/test_hashlib.py. That of 16,777,216 iterations is left out.
#[test]
fn it_derives_the_keys_for_the_inputs_of_rfc_6070() {
    assert_derives(
        b"password",
        b"salt",
        1,
        "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b",
    );
    assert_derives(
        b"password",
        b"salt",
        2,
        "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43",
    );
    if cfg!(miri) {
        return;
    }
    assert_derives(
        b"password",
        b"salt",
        4096,
        "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a",
    );
    assert_derives(
        b"passwordPASSWORDpassword",
        b"saltSALTsaltSALTsaltSALTsaltSALTsalt",
        4096,
        "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1c635518c7dac47e9",
    );
    assert_derives(b"pass\0word", b"sa\0lt", 4096, "89b69d0516f829893c696226650a8687");
}
