//! What bounds a connection, whichever protocol it speaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::Limits;
use super::super::idlers::Membership;
use crate::shutdown::Shutdown;

/// The size of a connection's read buffer, in bytes. A header section about twice as long gets a
/// 431.
pub(super) const READ_BUFFER_BYTES: usize = 32 * 1024;

/// How many connections of a listener may keep hyper's buffers while nothing comes. Below that, no
/// time is lost with taking them away and giving them back.
pub(super) const MANY_AWAKE: usize = 512;

/// Counts the connections that are with hyper.
#[derive(Clone, Debug, Default)]
pub(crate) struct Awake(Arc<AtomicUsize>);

/// One of them.
pub(super) struct AwakeConnection(Awake);

impl Awake {
    pub(super) fn enter(&self) -> AwakeConnection {
        self.0.fetch_add(1, Ordering::Relaxed);
        AwakeConnection(self.clone())
    }
}

impl AwakeConnection {
    /// Whether there are more than may keep their buffers.
    pub(super) fn is_one_too_many(&self) -> bool {
        self.0.0.load(Ordering::Relaxed) > MANY_AWAKE
    }
}

impl Drop for AwakeConnection {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What bounds a connection.
pub(crate) struct Bounds {
    pub limits: Limits,
    pub shutdown: Shutdown,
    /// The connection's place among the idle ones, for listeners that make room for others.
    pub membership: Option<Membership>,
    pub awake: Awake,
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
