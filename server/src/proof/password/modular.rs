//! Hashes of other systems that begin with a dollar sign and a name.

use std::sync::LazyLock;

use anyhow::{Context as _, anyhow, ensure};
use argon2::{Algorithm, Version};
use data_encoding::{BASE64_NOPAD, Encoding, Specification};
use phc::{Ident, PasswordHash};

use super::StoredHash;
use super::kdf::{Argon2Params, Kdf, Prf};
use super::parts::{number, salt_of_bytes};

/// bcrypt's own base64. The bits that are left over are not always 0.
static BCRYPT64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    specification.check_trailing_bits = false;
    specification.encoding().expect("64 different symbols")
});

/// The characters of a bcrypt hash that are its salt.
const BCRYPT_SALT_CHARS: usize = 22;

/// Reads `$2b$12$<salt and key>`, as well as `$2a$` and `$2y$`: all that is in use today wrote the
/// same under the three names. With `of_digest` it is in Django's `bcrypt_sha256`.
pub(super) fn bcrypt(text: &str, of_digest: bool) -> anyhow::Result<StoredHash> {
    let mut parts = text.split('$');
    let (Some(""), Some("2a" | "2b" | "2y"), Some(cost), Some(rest), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        anyhow::bail!("not a bcrypt hash")
    };
    ensure!(cost.len() == 2, "bcrypt's cost is not two digits");
    let kdf = Kdf::bcrypt(number(cost)?, of_digest)?;
    let (salt, key) = rest.split_at_checked(BCRYPT_SALT_CHARS).context("bcrypt's salt is short")?;
    let decode = |text: &str| BCRYPT64.decode(text.as_bytes()).ok();
    let salt = decode(salt).context("bcrypt's salt is damaged")?;
    let key = decode(key).filter(|key| key.len() == kdf.key_len());
    StoredHash::foreign(kdf, salt, key.context("bcrypt's key is damaged")?)
}

/// Reads `$argon2id$v=19$m=65536,t=3,p=4$<salt>$<key>`, or `argon2i` or `argon2d`.
pub(super) fn argon2(text: &str) -> anyhow::Result<StoredHash> {
    let hash = phc(text)?;
    let algorithm = hash.algorithm.as_str().parse::<Algorithm>().ok().context("not argon2")?;
    // The first version did not write which it was.
    let version = hash.version.unwrap_or(Version::V0x10.into());
    let version = Version::try_from(version).ok().context("an unknown version of argon2")?;
    let param = |name| hash.params.get_decimal(ident(name)).context("m, t or p is missing");
    for (name, _) in hash.params.iter() {
        ensure!(matches!(name.as_str(), "m" | "t" | "p"), "argon2 with a key or with data");
    }
    let params = Argon2Params { memory_kib: param("m")?, passes: param("t")?, lanes: param("p")? };
    let key = hash.hash.context("no key")?;
    let kdf = Kdf::argon2(algorithm, version, params, key.len())?;
    let salt = hash.salt.context("no salt")?.to_vec();
    StoredHash::foreign(kdf, salt, key.as_bytes().to_vec())
}

/// Reads passlib's `$scrypt$ln=16,r=8,p=1$<salt>$<key>`.
pub(super) fn scrypt(text: &str) -> anyhow::Result<StoredHash> {
    let hash = phc(text)?;
    let param = |name| hash.params.get_decimal(ident(name)).context("ln, r or p is missing");
    let kdf = Kdf::scrypt_log(param("ln")?, param("r")?, param("p")?)?;
    let salt = hash.salt.context("no salt")?.to_vec();
    StoredHash::foreign(kdf, salt, hash.hash.context("no key")?.as_bytes().to_vec())
}

fn phc(text: &str) -> anyhow::Result<PasswordHash> {
    PasswordHash::new(text).map_err(|error| anyhow!("not a PHC string: {error}"))
}

fn ident(name: &'static str) -> Ident {
    Ident::new(name).expect("a valid PHC identifier")
}

/// Whether it has the iterations where our own has parameters.
pub(super) fn is_passlibs(text: &str) -> bool {
    let second = text.split('$').nth(2);
    second.is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit()))
}

/// Reads passlib's `$pbkdf2-sha256$29000$<salt>$<key>`, or `pbkdf2-sha512`, or `pbkdf2` for SHA-1.
pub(super) fn passlib(text: &str) -> anyhow::Result<StoredHash> {
    let mut parts = text.split('$');
    let (Some(""), Some(name), Some(iterations), Some(salt), Some(key), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        anyhow::bail!("not the iterations, the salt and the key of passlib")
    };
    let prf = match name {
        "pbkdf2" => Prf::Sha1,
        "pbkdf2-sha256" => Prf::Sha256,
        "pbkdf2-sha512" => Prf::Sha512,
        _ => anyhow::bail!("a PBKDF2 digest other than sha1, sha256 and sha512"),
    };
    let kdf = Kdf::pbkdf2(prf, number(iterations)?)?;
    let salt = ab64(salt).context("the salt is not passlib's base64")?;
    let key = ab64(key).context("the key is not passlib's base64")?;
    StoredHash::foreign(kdf, salt_of_bytes(salt)?, key)
}

/// base64 with a full stop in the place of the plus sign, and without padding.
fn ab64(text: &str) -> Option<Vec<u8>> {
    BASE64_NOPAD.decode(text.replace('.', "+").as_bytes()).ok()
}

#[cfg(test)]
mod tests;
