use anyhow::bail;

use super::{StoredHash, firebase, foreign, modular, phc, refused};

impl StoredHash {
    /// Reads a hash in one of these formats:
    ///
    /// - our own: the PHC string `$pbkdf2-sha256$i=600000,l=32$salt$key`
    /// - bcrypt: `$2b$cost$...`, also `$2a$` and `$2y$`
    /// - Argon2: the PHC string `$argon2id$v=19$m=65536,t=3,p=4$salt$key`, also `argon2i` and
    ///   `argon2d`
    /// - Werkzeug: `pbkdf2:sha256:iterations$salt$hex`, also with `sha1` and `sha512`,
    ///   `scrypt:N:r:p$salt$hex`, and of old `sha256$salt$hex` and `sha512$salt$hex`
    /// - Django: `pbkdf2_sha256$iterations$salt$base64`, `pbkdf2_sha1`, `scrypt`, `argon2`,
    ///   `bcrypt` and `bcrypt_sha256`
    /// - passlib: `$pbkdf2-sha256$iterations$salt$key`, `$pbkdf2-sha512$`, `$pbkdf2$`, and
    ///   `$scrypt$ln=16,r=8,p=1$salt$key`
    /// - Firebase, as Supabase writes it: `$fbscrypt$v=1,n=14,r=8,p=1,ss=...,sk=...$salt$key`
    ///
    /// # Errors
    ///
    /// Says what is wrong, without quoting the hash: an unknown or refused format, a missing or
    /// damaged part, or parameters with which one verification would stall the server.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if let Some(name) = refused::name(text) {
            bail!("{name} is not taken over");
        }
        let Some(rest) = text.strip_prefix('$') else { return foreign::parse(text) };
        match rest.split('$').next().unwrap_or_default() {
            "2a" | "2b" | "2y" => modular::bcrypt(text, false),
            "argon2id" | "argon2i" | "argon2d" => modular::argon2(text),
            "scrypt" => modular::scrypt(text),
            "fbscrypt" => firebase::parse(text),
            "pbkdf2" | "pbkdf2-sha512" => modular::passlib(text),
            "pbkdf2-sha256" if modular::is_passlibs(text) => modular::passlib(text),
            _ => phc::parse(text),
        }
    }
}
