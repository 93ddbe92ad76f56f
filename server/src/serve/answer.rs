use bytes::Bytes;
use http::Request;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use warp::reply;

use crate::proxies::Peer;

/// Answers the requests of a listener. Each comes with its sender's address.
pub(crate) trait Answer<F>:
    Fn(Request<Incoming>, Peer) -> F + Clone + Send + 'static
{
}

impl<F, A: Fn(Request<Incoming>, Peer) -> F + Clone + Send + 'static> Answer<F> for A {}

/// What is sent: bytes, or what warp has put into a box.
pub(crate) type Response = http::Response<Either<Full<Bytes>, <reply::Response as HasBody>::Body>>;

/// Names the type of a body, since warp does not.
pub(crate) trait HasBody {
    type Body;
}

impl<B> HasBody for http::Response<B> {
    type Body = B;
}

/// Sends these bytes.
pub(crate) fn known(response: http::Response<Bytes>) -> Response {
    response.map(|body| Either::Left(Full::new(body)))
}

/// Sends what warp answered.
pub(crate) fn routed(response: reply::Response) -> Response {
    response.map(Either::Right)
}
