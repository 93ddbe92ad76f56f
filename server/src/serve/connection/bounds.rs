//! What bounds a connection, whichever protocol it speaks.

use super::super::Limits;
use super::super::idlers::Membership;
use crate::shutdown::Shutdown;

/// The size of a connection's read buffer, in bytes. A header section about twice as long gets a
/// 431.
pub(super) const READ_BUFFER_BYTES: usize = 32 * 1024;

/// What bounds a connection.
pub(crate) struct Bounds {
    pub limits: Limits,
    pub shutdown: Shutdown,
    /// The connection's place among the idle ones, for listeners that make room for others.
    pub membership: Option<Membership>,
}

impl Bounds {
    /// Waits until the connection has to end to make room for another.
    pub(super) async fn cut(&self) {
        match &self.membership {
            Some(membership) => membership.cut().await,
            None => std::future::pending().await,
        }
    }
}
