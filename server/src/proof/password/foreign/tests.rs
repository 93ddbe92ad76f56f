use super::*;
use crate::proof::password::vectors::{
    BCRYPT_SHA256, DECOMPOSED, NAMED, OF_DECOMPOSED, OF_PASSWORD, PASSWORD, SCRYPT,
};

fn verifies(stored: &StoredHash, password: &str) -> bool {
    stored.matches(&stored.kdf.derive(password.as_bytes(), &stored.salt))
}

#[test]
fn hashes_that_werkzeug_and_django_made_verify_with_the_right_password_only() {
    for text in OF_PASSWORD.into_iter().chain(NAMED) {
        let stored = parse(text).unwrap();
        assert!(stored.is_foreign);
        assert!(verifies(&stored, PASSWORD), "{text}");
        assert!(!verifies(&stored, "wrong horse battery staple"), "{text}");
    }
}

#[test]
fn they_are_made_over_the_bytes_of_the_password_as_it_was_typed() {
    for text in OF_DECOMPOSED {
        let stored = StoredHash::parse(text).unwrap();
        assert!(verifies(&stored, DECOMPOSED), "{text}");
        assert!(!verifies(&stored, "caf\u{e9} au lait with oat milk"), "{text}");
    }
}

fn assert_refused(text: &str, why: &str) {
    let error = StoredHash::parse(text).unwrap_err().to_string();
    assert!(error.contains(why), "{text}: {error}");
    for part in text.split(['$', ':']).filter(|part| part.len() > 20) {
        assert!(!error.contains(part), "quotes the hash: {error}");
    }
}

#[test]
fn other_formats_are_refused() {
    for (text, why) in [
        ("", "not a hash in a known form"),
        ("plain", "not a hash in a known form"),
        ("!unusable password of Django", "not a hash in a known form"),
        ("sha1$salt$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "SHA-1 (sha1$) is not taken over"),
        ("5baa61e4c9b93f3f0682250b6cf8331b", "unsalted MD5"),
        ("pbkdf2_md5$1000$salt$5baa61e4c9b93f3f0682250b6cf8331b", "not a hash in a known form"),
        ("sha256$salt$5baa61e4c9b93f3f0682250b6cf8331b", "not 32 bytes"),
        ("argon2$argon2$x", "not a PHC string"),
        ("bcrypt$$2b$04$short", "bcrypt's salt is short"),
        ("scrypt$1024$salt$8$1", "three parameters"),
        ("pbkdf2:md5:1000$salt$5baa61e4c9b93f3f0682250b6cf8331b", "a PBKDF2 digest other"),
        ("pbkdf2:sha256$salt$5baa61e4c9b93f3f0682250b6cf8331b", "no iteration count"),
        ("pbkdf2$salt$5baa61e4c9b93f3f0682250b6cf8331b", "no iteration count"),
        ("scrypt$salt$5baa61e4c9b93f3f0682250b6cf8331b", "three parameters"),
        ("scrypt:32768:8$salt$5baa61e4c9b93f3f0682250b6cf8331b", "three parameters"),
    ] {
        assert_refused(text, why);
    }
}

#[test]
fn hostile_parameters_are_refused() {
    let key = "00".repeat(64);
    for (method, why) in [
        ("pbkdf2:sha512:0", "count is 0"),
        ("pbkdf2:sha512:10000001", "more than 10000000 iterations"),
        ("pbkdf2:sha512:99999999999999999999", "more than 10000000 iterations"),
        ("pbkdf2:sha512:+1000", "not a number"),
        ("pbkdf2:sha512:", "not a number"),
        ("scrypt:0:8:1", "not a power of two"),
        ("scrypt:1000:8:1", "not a power of two"),
        ("scrypt:524288:8:1", "256 MiB"),
        ("scrypt:32768:8:64", "too long"),
        ("scrypt:32768:99999999999:1", "scrypt's r"),
        ("scrypt:-32768:8:1", "not a number"),
    ] {
        assert_refused(&format!("{method}$salt${key}"), why);
    }
    assert_refused("pbkdf2_sha256$10000001$salt$AAAA", "more than 10000000 iterations");
    assert_refused("pbkdf2_sha1$10000001$salt$AAAA", "more than 10000000 iterations");
    assert_refused("scrypt$1048576$salt$8$1$AAAA", "256 MiB");
    assert_refused(&BCRYPT_SHA256.replace("$04$", "$15$"), "4 to 14");
}

#[test]
fn damaged_salts_and_keys_are_refused() {
    let key = "0".repeat(64);
    for (rest, why) in [
        (format!("$${key}"), "the salt is empty"),
        (format!("${}${key}", "x".repeat(257)), "the salt is longer"),
        (format!("$gr\u{fc}n${key}"), "not printable ASCII"),
        (format!("$sa lt${key}"), "not printable ASCII"),
        ("$salt".to_owned(), "no key"),
        ("$salt$".to_owned(), "not 32 bytes"),
        (format!("$salt${key}00"), "not 32 bytes"),
        (format!("$salt${key}0"), "not lowercase hex"),
        (format!("$salt${key}$"), "not lowercase hex"),
    ] {
        assert_refused(&format!("pbkdf2:sha256:1000{rest}"), why);
    }
    for (text, why) in [
        ("pbkdf2_sha256$1000", "no salt"),
        ("pbkdf2_sha256$1000$salt", "no key"),
        ("pbkdf2_sha256$1000$salt$71CU583QaJVBNHdr3QJ0A4nzvp1FjBm4s0sfQEKpvjQ", "with padding"),
        ("pbkdf2_sha256$1000$salt$71CU583QaJVBNHdr3QJ0A4nzvp1FjBm4", "not 32 bytes"),
    ] {
        assert_refused(text, why);
    }
    let (without_key, _) = SCRYPT.rsplit_once('$').unwrap();
    assert_refused(&format!("{without_key}${key}"), "not 64 bytes");
}
