use anyhow::{Context as _, bail, ensure};
use data_encoding::{BASE64, HEXLOWER};

use super::kdf::{Kdf, Prf};
use super::parts::{number, salt_of_bytes};
use super::{StoredHash, modular};

const UNKNOWN: &str = "not a hash in a known form: neither a PHC string, nor bcrypt, nor one of \
                       Werkzeug, Django, passlib or Firebase";

/// Reads a hash in the form in which Werkzeug or Django store it. The bytes of their salt are used
/// undecoded.
pub(super) fn parse(text: &str) -> anyhow::Result<StoredHash> {
    let (method, rest) = text.split_once('$').context(UNKNOWN)?;
    match method {
        "pbkdf2_sha256" => django(Prf::Sha256, rest),
        "pbkdf2_sha1" => django(Prf::Sha1, rest),
        "scrypt" if rest.split('$').count() == DJANGO_SCRYPT_PARTS => django_scrypt(rest),
        // Django writes the hash of the library behind a name of its own.
        "argon2" => modular::argon2(&format!("${rest}")),
        "bcrypt" => modular::bcrypt(rest, false),
        "bcrypt_sha256" => modular::bcrypt(rest, true),
        _ => werkzeug(method, rest),
    }
}

/// `iterations$salt$base64`
fn django(prf: Prf, rest: &str) -> anyhow::Result<StoredHash> {
    let (iterations, rest) = rest.split_once('$').context("no salt")?;
    let kdf = Kdf::pbkdf2(prf, number(iterations)?)?;
    let (salt, key) = rest.split_once('$').context("no key")?;
    stored(kdf, salt, base64(key)?)
}

const DJANGO_SCRYPT_PARTS: usize = 5;

/// `N$salt$r$p$base64`
fn django_scrypt(rest: &str) -> anyhow::Result<StoredHash> {
    let parts: Vec<&str> = rest.split('$').collect();
    let [n, salt, r, p, key] = parts[..] else { bail!(UNKNOWN) };
    let kdf = Kdf::scrypt(number(n)?, number(r)?, number(p)?)?;
    stored(kdf, salt, base64(key)?)
}

fn base64(key: &str) -> anyhow::Result<Vec<u8>> {
    BASE64.decode(key.as_bytes()).ok().context("the key is not base64 with padding")
}

/// `method:parameters` and `salt$hex`
fn werkzeug(method: &str, rest: &str) -> anyhow::Result<StoredHash> {
    let kdf = match method.split(':').collect::<Vec<_>>()[..] {
        ["pbkdf2", digest, iterations] => Kdf::pbkdf2(prf(digest)?, number(iterations)?)?,
        // Werkzeug always writes the count. Its default differs between versions, so we can't fill
        // it in.
        ["pbkdf2"] | ["pbkdf2", _] => bail!("no iteration count after pbkdf2 and the digest"),
        ["scrypt", n, r, p] => Kdf::scrypt(number(n)?, number(r)?, number(p)?)?,
        // Before version 2.3.
        ["sha256"] => Kdf::Hmac(Prf::Sha256),
        ["sha512"] => Kdf::Hmac(Prf::Sha512),
        ["scrypt", ..] => bail!("scrypt takes three parameters: N, r and p"),
        _ => bail!(UNKNOWN),
    };
    let (salt, key) = rest.split_once('$').context("no key")?;
    let key = HEXLOWER.decode(key.as_bytes()).ok().context("the key is not lowercase hex")?;
    stored(kdf, salt, key)
}

fn prf(digest: &str) -> anyhow::Result<Prf> {
    match digest {
        "sha1" => Ok(Prf::Sha1),
        "sha256" => Ok(Prf::Sha256),
        "sha512" => Ok(Prf::Sha512),
        _ => bail!("a PBKDF2 digest other than sha1, sha256 and sha512"),
    }
}

fn stored(kdf: Kdf, salt: &str, key: Vec<u8>) -> anyhow::Result<StoredHash> {
    let bytes = salt_of_bytes(salt.as_bytes().to_vec())?;
    // Both systems make printable ASCII salts only, so anything else is damage.
    ensure!(salt.bytes().all(|byte| byte.is_ascii_graphic()), "the salt is not printable ASCII");
    let expected = kdf.key_len();
    ensure!(key.len() == expected, "the key is not {expected} bytes");
    StoredHash::foreign(kdf, bytes, key)
}

#[cfg(test)]
mod tests;
