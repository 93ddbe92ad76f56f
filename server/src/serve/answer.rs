use std::net::SocketAddr;

use http::Request;
use hyper::body::Incoming;

/// What answers the requests of a listener, each with the address of who sent it.
pub(crate) trait Answer<F>:
    Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static
{
}

impl<F, A: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static> Answer<F> for A {}
