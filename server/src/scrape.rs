//! `GET /metrics`, on a listener of its own: whoever may reach the API need not see what goes on.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tokio::net::TcpListener;

use crate::accept_encoding::accepts;
use crate::metrics::{Connections, MEDIA_TYPE};
use crate::proxies::Peer;
use crate::serve::{self, Limits, Server};
use crate::shutdown::Shutdown;
use crate::state::App;

/// The one path.
const PATH: &str = "/metrics";

/// The most connections at once: whoever scrapes needs one, and a few may.
const MAX_CONNECTIONS: usize = 16;

/// How long a connection may be idle, a head may take, and a client may take to accept more of an
/// answer. Nobody scrapes at just this interval, so nobody's next request comes while the
/// connection is being closed.
const PATIENCE: Duration = Duration::from_secs(7);

/// Listens on the address. The log says which one it is, also for port 0, and warns if other
/// machines can reach it.
///
/// # Errors
///
/// If nobody can listen there.
pub async fn bind(address: &str) -> anyhow::Result<TcpListener> {
    let listener = serve::bind(address).await;
    let listener = listener.with_context(|| {
        format!("can't listen on {address} for metrics, as --metrics-listen says")
    })?;
    let bound = listener.local_addr()?;
    if !bound.ip().is_loopback() {
        tracing::warn!(
            "the metrics on {bound} are for everyone who can reach that address; use a loopback \
             one, or see to it that nobody else can"
        );
    }
    tracing::info!("metrics on http://{bound}{PATH}");
    Ok(listener)
}

/// Answers what comes to `listener`, until `stop`. Connections are few, and may idle for
/// seconds only. The longest idle one makes room for a new one, so nobody can shut out who scrapes.
pub async fn serve(
    listener: TcpListener,
    app: App,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let limits = Limits {
        max_connections: MAX_CONNECTIONS,
        max_connections_per_address: MAX_CONNECTIONS + 1,
        headers: limits.headers.min(PATIENCE),
        write: limits.write.min(PATIENCE),
        ..limits
    };
    let answer = move |request: Request<_>, _: Peer| {
        let app = App::clone(&app);
        async move {
            let (method, path) = (request.method(), request.uri().path());
            serve::known(answer(app, method, path, request.headers()).await)
        }
    };
    let server = Server::new(answer, limits, Connections::unregistered(), Shutdown::default());
    server.making_room().run(vec![listener.into()], stop).await;
}

async fn answer(app: App, method: &Method, path: &str, headers: &HeaderMap) -> Response<Bytes> {
    if path != PATH {
        return plain(StatusCode::NOT_FOUND, "there is /metrics and nothing else\n");
    }
    if method != Method::GET && method != Method::HEAD {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "use GET\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let gzip = accepts(headers, "gzip");
    match body(app, gzip).await {
        Ok(body) => {
            let mut response = plain(StatusCode::OK, body);
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
            if gzip {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        }
        Err(error) => {
            tracing::error!("can't tell the metrics: {error:#}");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the log says why\n")
        }
    }
}

/// The metrics as text, compressed if so asked.
async fn body(app: App, gzip: bool) -> anyhow::Result<Vec<u8>> {
    let metrics = app.metrics.clone();
    // In a task of its own: if the store panics, the other metrics are still of use.
    let stock = tokio::spawn(async move { app.take_stock().await });
    if let Err(error) = stock.await.map_err(Into::into).flatten() {
        tracing::warn!("the metrics do not know what is in the store: {error:#}");
    }
    let read = move || {
        let text = metrics.text()?.into_bytes();
        if gzip { compressed(&text) } else { Ok(text) }
    };
    tokio::task::spawn_blocking(read).await?
}

fn compressed(text: &[u8]) -> anyhow::Result<Vec<u8>> {
    // The level that costs the least: the text repeats itself, so that it shrinks tenfold anyway.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text)?;
    Ok(encoder.finish()?)
}

fn plain(status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
