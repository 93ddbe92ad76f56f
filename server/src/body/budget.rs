//! The memory that bodies may take while they arrive.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::metrics::Bodies;
use crate::problem::Problem;

/// The most bytes of all bodies together.
const ALL: usize = 16 * 1024 * 1024;

/// The most bytes of one address's bodies: a quarter, so that nobody can keep everybody else out.
const OF_ADDRESS: usize = ALL / 4;

/// Shares out the memory for bodies that have not arrived as a whole.
#[derive(Debug)]
pub struct BodyBudget {
    all: usize,
    of_address: usize,
    held: Mutex<Held>,
    metrics: Bodies,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    by_address: HashMap<IpNet, usize>,
}

impl BodyBudget {
    /// 16 MiB, of which an address may have a quarter.
    pub fn new(metrics: Bodies) -> Self {
        Self::with_limits(ALL, OF_ADDRESS, metrics)
    }

    /// So many bytes, and so many of one address.
    pub fn with_limits(all: usize, of_address: usize, metrics: Bodies) -> Self {
        Self { all, of_address, held: Mutex::default(), metrics }
    }

    /// What a body from this network holds: nothing yet. It is given back when this is dropped.
    pub fn share(&self, network: IpNet) -> Share<'_> {
        Share { budget: self, network, bytes: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body holds.
#[derive(Debug)]
pub struct Share<'a> {
    budget: &'a BodyBudget,
    network: IpNet,
    bytes: usize,
}

impl Share<'_> {
    /// Makes it `bytes` in all.
    ///
    /// # Errors
    ///
    /// 503 if that is more than there is, for the address or at all.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let BodyBudget { all, of_address, metrics, .. } = self.budget;
        let more = bytes.saturating_sub(self.bytes);
        let mut held = self.budget.lock();
        let held_by_address = held.by_address.get(&self.network).copied().unwrap_or_default();
        if held.all + more > *all || held_by_address + more > *of_address {
            metrics.refused.inc();
            return Err(Problem::too_many_bodies());
        }
        held.all += more;
        held.by_address.insert(self.network, held_by_address + more);
        self.bytes += more;
        metrics.set_bytes(held.all);
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut held = self.budget.lock();
        held.all -= self.bytes;
        self.budget.metrics.set_bytes(held.all);
        if let Some(of_address) = held.by_address.get_mut(&self.network) {
            *of_address -= self.bytes;
            if *of_address == 0 {
                held.by_address.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::network;
    use crate::metrics::Metrics;

    fn budget(all: usize, of_address: usize) -> BodyBudget {
        BodyBudget::with_limits(all, of_address, Metrics::default().bodies.clone())
    }

    fn share<'a>(budget: &'a BodyBudget, address: &str) -> Share<'a> {
        budget.share(network(address.parse().unwrap()))
    }

    #[test]
    fn what_is_held_is_given_back() {
        let budget = budget(100, 100);
        let mut first = share(&budget, "192.0.2.1");
        first.grow_to(40).unwrap();
        first.grow_to(60).unwrap();
        let mut second = share(&budget, "192.0.2.2");
        assert_eq!(second.grow_to(41).unwrap_err().status(), 503);
        second.grow_to(40).unwrap();
        drop(first);
        second.grow_to(100).unwrap();
        drop(second);
        let held = budget.lock();
        assert!(held.all == 0 && held.by_address.is_empty(), "{held:?}");
    }

    #[test]
    fn an_address_can_not_take_what_others_need() {
        let budget = budget(100, 25);
        let shares: Vec<_> = (0..5).map(|_| share(&budget, "192.0.2.1")).collect();
        let fit = shares.into_iter().map(|mut share| share.grow_to(10).map(|()| share));
        let fit: Vec<_> = fit.filter_map(Result::ok).collect();
        assert_eq!(fit.len(), 2);
        share(&budget, "192.0.2.2").grow_to(25).unwrap();
    }
}
