//! The client of a request: its address, and what its browser calls itself.

use std::net::IpAddr;

use ipnet::IpNet;

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
}
