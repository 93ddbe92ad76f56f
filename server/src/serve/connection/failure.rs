use std::io;

use thiserror::Error;

/// Why a connection did not end in order.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error("the head of a request did not come in time")]
    TooSlow,
    #[error("TLS handshake: {0}")]
    Handshake(#[from] io::Error),
}
