//! The cookie that carries the refresh token, out of reach of scripts.

use std::time::Duration;

use anyhow::Context as _;
use cookie::{Cookie, SameSite};
use hallpass_contract::REFRESH_COOKIE;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::sessions::{IssuedRefreshToken, RefreshToken};

/// Whether a refresh cookie came at all, whatever is in it.
pub(crate) fn came(headers: &HeaderMap) -> bool {
    values(headers).next().is_some()
}

/// The first of the request's cookies that can hold a token. Other cookies may hold any bytes:
/// whoever shares the host, on another port or a parent domain, can set them.
pub(crate) fn token(headers: &HeaderMap) -> Option<RefreshToken> {
    values(headers).filter_map(|value| RefreshToken::parse(std::str::from_utf8(value).ok()?)).next()
}

/// The values of all cookies that have the name of the refresh cookie.
fn values(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        pair.trim_ascii().strip_prefix(REFRESH_COOKIE.as_bytes())?.strip_prefix(b"=")
    })
}

/// The `Set-Cookie` that hands out a token.
///
/// # Errors
///
/// Never: all of it is ASCII.
pub(crate) fn set(issued: &IssuedRefreshToken) -> anyhow::Result<HeaderValue> {
    set_cookie(issued.token.expose(), issued.left_s)
}

/// The `Set-Cookie` that takes the token away.
///
/// # Errors
///
/// Never: all of it is ASCII.
pub(crate) fn clear() -> anyhow::Result<HeaderValue> {
    set_cookie("", 0)
}

fn set_cookie(value: &str, max_age_s: u64) -> anyhow::Result<HeaderValue> {
    let max_age = Duration::from_secs(max_age_s);
    let cookie = Cookie::build((REFRESH_COOKIE, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(max_age.try_into().context("a lifetime of centuries")?);
    let mut value = HeaderValue::try_from(cookie.to_string())
        .with_context(|| format!("{SET_COOKIE} of something else than ASCII"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::*;

    fn issued() -> IssuedRefreshToken {
        IssuedRefreshToken { token: BASE64URL_NOPAD.encode(&[7; 52]).into(), left_s: 600 }
    }

    #[test]
    fn the_cookie_is_out_of_scripts_reach_and_lives_as_long_as_the_session() {
        let cookie = set(&issued()).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-hallpass-refresh="), "{cookie}");
        for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=600"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
        assert!(clear().unwrap().to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let text = issued().token;
        let line = format!("theme=dark; {REFRESH_COOKIE}={}; x=y", text.expose());
        let mut headers = HeaderMap::new();
        assert!(token(&headers).is_none());
        headers.insert(COOKIE, line.parse().unwrap());
        assert!(token(&headers).is_some());
        for beside in ["lang=Zo\u{eb}; ", "__Host-hallpass-refresh=bogus; ", "\u{2000}"] {
            let line = format!("{beside}{REFRESH_COOKIE}={}", text.expose());
            headers.insert(COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            assert_eq!(token(&headers).is_some(), !beside.starts_with('\u{2000}'), "{beside:?}");
        }
    }
}
