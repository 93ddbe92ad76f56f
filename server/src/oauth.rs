//! What the endpoints for OAuth clients read and answer (RFC 6749, 7009, 7662, 8414).

mod credentials;
mod form;
mod metadata;

pub(crate) use self::credentials::{of_form, of_headers};
pub(crate) use self::form::OauthForm;
pub(crate) use self::metadata::{metadata, metadata_path};

use serde_json::{Value, json};

use crate::client::Client;
use crate::store::OauthClient;

/// A request of a client that has authenticated.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Who asks.
    pub(crate) client: OauthClient,
    /// What was sent.
    pub(crate) form: OauthForm,
    /// From where.
    pub(crate) from: Client,
}

/// The errors of RFC 6749 section 5.2 that there are here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OauthError {
    /// Something is missing, or there twice.
    InvalidRequest(&'static str),
    /// The client is unknown, its secret is wrong, or neither came.
    InvalidClient,
    /// The client may not do this.
    UnauthorizedClient(&'static str),
}

impl OauthError {
    /// Its name.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnauthorizedClient(_) => "unauthorized_client",
        }
    }

    /// The body of the answer.
    pub(crate) fn to_json(self) -> Value {
        json!({ "error": self.code(), "error_description": self.description() })
    }

    /// What to do about it, for a developer.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(text) | Self::UnauthorizedClient(text) => text,
            Self::InvalidClient => {
                "send the client_id and the client_secret of a client that `hallpass client add` made"
            }
        }
    }
}
