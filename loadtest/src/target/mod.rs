//! The server under test: which one it is, and how it is spoken to.

mod args;
mod client;
mod host;
mod server;

pub(crate) use args::{TargetArgs, parse_duration};
pub(crate) use client::Target;
pub(crate) use host::Host;
