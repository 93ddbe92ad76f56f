//! How many connections each address has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;

use crate::client::network;
use crate::proxies::{Peer, TrustedProxies};

/// How often the log says that an address has reached its limit.
const WARNING_PERIOD: Duration = Duration::from_secs(60);

/// Counts the connections of each address and limits them.
#[derive(Debug)]
pub(super) struct Addresses {
    most: usize,
    /// Proxies have no limit, since all their clients come from one address.
    proxies: TrustedProxies,
    /// The counts, by [`network`].
    open: Mutex<HashMap<IpNet, usize>>,
    warned: Mutex<Option<Instant>>,
}

impl Addresses {
    pub(super) fn new(most: usize, proxies: TrustedProxies) -> Self {
        Self { most, proxies, open: Mutex::default(), warned: Mutex::default() }
    }

    /// Counts one connection until the returned value is dropped. None if the address has reached
    /// its limit.
    pub(super) fn enter(self: &Arc<Self>, peer: Peer) -> Option<Place> {
        if self.proxies.trust_peer(peer) {
            return Some(Place(None));
        }
        let network = network(peer.address());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place(Some((Arc::clone(self), network))))
    }

    /// Logs a warning, at most once in a period.
    pub(super) fn warn_of_refusal(&self, peer: Peer) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_some_and(|last| last.elapsed() < WARNING_PERIOD) {
            return;
        }
        *warned = Some(Instant::now());
        tracing::warn!(
            address = %network(peer.address()),
            connections = self.most,
            "an address has as many connections as one may have, and more are refused; raise \
             --max-connections-per-address if it needs them, and if it is your proxy, name it with \
             --trusted-proxy"
        );
    }
}

/// A counted connection.
#[derive(Debug)]
#[must_use = "dropped, the connection does not count any more"]
pub(super) struct Place(Option<(Arc<Addresses>, IpNet)>);

impl Drop for Place {
    fn drop(&mut self) {
        let Some((addresses, network)) = &self.0 else { return };
        let mut open = addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                open.remove(network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxies::parse_network;

    fn addresses(most: usize) -> Arc<Addresses> {
        let proxies = [parse_network("10.0.0.0/8").unwrap(), parse_network("fd00::1").unwrap()];
        Arc::new(Addresses::new(most, TrustedProxies::new(&proxies)))
    }

    fn enter(addresses: &Arc<Addresses>, peer: &str) -> Option<Place> {
        addresses.enter(Peer::Remote((peer.parse::<std::net::IpAddr>().unwrap(), 1).into()))
    }

    #[test]
    fn an_address_gets_its_share_and_others_get_theirs() {
        let addresses = addresses(2);
        let first = enter(&addresses, "192.0.2.1").unwrap();
        let _second = enter(&addresses, "192.0.2.1").unwrap();
        assert!(enter(&addresses, "192.0.2.1").is_none());
        assert!(enter(&addresses, "::ffff:192.0.2.1").is_none(), "it is the same address");
        assert!(enter(&addresses, "192.0.2.2").is_some());
        drop(first);
        let _third = enter(&addresses, "192.0.2.1").expect("one has ended");
        assert!(enter(&addresses, "192.0.2.1").is_none());
    }

    #[test]
    fn ipv6_counts_by_its_64_bits_of_network() {
        let addresses = addresses(1);
        let _first = enter(&addresses, "2001:db8:0:1::1").unwrap();
        assert!(enter(&addresses, "2001:db8:0:1:ffff::2").is_none());
        assert!(enter(&addresses, "2001:db8:0:2::1").is_some());
    }

    #[test]
    fn a_trusted_proxy_has_as_many_as_it_needs() {
        let addresses = addresses(1);
        for proxy in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"] {
            let places: Vec<_> = (0..10).map(|_| enter(&addresses, proxy)).collect();
            assert!(places.iter().all(Option::is_some), "{proxy}");
        }
    }

    #[test]
    fn an_address_without_connections_is_forgotten() {
        let addresses = addresses(1);
        drop(enter(&addresses, "192.0.2.1").unwrap());
        assert!(addresses.open.lock().unwrap().is_empty());
    }
}
