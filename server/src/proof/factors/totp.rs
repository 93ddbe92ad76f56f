//! One-time codes (RFC 6238), as authenticator apps expect them: SHA-1, 6 digits, 30 seconds. A
//! clock may be one step off.

use std::ops::RangeInclusive;

use anyhow::{Context as _, anyhow};
use data_encoding::BASE32_NOPAD;
use hallpass_contract::Secret;
use jiff::Timestamp;
use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Builder, Totp as Generator};

use super::seal::Sealer;
use crate::store::{Sealed, Totp, UserId};

/// As many as SHA-1 has (RFC 4226 section 4).
const SECRET_BYTES: usize = 20;

const DIGITS: usize = 6;

/// A new secret, as it is shown to its user once.
#[derive(Debug)]
pub struct NewTotp {
    /// The secret in base32, to be typed.
    pub secret: Secret,
    /// The same as an `otpauth:` URI.
    pub uri: Secret,
    /// The URI as a QR code, in SVG.
    pub qr_svg: Secret,
}

/// A new secret of a user, who sees `issuer` and `username` in their app.
pub(crate) fn new_totp(
    sealer: &Sealer,
    user: UserId,
    (issuer, username): (&str, &str),
    created_at: Timestamp,
) -> anyhow::Result<(NewTotp, Totp)> {
    let mut secret = [0; SECRET_BYTES];
    getrandom::fill(&mut secret).context("the system has no randomness")?;
    // A colon separates the two in the URI.
    let name = |text: &str| text.replace(':', " ");
    let builder = Builder::new().with_secret(secret.to_vec()).with_issuer(Some(name(issuer)));
    let generator = builder.with_account_name(name(username)).build();
    let generator = generator.map_err(|error| anyhow!("no one-time codes: {error}"))?;
    let uri = generator.to_url().map_err(|error| anyhow!("no URI: {error}"))?;
    let code = QrCode::new(&uri).context("no QR code")?;
    let qr_svg = code.render::<svg::Color<'_>>().min_dimensions(200, 200).build();
    let shown = NewTotp {
        secret: generator.secret().to_base32().into(),
        uri: uri.into(),
        qr_svg: qr_svg.into(),
    };
    let sealed = Sealed(sealer.seal(secret.to_vec(), &purpose(user))?);
    Ok((shown, Totp { sealed, created_at, last_step: None }))
}

/// The fewest and the most bytes of a secret that another system made. Old authenticators have 80
/// bits.
const IMPORTED_BYTES: RangeInclusive<usize> = 10..=64;

/// A secret of a user that another system made, in base32.
///
/// # Errors
///
/// What it is not; nothing of the secret is quoted.
pub(crate) fn imported(
    sealer: &Sealer,
    user: UserId,
    secret: &Secret,
    created_at: Timestamp,
) -> anyhow::Result<Totp> {
    let letters = secret.expose().chars().filter(|letter| !matches!(letter, ' ' | '-' | '='));
    let text: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
    let bytes = BASE32_NOPAD.decode(text.as_bytes()).ok();
    let bytes = bytes.filter(|bytes| IMPORTED_BYTES.contains(&bytes.len()));
    let bytes = bytes.context("it is not the base32 of 10 to 64 bytes")?;
    let sealed = Sealed(sealer.seal(bytes, &purpose(user))?);
    Ok(Totp { sealed, created_at, last_step: None })
}

/// The secret of a user in base32, as [`imported`] reads it.
///
/// # Errors
///
/// If it can't be opened, as when the keys were lost and made anew.
pub(crate) fn exported(sealer: &Sealer, user: UserId, totp: &Totp) -> anyhow::Result<Secret> {
    let opened = sealer.open(&totp.sealed.0, &purpose(user));
    Ok(BASE32_NOPAD.encode(&opened.context("the secret can't be opened")?).into())
}

/// The time step of a code, if it is one of the last, this or the next. None also if the secret
/// can't be opened, as when the keys were lost and made anew.
pub(super) fn step(
    sealer: &Sealer,
    user: UserId,
    totp: &Totp,
    code: &Secret,
    now: Timestamp,
) -> Option<u64> {
    let code = digits(code)?;
    let opened = sealer.open(&totp.sealed.0, &purpose(user)).inspect_err(|error| {
        tracing::error!(%user, "the secret of one-time codes can't be opened ({error}); a recovery \
                                code still counts, or `hallpass user reset-factors` helps");
    });
    let generator: Generator = Builder::new().with_secret(opened.ok()?).build_noncompliant();
    generator.check(&code, now.as_second().max(0).unsigned_abs())
}

/// The digits of a code as somebody types it: `123456` or `123 456`.
fn digits(code: &Secret) -> Option<String> {
    let digits: String = code.expose().chars().filter(|letter| *letter != ' ').collect();
    let is_code = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then_some(digits)
}

fn purpose(user: UserId) -> String {
    format!("hallpass totp 1 {user}")
}
