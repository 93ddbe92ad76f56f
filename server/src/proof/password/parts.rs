//! Parts of hashes that several systems write alike.

use anyhow::ensure;

/// By default Werkzeug's salts have 8 or 16 characters and Django's 12 or 22. Both can be
/// configured.
const MAX_SALT_LEN: usize = 256;

/// Reads a number of digits only; `parse` would take a sign, too. A number too large for `u32`
/// exceeds every parameter's limit and is refused.
pub(super) fn number(digits: &str) -> anyhow::Result<u32> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    ensure!(is_number, "a parameter is not a number");
    Ok(digits.parse().unwrap_or(u32::MAX))
}

/// A salt of a length that occurs.
pub(super) fn salt_of_bytes(salt: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    ensure!(!salt.is_empty(), "the salt is empty");
    ensure!(salt.len() <= MAX_SALT_LEN, "the salt is longer than {MAX_SALT_LEN} bytes");
    Ok(salt)
}
