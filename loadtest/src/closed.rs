//! A small closed loop for comparisons. Each of a few connections sends its next request when the
//! last one is answered, all on one thread. Load comes in short blocks, so that two servers can be
//! measured in turn.

mod block;
mod connection;

pub(crate) use block::{Block, Span, block};
pub(crate) use connection::PersistentConnection;
