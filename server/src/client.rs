//! The client of a request: its address, and what its browser calls itself.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv6Net};

/// Where a request comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Client {
    /// The nearest address that is not a trusted proxy's; an IPv4 one is never IPv4-mapped.
    pub address: IpAddr,
    /// At most 256 characters that are safe to log and to show; empty if the client sent none.
    pub user_agent: String,
}

impl Client {
    /// Which addresses count as this client's.
    pub fn network(&self) -> IpNet {
        network(self.address)
    }
}

/// The addresses that count as one: an IPv4 address alone, of IPv6 the whole /64, since that is the
/// least that anyone gets.
pub(crate) fn network(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(address) => IpNet::from(IpAddr::V4(address)),
        IpAddr::V6(address) => IpNet::new_assert(IpAddr::V6(address), 64).trunc(),
    }
}

/// The networks of an address's provider that are wider than its own [`network`]: the /56 and the
/// /48 of an IPv6 address. Many providers hand out one of these to a single customer.
pub(crate) fn wider_networks(address: IpAddr) -> Option<[IpNet; 2]> {
    let IpAddr::V6(address) = address.to_canonical() else { return None };
    Some([56, 48].map(|prefix| IpNet::new_assert(IpAddr::V6(address), prefix).trunc()))
}

/// Whether a network is larger than any private one, so that it holds strangers. The private
/// networks of IPv6 are in `fc00::/7` (RFC 4193).
pub(crate) fn is_everybody(network: IpNet) -> bool {
    match canonical(network) {
        IpNet::V4(network) => network.prefix_len() < 8,
        IpNet::V6(network) => network.prefix_len() < 16 && !is_private(&network),
    }
}

fn is_private(network: &Ipv6Net) -> bool {
    network.prefix_len() >= 7 && network.addr().is_unique_local()
}

/// The network; an IPv4-mapped one as the IPv4 network that it is.
pub(crate) fn canonical(network: IpNet) -> IpNet {
    match (network.addr().to_canonical(), network.prefix_len()) {
        // Prefixes this long are IPv6 ones.
        (address @ IpAddr::V4(_), prefix @ 96..) => IpNet::new_assert(address, prefix - 96),
        _ => network,
    }
}

/// Reads a network to block, in CIDR notation, or one address. Of IPv6 that is the whole /64, since
/// that is the least that anyone gets.
///
/// # Errors
///
/// A phrase that says what to give.
pub(crate) fn parse_blocked(text: &str) -> Result<IpNet, String> {
    let of_address = || text.parse::<IpAddr>().map(network);
    let of_network = |_| text.parse::<IpNet>().map(|network| canonical(network).trunc());
    of_address()
        .or_else(of_network)
        .map_err(|_| "give a network or an address, such as 192.0.2.0/24 or 2001:db8::1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ipv6_counts_by_64_and_ipv4_by_address() {
        let shown = |text| network(ip(text)).to_string();
        assert_eq!(shown("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(shown("198.51.100.1"), "198.51.100.1/32");
        assert_eq!(shown("::ffff:198.51.100.1"), "198.51.100.1/32");
    }

    #[test]
    fn the_wider_networks_are_those_of_ipv6() {
        let shown =
            |text| wider_networks(ip(text)).map(|networks| networks.map(|it| it.to_string()));
        let wider = ["2001:db8:1:200::/56".to_owned(), "2001:db8:1::/48".to_owned()];
        assert_eq!(shown("2001:db8:1:2ff:3:4:5:6"), Some(wider));
        assert_eq!(shown("198.51.100.1"), None);
        assert_eq!(shown("::ffff:198.51.100.1"), None);
    }

    #[test]
    fn what_is_blocked_is_read_as_the_network_that_it_is() {
        let shown = |text| parse_blocked(text).map(|network| network.to_string());
        for (text, network) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
            ("2001:db8::7", "2001:db8::/64"),
            ("2001:db8::7/128", "2001:db8::7/128"),
            ("2001:db8:1:2::/56", "2001:db8:1::/56"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(network));
        }
        for text in ["", "example.org", "192.0.2.0/33", "192.0.2", "::1/129"] {
            assert!(shown(text).is_err(), "{text}");
        }
    }
}
