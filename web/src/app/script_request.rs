//! Requests of other scripts on the page, `hallpass.fetch`.

use hallpass_contract::Secret;

use crate::interceptor::Url;

/// The number of a request.
pub type FetchId = u32;

/// What came of a request.
#[derive(Debug)]
pub enum FetchOutcome {
    /// An answer with this status and this `WWW-Authenticate` header, empty without one.
    Answered(u16, String),
    /// No answer.
    Failed,
}

/// A request whose answer the script has not got yet.
#[derive(Debug)]
pub(super) struct ScriptRequest {
    pub(super) id: FetchId,
    pub(super) url: Url,
    pub(super) state: FetchState,
    /// It was refused once already.
    pub(super) repeated: bool,
}

#[derive(Debug, Eq, PartialEq)]
pub(super) enum FetchState {
    /// It waits for the server's configuration, or for a token that is not about to end.
    Waiting,
    /// It was sent with this token.
    Sent(Option<Secret>),
}
