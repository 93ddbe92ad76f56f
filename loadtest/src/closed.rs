//! A small closed loop for comparisons: a few connections on one thread, each of which sends its
//! next request when the last one is answered. It times whole answers, to the microsecond, and runs
//! in short blocks, so that two servers can be measured in turn.

mod block;
mod connection;

pub(crate) use block::{Block, Span, block};
pub(crate) use connection::PersistentConnection;
