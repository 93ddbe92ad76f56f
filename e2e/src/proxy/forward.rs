//! Sends a request on, as the browser wrote it, and brings its answer back.

use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::Result;

pub(super) type Incoming = Request<body::Incoming>;
pub(super) type Outgoing = Response<Either<body::Incoming, Full<Bytes>>>;

#[derive(Debug)]
pub(super) struct Forward {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Forward {
    pub(super) fn new() -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        // A connection that is kept may be closed by the server just as it is used again.
        builder.pool_max_idle_per_host(0);
        Self { client: builder.build_http() }
    }

    /// Sends the request to the server; an error closes the browser's connection, as the server
    /// itself would.
    pub(super) async fn send(
        &self,
        request: Incoming,
        upstream: Option<SocketAddr>,
    ) -> Result<Outgoing> {
        let upstream = upstream.context("no server there")?;
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = Uri::try_from(format!("http://{upstream}{path}"))?;
        // What hyper says of its own connection, it writes anew.
        for header in [CONNECTION, TRANSFER_ENCODING] {
            head.headers.remove(header);
        }
        let body = Full::new(body.collect().await?.to_bytes());
        let mut response = self.client.request(Request::from_parts(head, body)).await?;
        response.headers_mut().remove(CONNECTION);
        Ok(response.map(Either::Left))
    }
}
