//! A sign-out that the server does not know of yet.

use hallpass_contract::Secret;

use crate::api::RequestId;
use crate::session::Seconds;

/// A sign-out that the server has not confirmed.
#[derive(Debug, Default)]
pub(super) struct OwedSignOut {
    /// The token of the session, in the page that has signed out. It is never stored.
    pub(super) token: Option<Secret>,
    /// The request that is under way.
    pub(super) request: Option<RequestId>,
    pub(super) tries: u32,
    pub(super) retry_at: Seconds,
}
