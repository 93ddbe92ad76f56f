//! Which client sent a request: the proxies whose `X-Forwarded-For` counts, and the headers.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use http::header::{HeaderName, USER_AGENT};
use ipnet::IpNet;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

use crate::client::{Client, canonical};
use crate::clock::Clock;

/// The header in which proxies name the client's address.
pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// More proxies in a row than there are anywhere. The sender can write what it likes further left.
const MAX_HOPS: usize = 32;

/// No browser needs more to say what it is.
const MAX_USER_AGENT_CHARS: usize = 256;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Peer {
    /// A program at this address.
    Remote(SocketAddr),
    /// A program on this machine that came by a socket of the file system. Its mode says who may,
    /// so the program is a trusted proxy.
    Local,
}

impl Peer {
    /// Its address. That of a local program is loopback.
    pub(crate) fn address(self) -> IpAddr {
        match self {
            Self::Remote(address) => address.ip().to_canonical(),
            Self::Local => Ipv4Addr::LOCALHOST.into(),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(address) => address.fmt(f),
            Self::Local => f.write_str("a local program"),
        }
    }
}

/// The networks whose `X-Forwarded-For` counts.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts these networks. IPv4-mapped ones are taken as the IPv4 networks that they are.
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.iter().copied().map(canonical).collect())
    }

    /// The client behind a connection from `peer` that sent `headers`.
    pub fn client(&self, peer: Peer, headers: &HeaderMap) -> Client {
        Client { address: address(peer, headers, self), user_agent: user_agent(headers) }
    }

    /// Whether this is a proxy whose word counts.
    pub(crate) fn trust_peer(&self, peer: Peer) -> bool {
        peer == Peer::Local || self.trust(peer.address())
    }

    /// Whether `address`, which is not IPv4-mapped, is one of them.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Reads a network in CIDR notation, or one address.
///
/// # Errors
///
/// A phrase that says what to give.
pub(crate) fn parse_network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "give a network or an address, such as 10.0.0.0/8 or ::1".to_owned())
}

/// The address of the client behind a connection from `peer`.
///
/// Each proxy appends the address that it was asked from. So the list is read from the right, for
/// as long as a trusted proxy wrote the entry.
pub(crate) fn address(peer: Peer, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let elements = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    // RFC 9110 section 5.6.1.2: empty elements are to be ignored, a reasonable number of them.
    let hops = elements.take(MAX_HOPS).map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty());
    let (mut nearest, mut is_trusted) = (peer.address(), proxies.trust_peer(peer));
    for hop in hops {
        if !is_trusted {
            break;
        }
        let Some(address) = parse_hop(hop) else { break };
        (nearest, is_trusted) = (address, proxies.trust(address));
    }
    nearest
}

/// Warns of a peer that forwards addresses and is not trusted, once an hour at most. If it is a
/// proxy, all who come through it count as one client.
#[derive(Debug)]
pub(crate) struct ForwardingWarning {
    /// In milliseconds since 1970.
    next: AtomicI64,
}

impl Default for ForwardingWarning {
    fn default() -> Self {
        Self { next: AtomicI64::new(i64::MIN) }
    }
}

impl ForwardingWarning {
    /// Looks at the headers of a request from `peer`.
    pub(crate) fn look(
        &self,
        peer: Peer,
        headers: &HeaderMap,
        proxies: &TrustedProxies,
        clock: &Clock,
    ) {
        const PERIOD_MS: i64 = 60 * 60 * 1000;
        if !headers.contains_key(X_FORWARDED_FOR) || proxies.trust_peer(peer) {
            return;
        }
        let peer = peer.address();
        let (now, next) = (clock.now().as_millisecond(), self.next.load(Ordering::Relaxed));
        let after = now.saturating_add(PERIOD_MS);
        // Of several at once, one warns.
        let take =
            |next| self.next.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed);
        if now >= next && take(next).is_ok() {
            tracing::warn!(
                "{peer} sends X-Forwarded-For and is no trusted proxy, so all who come through it are \
                 throttled and logged as one client; if it is your proxy, use --trusted-proxy {peer} \
                 (HALLPASS_TRUSTED_PROXY)"
            );
        }
    }
}

/// An address, with or without a port, an IPv6 one with or without brackets.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(hop).ok()?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address =
        bare.parse().or_else(|_| text.parse().map(|with_port: SocketAddr| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

fn user_agent(headers: &HeaderMap) -> String {
    let Some(value) = headers.get(USER_AGENT) else { return String::new() };
    let text = String::from_utf8_lossy(value.as_bytes());
    text.chars().filter(|c| is_harmless(*c)).take(MAX_USER_AGENT_CHARS).collect()
}

/// Whether it can be shown in a line of text. Control characters, line separators and format
/// characters, such as those that turn the direction of writing, can't.
fn is_harmless(c: char) -> bool {
    use GeneralCategory::{LineSeparator, ParagraphSeparator};
    c.general_category_group() != GeneralCategoryGroup::Other
        && !matches!(c.general_category(), LineSeparator | ParagraphSeparator)
}

#[cfg(test)]
mod tests;
