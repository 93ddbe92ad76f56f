//! What admins and operators restrict while servers run.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::BlockId;

/// The most networks that are blocked at once. Each request looks at all of them.
pub const MAX_BLOCKS: usize = 1000;

/// A network to which the API is refused for a time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Block {
    /// Stays the same when a later block takes its place.
    pub id: BlockId,
    /// The network; an IPv4 one is never IPv4-mapped.
    pub network: IpNet,
    /// When it was blocked.
    pub since: Timestamp,
    /// From then on it is over.
    pub until: Timestamp,
    /// Why, for other admins; may be empty.
    pub reason: String,
}

impl Block {
    /// Whether it has ended by itself.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

/// What is restricted, as it is kept. A field that later versions add needs `#[serde(default)]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Restricted {
    /// It grows with each change.
    pub version: u64,
    /// Whether everyone may register. None until somebody has said so: then the setting of each
    /// server counts.
    #[serde(default)]
    pub registration_is_open: Option<bool>,
    /// The networks that are blocked, each once. Some may be over.
    #[serde(default)]
    pub blocks: Vec<Block>,
}

/// What is restricted, for those who ask at each request. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Restrictions(Arc<ArcSwap<Restricted>>);

impl Restrictions {
    /// Whether everyone may register, if somebody has said so.
    pub fn registration_is_open(&self) -> Option<bool> {
        self.0.load().registration_is_open
    }

    /// Whether any network is blocked. Costs next to nothing.
    pub fn has_blocks(&self) -> bool {
        !self.0.load().blocks.is_empty()
    }

    /// Whether an address, which is not IPv4-mapped, is blocked.
    pub fn is_blocked(&self, address: IpAddr, now: Timestamp) -> bool {
        let restricted = self.0.load();
        let mut blocks = restricted.blocks.iter();
        blocks.any(|block| block.network.contains(&address) && !block.is_over(now))
    }

    /// Takes note of what is kept, whatever was known before.
    pub(super) fn replace(&self, kept: Restricted) {
        self.0.store(Arc::new(kept));
    }

    /// Takes note of a change, unless a later one is known.
    pub(super) fn follow(&self, changed: &Arc<Restricted>) {
        self.0
            .rcu(|known| Arc::clone(if changed.version > known.version { changed } else { known }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(version: u64) -> Arc<Restricted> {
        let registration_is_open = Some(version.is_multiple_of(2));
        Arc::new(Restricted { version, registration_is_open, ..Restricted::default() })
    }

    #[test]
    fn a_change_that_comes_late_does_not_undo_a_later_one() {
        let restrictions = Restrictions::default();
        assert_eq!(restrictions.registration_is_open(), None);
        let clone = restrictions.clone();
        for (version, expected) in [(1, false), (4, true), (3, true), (5, false)] {
            clone.follow(&closed(version));
            assert_eq!(restrictions.registration_is_open(), Some(expected), "{version}");
        }
        // The database was restored.
        clone.replace(Restricted::default());
        assert_eq!(restrictions.registration_is_open(), None);
    }

    #[test]
    fn an_address_is_blocked_while_a_block_of_its_network_lasts() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let block = |network: &str, until| Block {
            id: BlockId::new(at(0)),
            network: network.parse().unwrap(),
            since: at(0),
            until: at(until),
            reason: String::new(),
        };
        let restrictions = Restrictions::default();
        let is_blocked =
            |address: &str, now| restrictions.is_blocked(address.parse().unwrap(), at(now));
        assert!(!restrictions.has_blocks() && !is_blocked("192.0.2.1", 1));
        let blocks = vec![block("192.0.2.0/24", 100), block("2001:db8::/64", 200)];
        restrictions.replace(Restricted { blocks, ..Restricted::default() });
        assert!(restrictions.has_blocks());
        assert!(is_blocked("192.0.2.255", 99) && !is_blocked("192.0.2.255", 100));
        assert!(is_blocked("2001:db8::9", 199) && !is_blocked("2001:db8::9", 200));
        assert!(!is_blocked("192.0.3.1", 1) && !is_blocked("2001:db8:0:1::9", 1));
    }
}
