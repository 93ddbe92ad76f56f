//! The system under test (SUT): which server it is, how to talk to it, and what its answers mean.

mod account;
mod answer;
mod args;
mod call;
mod client;
mod host;
mod outcome;
mod own_server;
mod protocol;
mod second_factor;
mod server;
mod spec;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use account::{Account, RefreshToken, SignedIn, Token, bearer};
pub(crate) use args::{TargetArgs, parse_host};
pub(crate) use call::{BadLogin, BadToken, Call, TwoStep};
pub(crate) use client::{Clients, send, whole};
pub(crate) use host::Host;
pub(crate) use outcome::{Failure, NO_CODE, OWN_LIMITS, Outcome, own_limit};
pub(crate) use own_server::OwnServer;
pub(crate) use protocol::Target;
pub(crate) use second_factor::{ASK_CLOCKS, clock_difference};
pub(crate) use spec::{AccountRules, BUILT_IN, Spec};
pub(crate) use values::Codes;
