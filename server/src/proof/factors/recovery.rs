//! Recovery codes: ten of 80 random bits each, in base32, shown once.

use anyhow::Context as _;
use data_encoding::BASE32_NOPAD;
use hallpass_contract::Secret;
use sha2::{Digest as _, Sha256};

use crate::store::RecoveryCode;

/// How many there are.
const COUNT: usize = 10;

/// The random bytes of one: 16 characters.
const BYTES: usize = 10;

/// New codes, as they are shown, and as they are stored.
pub(crate) fn new_codes() -> anyhow::Result<(Vec<Secret>, Vec<RecoveryCode>)> {
    let mut codes = (Vec::new(), Vec::new());
    for _ in 0..COUNT {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).context("the system has no randomness")?;
        codes.0.push(shown(&bytes));
        codes.1.push(hash(&bytes));
    }
    Ok(codes)
}

/// In groups of four, in lower case: `abcd-efgh-ijkl-mnop`.
fn shown(bytes: &[u8; BYTES]) -> Secret {
    let text = BASE32_NOPAD.encode(bytes).to_lowercase();
    let groups: Vec<_> = (0..4).map(|n| &text[4 * n..4 * (n + 1)]).collect();
    groups.join("-").into()
}

/// The bytes of a code as somebody types it: with or without hyphens and spaces, in either case.
pub(super) fn parse(code: &Secret) -> Option<[u8; BYTES]> {
    let is_kept = |letter: &char| !matches!(letter, ' ' | '-');
    let text: String = code.expose().chars().filter(is_kept).take(2 * BYTES).collect();
    let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
    bytes.try_into().ok()
}

pub(super) fn hash(bytes: &[u8; BYTES]) -> RecoveryCode {
    RecoveryCode(Sha256::digest(bytes).into())
}
