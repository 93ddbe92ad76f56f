use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;

use super::buckets::{Buckets, Quota};
use super::retry_after::RetryAfter;
use crate::client::wider_networks;

/// How many times an address's quota the /56 and the /48 around it get.
const FACTORS: [i64; 2] = [8, 32];

/// A bucket for each wider network of an IPv6 address. IPv4 addresses have none, since each of them
/// is expensive enough.
#[derive(Debug)]
pub(super) struct Wide([Buckets<IpNet>; 2]);

impl Wide {
    /// The quotas are multiples of an address's quota.
    pub(super) fn new(of_an_address: Quota, capacity: usize) -> Self {
        let Quota { at_once, refill_ms } = of_an_address;
        let quota = |factor| Quota { at_once: at_once * factor, refill_ms: refill_ms / factor };
        Self(FACTORS.map(|factor| Buckets::new(quota(factor), capacity)))
    }

    /// Takes one out of each bucket of the address, or none.
    ///
    /// # Errors
    ///
    /// If one of them is empty: how long until all have one.
    pub(super) fn take(&self, address: IpAddr, now: Timestamp) -> Result<(), RetryAfter> {
        let Some([narrow, wide]) = wider_networks(address) else { return Ok(()) };
        let [narrow_buckets, wide_buckets] = &self.0;
        let (of_narrow, of_wide) = (narrow_buckets.take(narrow, now), wide_buckets.take(wide, now));
        let wait = of_narrow.err().max(of_wide.err());
        if let Some(wait) = wait {
            if of_narrow.is_ok() {
                narrow_buckets.give_back(&narrow, now);
            }
            if of_wide.is_ok() {
                wide_buckets.give_back(&wide, now);
            }
            return Err(wait);
        }
        Ok(())
    }

    /// Puts one back into each bucket of the address.
    pub(super) fn give_back(&self, address: IpAddr, now: Timestamp) {
        let networks = wider_networks(address).into_iter().flatten();
        self.0.iter().zip(networks).for_each(|(buckets, network)| buckets.give_back(&network, now));
    }
}
