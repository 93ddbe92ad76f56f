//! The cookie that carries the refresh token, out of reach of scripts.

use std::time::Duration;

use anyhow::Context as _;
use cookie::{Cookie, SameSite};
use hallpass_contract::{REFRESH_COOKIE, REFRESH_COOKIE_BELOW};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::sessions::{IssuedRefreshToken, RefreshToken};

/// The cookie as browsers know it on this server.
#[derive(Clone, Debug)]
pub struct RefreshCookie {
    name: &'static str,
    path: String,
}

impl RefreshCookie {
    /// The cookie of a server below this path, such as `/auth`. An empty path is the whole host.
    /// The prefix `__Host-`, with which nobody else can set the cookie, is for that alone.
    pub(crate) fn below(base: &str) -> Self {
        match base {
            "" => Self { name: REFRESH_COOKIE, path: "/".to_owned() },
            _ => Self { name: REFRESH_COOKIE_BELOW, path: base.to_owned() },
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a refresh cookie came at all, whatever is in it.
    pub(crate) fn came(&self, headers: &HeaderMap) -> bool {
        self.values(headers).next().is_some()
    }

    /// The first of the request's cookies that can hold a token. Other cookies may hold any bytes:
    /// whoever shares the host, on another port or a parent domain, can set them.
    pub(crate) fn token(&self, headers: &HeaderMap) -> Option<RefreshToken> {
        let token = |value| RefreshToken::parse(std::str::from_utf8(value).ok()?);
        self.values(headers).find_map(token)
    }

    /// The values of all cookies that have the name of the refresh cookie.
    fn values<'h>(&self, headers: &'h HeaderMap) -> impl Iterator<Item = &'h [u8]> {
        let name = self.name.as_bytes();
        let lines = headers.get_all(COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        pairs.filter_map(move |pair| pair.trim_ascii().strip_prefix(name)?.strip_prefix(b"="))
    }

    /// The `Set-Cookie` that hands out a token.
    ///
    /// # Errors
    ///
    /// Never: all of it is ASCII.
    pub(crate) fn set(&self, issued: &IssuedRefreshToken) -> anyhow::Result<HeaderValue> {
        self.set_cookie(issued.token.expose(), issued.left_s)
    }

    /// The `Set-Cookie` that takes the token away.
    ///
    /// # Errors
    ///
    /// Never: all of it is ASCII.
    pub(crate) fn clear(&self) -> anyhow::Result<HeaderValue> {
        self.set_cookie("", 0)
    }

    fn set_cookie(&self, value: &str, max_age_s: u64) -> anyhow::Result<HeaderValue> {
        let max_age = Duration::from_secs(max_age_s);
        let cookie = Cookie::build((self.name, value))
            .path(&self.path)
            .secure(true)
            .http_only(true)
            .same_site(SameSite::Strict)
            .max_age(max_age.try_into().context("a lifetime of centuries")?);
        let mut value = HeaderValue::try_from(cookie.to_string())
            .with_context(|| format!("{SET_COOKIE} of something else than ASCII"))?;
        value.set_sensitive(true);
        Ok(value)
    }
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
        for (base, name, path) in [
            ("", "__Host-hallpass-refresh", "Path=/"),
            ("/auth", "__Secure-hallpass-refresh", "Path=/auth"),
        ] {
            let refresh_cookie = RefreshCookie::below(base);
            let cookie = refresh_cookie.set(&issued()).unwrap();
            let parts: Vec<_> = cookie.to_str().unwrap().split("; ").collect();
            assert!(parts[0].starts_with(&format!("{name}=")), "{parts:?}");
            for attribute in ["HttpOnly", "Secure", "SameSite=Strict", path, "Max-Age=600"] {
                assert!(parts.contains(&attribute), "{parts:?}");
            }
            assert_eq!(parts.len(), 6, "no Domain: {parts:?}");
            let cleared = refresh_cookie.clear().unwrap();
            let parts: Vec<_> = cleared.to_str().unwrap().split("; ").collect();
            assert!(parts.contains(&"Max-Age=0") && parts.contains(&path), "{parts:?}");
        }
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let (text, cookie) = (issued().token, RefreshCookie::below(""));
        let line = format!("theme=dark; {REFRESH_COOKIE}={}; x=y", text.expose());
        let mut headers = HeaderMap::new();
        assert!(cookie.token(&headers).is_none());
        headers.insert(COOKIE, line.parse().unwrap());
        assert!(cookie.token(&headers).is_some());
        assert!(!RefreshCookie::below("/auth").came(&headers), "another name, another cookie");
        for beside in ["lang=Zo\u{eb}; ", "__Host-hallpass-refresh=bogus; ", "\u{2000}"] {
            let line = format!("{beside}{REFRESH_COOKIE}={}", text.expose());
            headers.insert(COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            assert_eq!(
                cookie.token(&headers).is_some(),
                !beside.starts_with('\u{2000}'),
                "{beside:?}"
            );
        }
    }
}
