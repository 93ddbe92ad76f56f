//! Who asks for a use case.

use std::sync::Arc;

use crate::client::Client;
use crate::store::{Actor, SessionId, User};

/// Who asks for a use case.
#[derive(Clone, Debug)]
pub enum Origin<T> {
    /// Somebody who sent a request: a [`Client`] or, signed in, a [`Caller`].
    Http(T),
    /// The operator, by the command line. Whoever can use it may do anything.
    Operator,
}

/// Somebody who sent a request with an access token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub user: Arc<User>,
    /// The session of the token.
    pub session: SessionId,
    /// The proof was given within `--fresh-for`.
    pub fresh: bool,
    /// The token is for setting up a second factor and for nothing else.
    pub setup: bool,
    /// Where the request comes from.
    pub client: Client,
}

impl Caller {
    /// The caller as the store asks for them again: as an admin, or for their own account.
    pub fn actor(&self, admin: bool) -> Actor {
        Actor { user: self.user.id, session: self.session, admin, fresh: self.fresh }
    }
}

impl Origin<Caller> {
    /// As [`Caller::actor`]; none for an operator, who needs no permission.
    pub fn actor(&self, admin: bool) -> Option<Actor> {
        match self {
            Self::Http(caller) => Some(caller.actor(admin)),
            Self::Operator => None,
        }
    }
}
