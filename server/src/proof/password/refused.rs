//! Hashes that are known and not taken over: each guess of a password costs an attacker next to
//! nothing.

/// What the hash is, if it is one of these. An attacker who has a copy of the file finds most
/// passwords.
pub(super) fn name(text: &str) -> Option<&'static str> {
    by_prefix(text).or_else(|| by_shape(text))
}

fn by_prefix(text: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 23] = [
        ("$apr1$", "Apache's MD5 ($apr1$)"),
        ("$1$", "MD5-crypt ($1$)"),
        ("$md5", "MD5 ($md5)"),
        ("$5$", "SHA-256-crypt ($5$)"),
        ("$6$", "SHA-512-crypt ($6$)"),
        ("$y$", "yescrypt ($y$)"),
        ("$7$", "scrypt of crypt(3) ($7$)"),
        ("$P$", "phpass, which is MD5 ($P$)"),
        ("$H$", "phpass, which is MD5 ($H$)"),
        ("$S$", "Drupal's SHA-512 ($S$)"),
        ("$wp$", "WordPress's bcrypt of SHA-384 ($wp$)"),
        ("$2$", "bcrypt before version 2a ($2$)"),
        ("$2x$", "bcrypt with the error of 2011 ($2x$)"),
        ("$bcrypt-sha256$", "passlib's bcrypt_sha256"),
        ("{SHA}", "unsalted SHA-1 ({SHA})"),
        ("{SSHA}", "SHA-1 of LDAP ({SSHA})"),
        ("{", "a scheme of LDAP in braces"),
        ("md5$", "MD5 (md5$)"),
        ("sha1$", "SHA-1 (sha1$)"),
        ("unsalted_", "an unsalted hash of Django"),
        ("crypt$", "DES-crypt of Django (crypt$)"),
        ("plain$", "a plain password (plain$)"),
        ("sha224$", "SHA-224 (sha224$)"),
    ];
    // Werkzeug writes nothing between the marks if there is no salt.
    let unsalted = ["sha256$$", "sha512$$"].iter().any(|prefix| text.starts_with(prefix));
    if unsalted {
        return Some("an unsalted hash");
    }
    NAMES.iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, name)| *name)
}

fn by_shape(text: &str) -> Option<&'static str> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_crypt =
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'));
    match text.len() {
        32 if is_hex => Some("unsalted MD5 (32 hex digits)"),
        40 if is_hex => Some("unsalted SHA-1 (40 hex digits)"),
        64 if is_hex => Some("unsalted SHA-256 (64 hex digits)"),
        96 if is_hex => Some("unsalted SHA-384 (96 hex digits)"),
        128 if is_hex => Some("unsalted SHA-512 (128 hex digits)"),
        13 if is_crypt => Some("DES-crypt (13 characters)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_by_its_name() {
        for (text, told) in [
            ("$apr1$0adzfifw$14hZwHCrBkqmcVTVZsmma1", "$apr1$"),
            ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "{SHA}"),
            ("{PBKDF2}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "LDAP"),
            ("rqXexS6ZhobKA", "DES-crypt"),
            ("5f4dcc3b5aa765d61d8327deb882cf99", "unsalted MD5"),
            ("5F4DCC3B5AA765D61D8327DEB882CF99", "unsalted MD5"),
            ("5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "unsalted SHA-1"),
            ("md5$jijQroXaepabL0fC$427d9f3a09ad2a82fbed1840d15060a3", "MD5"),
            ("unsalted_md5$427d9f3a09ad2a82fbed1840d15060a3", "unsalted"),
            (
                "sha256$$4780f3282dbdfd3babfc102e13bd72b0fa9f89873eda0918b33bc615c500c1f1",
                "unsalted",
            ),
            ("plain$$correct horse battery staple", "plain"),
            ("$2x$04$PIEiyzRVV8SC2ELp7WOHfuvVe1qegD8Lobfj39vqMaFtITsT7/O62", "$2x$"),
            ("$P$B4rPJUw6yuLsVeL2ZHwMeDsYcpLbNv1", "phpass"),
        ] {
            assert!(name(text).is_some_and(|name| name.contains(told)), "{text}");
        }
        for other in ["", "plain text!", "$2b$04$PIE", "$argon2id$v=19", "scrypt:32768:8:1$a$b"] {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
