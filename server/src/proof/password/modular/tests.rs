use super::*;
use crate::proof::password::vectors::{ARGON2, BCRYPT, MODULAR, PASSLIB, PASSWORD};

fn verifies(stored: &StoredHash, password: &str) -> bool {
    stored.matches(&stored.kdf.derive(password.as_bytes(), &stored.salt))
}

#[test]
fn hashes_that_the_libraries_made_verify_with_the_right_password_only() {
    for text in MODULAR {
        let stored = StoredHash::parse(text).unwrap();
        assert!(stored.is_foreign);
        assert!(verifies(&stored, PASSWORD), "{text}");
        assert!(!verifies(&stored, "wrong horse battery staple"), "{text}");
    }
}

#[test]
fn bcrypt_of_php_is_the_same_under_another_name() {
    assert!(verifies(&StoredHash::parse(&BCRYPT.replace("$2b$", "$2y$")).unwrap(), PASSWORD));
}

/// `bcrypt.hashpw` of 72 times x.
#[test]
fn bytes_beyond_72_do_not_count_for_bcrypt() {
    let hash = "$2b$04$iAoLrJNrJziCUhyWXA0hI.mwq.oAK.bgBm5Q.p8PhZdKnBI3EpwFS";
    let stored = StoredHash::parse(hash).unwrap();
    let x = "x".repeat(72);
    assert!(verifies(&stored, &x) && verifies(&stored, &format!("{x}tail")));
    assert!(!verifies(&stored, &x[1..]));
}

/// `hashlib.pbkdf2_hmac(digest, password, salt, 1000, 64)`, which is what Keycloak stores.
#[test]
fn of_a_key_of_two_blocks_the_first_one_counts() {
    for (name, key) in [
        (
            "pbkdf2-sha256",
            "pP3Tx7NILbDNdwtD7CB6zKAR7SPC0ZFe7Ul6zf4y9HzdC57uFWHBoutr4gGTtVTGHNt8NKGTOhkG9TOgSDi4Dw",
        ),
        (
            "pbkdf2",
            "dRX/EpK16wknZSaJFnmjoctxb4wYCnwGdpLxdXJcwhGhuFjEttLOPMFCudGKLp3cPEwQnHbh3dyKmSADGckF8g",
        ),
    ] {
        let stored = StoredHash::parse(&format!("${name}$1000$1Al11.JqXfVkFt1W4YP4Tw${key}"));
        let stored = stored.unwrap();
        assert!(verifies(&stored, PASSWORD) && !verifies(&stored, "another"), "{name}");
    }
}

#[test]
fn damaged_and_hostile_hashes_are_refused_and_not_quoted() {
    for (good, from, to, told) in [
        (BCRYPT, "$04$", "$31$", "4 to 14"),
        (BCRYPT, "$04$", "$4$", "two digits"),
        (BCRYPT, "$04$", "$+4$", "not a number"),
        (BCRYPT, "/O62", "/O6", "key is damaged"),
        (BCRYPT, "/O62", "/O62aa", "key is damaged"),
        (BCRYPT, "PIE", "P E", "salt is damaged"),
        (BCRYPT, "/O62", "/O62$", "not a bcrypt hash"),
        (BCRYPT, "PIEiyzRVV8SC2ELp7WOHf", "PIEiyzRVV8SC2ELp7WOH\u{e9}", "salt is"),
        (ARGON2, "m=256", "m=1048576", "256 MiB"),
        (ARGON2, "t=1", "t=4294967295", "too long"),
        (ARGON2, "p=1", "p=4294967295", "argon2's p"),
        (ARGON2, "v=19", "v=20", "unknown version"),
        (ARGON2, "p=1", "p=1,data=AAAA", "with data"),
        (ARGON2, ",t=1", "", "is missing"),
        (ARGON2, "argon2id", "argon2x", "not a pbkdf2-sha256"),
        (PASSLIB, "1000", "0", "count is 0"),
        (PASSLIB, "1000", "99999999999", "more than"),
        (PASSLIB, "1000", "1000$", "iterations, the salt"),
        (PASSLIB, "HO.Q", "HO!Q", "salt is not passlib's"),
        (PASSLIB, "MmVjFfVF", "", "not 32 bytes"),
        (PASSLIB, "qzUmBCDE2NsbY2xNiXHO.Q", "", "salt is empty"),
    ] {
        let bad = good.replace(from, to);
        let error = format!("{:#}", StoredHash::parse(&bad).unwrap_err());
        assert!(error.contains(told), "{bad}: {error}");
        for part in bad.split('$').filter(|part| part.len() > 20) {
            assert!(!error.contains(part), "quotes the hash: {error}");
        }
    }
}
