//! Whether a request that the refresh cookie authenticates comes from our own pages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origin of a server that listens on `address`, if that is a loopback address. Every browser
/// on this machine reaches it there, and nobody else does.
pub(crate) fn of_loopback(address: SocketAddr, over_https: bool) -> Option<String> {
    let (scheme, port) = (scheme(over_https), address.port());
    match address.ip().to_canonical() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST) => {
            Some(format!("{scheme}://localhost:{port}"))
        }
        // The name does not lead to the others of 127.0.0.0/8.
        ip if ip.is_loopback() => Some(format!("{scheme}://{ip}:{port}")),
        _ => None,
    }
}

fn scheme(over_https: bool) -> &'static str {
    if over_https { "https" } else { "http" }
}

/// How browsers reach the server.
#[derive(Clone, Copy, Debug)]
pub struct Reached<'a> {
    /// The origin under which people see the server, if it is known.
    pub public_origin: Option<&'a str>,
    /// Whether they reach it by https.
    pub over_https: bool,
}

/// The server's own origin: the public one if it is set, else the name that the client called it
/// by. Links never begin with that: who sends a request chooses the name.
pub(crate) fn own_origin(headers: &HeaderMap, reached: Reached<'_>) -> Option<String> {
    let by_host = || Some(format!("{}://{}", scheme(reached.over_https), host(headers)?));
    reached.public_origin.map(str::to_owned).or_else(by_host)
}

/// A name or an address, with or without a port, and nothing else.
fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    let is_host = !host.is_empty() && host.chars().all(is_part);
    (is_host && host.parse::<Authority>().is_ok()).then_some(host)
}

/// Whether one of our own pages made the request. Browsers say so by `Sec-Fetch-Site`, old ones by
/// `Origin`, and a script can set neither. A request without both is refused.
pub(crate) fn is_same_origin(headers: &HeaderMap, reached: Reached<'_>) -> bool {
    let (site, origin) = (headers.get(SEC_FETCH_SITE), headers.get(ORIGIN));
    match (site, origin) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            own_origin(headers, reached).is_some_and(|own| origin.as_bytes() == own.as_bytes())
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(headers: &[(&'static str, &'static str)], public_origin: Option<&str>) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_static(name), http::HeaderValue::from_static(value))
        });
        is_same_origin(&headers.collect(), Reached { public_origin, over_https: false })
    }

    const PLAIN: Reached<'_> = Reached { public_origin: None, over_https: false };

    const HOST: (&str, &str) = ("host", "127.0.0.1:8080");

    #[test]
    fn only_a_server_on_loopback_has_an_origin_without_being_told() {
        for (address, origin) in [
            ("127.0.0.1:8080", Some("http://localhost:8080")),
            ("[::1]:80", Some("http://localhost:80")),
            ("[::ffff:127.0.0.1]:1", Some("http://localhost:1")),
            ("127.0.0.2:8080", Some("http://127.0.0.2:8080")),
            ("0.0.0.0:8080", None),
            ("[::]:8080", None),
            ("192.0.2.1:8080", None),
        ] {
            assert_eq!(
                of_loopback(address.parse().unwrap(), false).as_deref(),
                origin,
                "{address}"
            );
        }
    }

    #[test]
    fn over_tls_the_origin_is_https() {
        let encrypted = Reached { over_https: true, ..PLAIN };
        let headers = |scheme: &str| {
            let origin = format!("{scheme}://127.0.0.1:8080").parse().unwrap();
            let host = http::HeaderValue::from_static(HOST.1);
            HeaderMap::from_iter([(http::header::HOST, host), (ORIGIN, origin)])
        };
        assert!(is_same_origin(&headers("https"), encrypted));
        assert!(!is_same_origin(&headers("http"), encrypted));
        assert!(!is_same_origin(&headers("https"), PLAIN));
        let address = "127.0.0.1:8443".parse().unwrap();
        assert_eq!(of_loopback(address, true).as_deref(), Some("https://localhost:8443"));
    }

    #[test]
    fn the_browsers_word_counts_before_the_origin() {
        let origin = ("origin", "http://127.0.0.1:8080");
        assert!(same(&[HOST, ("sec-fetch-site", "same-origin")], None));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!same(&[HOST, origin, ("sec-fetch-site", site)], None), "{site}");
        }
    }

    #[test]
    fn without_it_the_origin_must_be_ours() {
        assert!(same(&[HOST, ("origin", "http://127.0.0.1:8080")], None));
        for origin in ["null", "https://127.0.0.1:8080", "http://127.0.0.1", "http://evil.example"]
        {
            assert!(!same(&[HOST, ("origin", origin)], None), "{origin}");
        }
        for host in ["a.b/x", "u:p@evil.example", "\"><script>", "a b", ""] {
            let headers = [("host", host)].map(|(name, value)| {
                (HeaderName::from_static(name), http::HeaderValue::from_static(value))
            });
            assert_eq!(own_origin(&headers.into_iter().collect(), PLAIN), None, "{host}");
        }
        let public = Some("https://login.example");
        assert!(same(&[HOST, ("origin", "https://login.example")], public));
        assert!(!same(&[HOST, ("origin", "http://127.0.0.1:8080")], public));
        assert!(!same(&[HOST], None));
        assert!(!same(&[], None));
    }
}
