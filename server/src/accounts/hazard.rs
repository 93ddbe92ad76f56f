use std::net::IpAddr;

use ipnet::IpNet;

use crate::client::is_everybody;

/// Why a network is not blocked unless whoever asks insists.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Hazard {
    /// The address of whoever asks is in it.
    #[error("your own address is in this network")]
    OwnAddress,
    /// This machine is in it.
    #[error("this machine is in this network, and so may be its proxy and its probes")]
    ThisMachine,
    /// It is large.
    #[error("this network holds a large part of the internet")]
    Wide,
}

impl Hazard {
    /// What is hazardous about blocking a network, for somebody at this address.
    pub(super) fn of(network: IpNet, own: Option<IpAddr>) -> Option<Self> {
        let holds = |address: &str| address.parse::<IpAddr>().is_ok_and(|it| network.contains(&it));
        if own.is_some_and(|own| network.contains(&own)) {
            Some(Self::OwnAddress)
        } else if holds("127.0.0.1") || holds("::1") {
            Some(Self::ThisMachine)
        } else {
            is_everybody(network).then_some(Self::Wide)
        }
    }
}
