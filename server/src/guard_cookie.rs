//! The two cookies of a guarded site: the one that opens its pages, and the one by which the site
//! knows a browser again that comes back from the sign-in page.

use std::time::Duration;

use anyhow::Context as _;
use cookie::{Cookie, SameSite};
use hallpass_contract::{GUARD_ASKED_COOKIE, GUARD_COOKIE};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::token::Signed;

/// How long signing in may take.
const ASKED_MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// The tokens of the request's guard cookies. There may be several: whoever shares the host on
/// another port can set them.
pub(crate) fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    values(headers, GUARD_COOKIE)
}

/// The secret of a browser that was sent to the sign-in page.
pub(crate) fn asked(headers: &HeaderMap) -> Option<&str> {
    values(headers, GUARD_ASKED_COOKIE).find(|value| value.len() == 43)
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok()
    })
}

/// The `Set-Cookie` that opens the pages of the site which sends it.
pub(crate) fn set(token: &Signed) -> anyhow::Result<HeaderValue> {
    set_cookie(GUARD_COOKIE, &token.token, Duration::from_secs(token.expires_in))
}

/// The `Set-Cookie` with the secret of a browser that is sent to the sign-in page.
pub(crate) fn set_asked(secret: &str) -> anyhow::Result<HeaderValue> {
    set_cookie(GUARD_ASKED_COOKIE, secret, ASKED_MAX_AGE)
}

/// The `Set-Cookie` that takes that secret away.
pub(crate) fn clear_asked() -> anyhow::Result<HeaderValue> {
    set_cookie(GUARD_ASKED_COOKIE, "", Duration::ZERO)
}

/// `Lax`, since somebody who follows a link from elsewhere must not have to sign in.
fn set_cookie(name: &str, value: &str, max_age: Duration) -> anyhow::Result<HeaderValue> {
    let cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(max_age.try_into().context("a lifetime of centuries")?);
    let mut value = HeaderValue::try_from(cookie.to_string()).context("a cookie beyond ASCII")?;
    value.set_sensitive(true);
    Ok(value)
}
