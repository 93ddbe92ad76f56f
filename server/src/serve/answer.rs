use http::Request;
use hyper::body::Incoming;

use crate::proxies::Peer;

/// Answers the requests of a listener. Each comes with its sender's address.
pub(crate) trait Answer<F>:
    Fn(Request<Incoming>, Peer) -> F + Clone + Send + 'static
{
}

impl<F, A: Fn(Request<Incoming>, Peer) -> F + Clone + Send + 'static> Answer<F> for A {}
