use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::BootTime;

/// A lease and 1 %: whoever waits so long by its own clock has outlasted the lease of a server
/// whose clock is not more than 1 % slower.
pub(in crate::store::postgres) fn outlasting(lease: Duration) -> Duration {
    lease + lease / 100
}

/// A server that is registered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::store::postgres) struct Peer {
    pub(super) id: Uuid,
    /// It grows while the server is alive.
    pub(super) beat: i64,
    pub(super) lease: Duration,
}

impl Peer {
    /// Whether the server was alive since it was seen like `before`.
    pub(super) fn has_polled_since(&self, before: &Self) -> bool {
        self.id == before.id && self.beat != before.beat
    }
}

/// Since when each server has been silent, by this server's clock.
#[derive(Debug, Default)]
pub(super) struct Peers(HashMap<Uuid, (i64, BootTime)>);

impl Peers {
    /// Takes note of the servers that are registered, as somebody saw them who began to look at
    /// `begun` and had seen them at `seen`. Returns those that have been silent for so long that
    /// their leases have ended.
    pub(super) fn look(&mut self, peers: &[Peer], begun: BootTime, seen: BootTime) -> Vec<Peer> {
        self.0.retain(|id, _| peers.iter().any(|peer| peer.id == *id));
        let mut dead = Vec::new();
        for peer in peers {
            let (beat, since) = self.0.entry(peer.id).or_insert((peer.beat, seen));
            if *beat != peer.beat {
                (*beat, *since) = (peer.beat, seen);
            }
            if begun.since(*since) > outlasting(peer.lease) {
                dead.push(*peer);
            }
        }
        dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> BootTime {
        BootTime::START.after(Duration::from_millis(millis))
    }

    fn peer(id: u128, beat: i64) -> Peer {
        Peer { id: Uuid::from_u128(id), beat, lease: Duration::from_secs(10) }
    }

    #[test]
    fn a_peer_is_dead_once_it_was_silent_for_a_lease_and_a_hundredth() {
        let mut peers = Peers::default();
        let mut look = |at_ms, list: &[Peer]| peers.look(list, at(at_ms), at(at_ms + 5));
        let (ada, bob) = (peer(1, 7), peer(2, 7));
        assert!(look(1_000, &[ada, bob]).is_empty());
        assert!(look(11_105, &[ada, peer(2, 8)]).is_empty(), "10.1 s after 1.005 s");
        assert_eq!(look(11_106, &[ada, peer(2, 8)]), [ada]);
        // Whoever comes back is as new.
        assert!(look(12_000, &[peer(2, 8)]).is_empty());
        assert!(look(30_000, &[ada]).is_empty());
    }
}
