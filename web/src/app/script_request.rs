//! Requests of other scripts on the page, `hallpass.fetch`.

use hallpass_contract::Secret;

use crate::interceptor::Url;

/// Tells the requests apart.
pub type FetchId = u32;

/// What came of a request.
#[derive(Debug)]
pub enum FetchOutcome {
    /// An answer with this status and this `WWW-Authenticate` header, empty without one.
    Answered(u16, String),
    /// No answer.
    Failed,
}

/// One request until it is delivered.
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
    /// For the configuration, or for a token that is worth sending.
    Waiting,
    /// With this token.
    Sent(Option<Secret>),
}
