//! Where the frontend sends the access token, like angular-jwt's `allowedDomains` and
//! `disallowedRoutes`. Unlike there, an origin is a scheme, a host and a port, never a pattern.

use std::fmt;
use std::net::Ipv4Addr;

use anyhow::bail;
use clap::Args;
use url::{Host, Url};

use super::list::{List, list};

/// Where the frontend sends the access token, besides the server's own API.
#[derive(Args, Clone, Debug, Default)]
pub struct InterceptorArgs {
    /// Another origin to whose API the frontend may send the access token, such as
    /// `https://api.example.com`: exactly this scheme, host and port. It is added to connect-src in
    /// the frontend's Content-Security-Policy. Repeat the option, or separate origins by commas,
    /// spaces or line ends
    #[arg(long, value_name = "URL", value_parser = origins)]
    pub token_origin: Vec<List<String>>,

    /// Paths that never get the access token: exactly `/public/status`, or all below `/public/`
    /// with `/public/*`. They count on every origin, the server's own included, unless an origin
    /// stands before the path, as in `https://api.example.com/public/*`. Repeat the option, or
    /// separate paths by commas, spaces or line ends
    #[arg(long, value_name = "PATTERN", value_parser = patterns)]
    pub no_token_path: Vec<List<PathPattern>>,
}

impl InterceptorArgs {
    /// The origins, as browsers write them.
    pub fn origins(&self) -> Vec<String> {
        distinct(List::flat(&self.token_origin).cloned())
    }

    /// The patterns, spelled as browsers spell the URLs that they match.
    pub fn excluded(&self) -> Vec<String> {
        distinct(self.patterns().map(ToString::to_string))
    }

    /// The origins to which the token would travel over a network without encryption.
    pub fn unencrypted(&self) -> impl Iterator<Item = String> {
        self.origins().into_iter().filter(|origin| {
            let url = Url::parse(origin).ok().filter(|url| url.scheme() == "http");
            url.is_some_and(|url| !is_loopback(&url))
        })
    }

    /// Checks that each pattern can match something. A pattern with a mistyped origin would not
    /// hold the token back.
    ///
    /// # Errors
    ///
    /// If the token would never go to a pattern's origin.
    pub fn check(&self, public_origin: Option<&str>) -> anyhow::Result<()> {
        let known = self.origins();
        let stray = self.patterns().find(|pattern| {
            let is_known =
                |origin: &String| known.contains(origin) || public_origin == Some(origin);
            !pattern.origin.as_ref().is_none_or(is_known)
        });
        match stray {
            None => Ok(()),
            Some(pattern) => bail!(
                "--no-token-path {pattern} is about no origin that gets the token; name the origin \
                 with --token-origin, or with --public-url if it is the server's own"
            ),
        }
    }

    fn patterns(&self) -> impl Iterator<Item = &PathPattern> {
        List::flat(&self.no_token_path)
    }
}

/// A path, or everything below one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathPattern {
    /// The only origin that it applies to. None means every origin.
    origin: Option<String>,
    /// Percent-encoded as browsers do it. With `/*` at its end, it matches everything that begins
    /// with the text before the asterisk.
    path: String,
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.origin.as_deref().unwrap_or_default())?;
        f.write_str(&self.path)
    }
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    distinct
}

fn origins(text: &str) -> Result<List<String>, String> {
    list(text, origin)
}

fn patterns(text: &str) -> Result<List<PathPattern>, String> {
    list(text, pattern)
}

/// Reads an origin. It is strict, since the origin goes into a header that grants access. It
/// refuses what only a lenient reader takes for an origin. It also refuses what a
/// Content-Security-Policy would ignore or read as several hosts (CSP Level 3 section 2.3.1,
/// `host-source`: no underscore, no IPv6 address).
fn origin(text: &str) -> Result<String, String> {
    const GIVE: &str = "give scheme, host and port alone, such as https://api.example.com";
    let (scheme, rest) = text.split_once("://").ok_or(GIVE)?;
    if !["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http)) {
        return Err("give an https origin, such as https://api.example.com".into());
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.is_empty() || authority.contains(['/', '\\', '?', '#', '@']) {
        return Err(GIVE.into());
    }
    if authority.contains('*') {
        return Err("name each host, without a wildcard".into());
    }
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.host() {
        Some(Host::Ipv4(_)) => {}
        Some(Host::Domain(name)) if is_host_name(name) => {}
        Some(Host::Ipv6(_)) => {
            return Err("give a name: no Content-Security-Policy can hold an IPv6 address".into());
        }
        _ => return Err("a host's name has letters, digits, hyphens and dots alone".into()),
    }
    Ok(url.origin().ascii_serialization())
}

fn is_host_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    name.split('.').all(|label| !label.is_empty() && label.chars().all(is_part))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        _ => false,
    }
}

/// Reads a path pattern. It is strict, since a pattern that matches nothing holds no token back.
/// The path must be spelled as in the URL that the browser requests.
fn pattern(text: &str) -> Result<PathPattern, String> {
    const GIVE: &str = "give a path, such as /public/* or https://api.example.com/public/*";
    let (origin, path) = match text.split_once("://") {
        None => (None, text),
        Some((scheme, rest)) => {
            let slash = rest.find('/').ok_or(GIVE)? + scheme.len() + "://".len();
            (Some(origin(&text[..slash])?), &text[slash..])
        }
    };
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(GIVE.into());
    }
    if path.contains(['?', '#', '\\']) || path.contains(char::is_control) {
        return Err("give a path alone, without a query, a fragment or a backslash".into());
    }
    if path.strip_suffix("/*").unwrap_or(path).contains('*') {
        return Err("an asterisk can stand only after the last slash, as in /public/*".into());
    }
    if path.split('/').any(is_dot_segment) {
        return Err("give the path without . and .. in it, as the browser asks for it".into());
    }
    let mut url = Url::parse("http://localhost").map_err(|error| error.to_string())?;
    url.set_path(path);
    Ok(PathPattern { origin, path: url.path().to_owned() })
}

/// Whether browsers remove this segment from a path before they request it.
fn is_dot_segment(segment: &str) -> bool {
    [".", ".."].contains(&segment.to_ascii_lowercase().replace("%2e", ".").as_str())
}

#[cfg(test)]
mod tests;
