//! What a proxy asks the guard about: which page of which site, and how.

use hallpass_contract::path;
use http::header::{HOST, HeaderName, ORIGIN, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, Method};

const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// A request to a guarded site, as its proxy tells of it. The proxy must write the headers itself:
/// a client who could choose the site would open it with the cookie of another one.
#[derive(Debug)]
pub(crate) struct GuardRequest<'r> {
    /// The site's origin, one of those that are guarded.
    pub(crate) site: &'r str,
    guarded: &'r [String],
    /// The page's path, with its query.
    target: &'r str,
    method: &'r str,
    headers: &'r HeaderMap,
}

impl<'r> GuardRequest<'r> {
    /// Reads the request. At `prefix` itself, the proxy says what is asked for by
    /// `X-Forwarded-Proto`, `-Host`, `-Uri` and `-Method`. Below it, the request itself says so by
    /// its method, its `Host` and the rest of its path, and those headers do not count.
    ///
    /// None if the site is not among `guarded`, or a header is missing or there twice.
    pub(crate) fn read(
        guarded: &'r [String],
        prefix: &str,
        method: &'r Method,
        target: &'r str,
        headers: &'r HeaderMap,
    ) -> Option<Self> {
        let only = |name: HeaderName| only(headers, &name);
        let below = target.strip_prefix(prefix)?;
        let (host, target, method) = if below.starts_with('/') {
            (only(HOST)??, below, method.as_str())
        } else {
            (only(FORWARDED_HOST)??, only(FORWARDED_URI)??, only(FORWARDED_METHOD)??)
        };
        let scheme = only(PROTO)?;
        let site = guarded.iter().find(|site| is_at(site, scheme, host))?;
        let target = if target.starts_with('/') { target } else { "/" };
        Some(Self { site, guarded, target, method, headers })
    }

    /// The page's address, without a one-time code.
    pub(crate) fn page(&self) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let kept: Vec<_> = query.split('&').filter(|pair| code_of(pair).is_none()).collect();
        let (query, start) = (kept.join("&"), if kept.concat().is_empty() { "" } else { "?" });
        [self.site, path, start, &query].concat()
    }

    /// The one-time code in the page's address.
    pub(crate) fn code(&self) -> Option<&'r str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(code_of)
    }

    /// Whether a site that is not guarded may have made the browser send it, to change something.
    /// The cookie is sent along with links from other sites, so it does not show who wants that.
    pub(crate) fn may_be_forged(&self) -> bool {
        let text = |name: &HeaderName| self.headers.get(name).map(http::HeaderValue::as_bytes);
        // WebSockets begin with a GET, and other sites may open them. Some proxies leave out
        // `Upgrade`, since it concerns one hop.
        let opens_socket =
            [UPGRADE, SEC_WEBSOCKET_VERSION].iter().any(|it| self.headers.contains_key(it))
                || text(&FETCH_MODE).is_some_and(|mode| mode == b"websocket");
        if self.is_safe() && !opens_socket {
            return false;
        }
        let is_guarded = |origin| self.guarded.iter().any(|site| site.as_bytes() == origin);
        let is_own = text(&ORIGIN).is_some_and(is_guarded);
        let is_same = text(&FETCH_SITE).is_some_and(|site| site == b"same-origin");
        !(is_own || is_same)
    }

    /// Whether the browser shows the answer as a page, so that a redirect leads somewhere. Other
    /// requests are a script's, or an image's. Old browsers do not say.
    pub(crate) fn is_page_load(&self) -> bool {
        let mode = self.headers.get(FETCH_MODE);
        ["GET", "HEAD"].contains(&self.method) && mode.is_none_or(|mode| mode == "navigate")
    }

    /// RFC 9110 section 9.2.1.
    fn is_safe(&self) -> bool {
        ["GET", "HEAD", "OPTIONS", "TRACE"].contains(&self.method)
    }
}

/// What a header says that a proxy writes, if it is there. None if it says several things, or
/// nothing that can be read: then the proxy has passed on or appended to what the client wrote.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Option<&'h str>> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Some(None) };
    let text = value.to_str().ok().filter(|text| *name == FORWARDED_URI || !text.contains(','))?;
    values.next().is_none().then_some(Some(text))
}

/// The one-time code, if the parameter is one.
fn code_of(pair: &str) -> Option<&str> {
    pair.strip_prefix(path::CODE)?.strip_prefix('=')
}

/// The guarded site that a page is on.
pub(crate) fn site_of<'g>(guarded: &'g [String], page: &str) -> Option<&'g str> {
    let is_on = |site: &&String| page.strip_prefix(*site).is_some_and(|path| path.starts_with('/'));
    guarded.iter().find(is_on).map(String::as_str)
}

/// Whether a site has this host, and this scheme where it is known.
fn is_at(site: &str, scheme: Option<&str>, host: &str) -> bool {
    let Some((own_scheme, own_host)) = site.split_once("://") else { return false };
    let default_port = if own_scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(default_port).unwrap_or(host);
    // Traefik calls a WebSocket's scheme by its own name.
    let scheme = match scheme {
        Some("wss") => Some("https"),
        Some("ws") => Some("http"),
        scheme => scheme,
    };
    host.eq_ignore_ascii_case(own_host)
        && scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case(own_scheme))
}

#[cfg(test)]
mod tests;
