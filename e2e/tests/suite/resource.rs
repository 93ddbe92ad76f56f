//! Another service that takes the access token, on an origin of its own.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hallpass_e2e::Result;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, HeaderValue,
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One request, without the preflights: the path, and the Authorization header.
pub(crate) type Call = (String, Option<String>);

/// Answers every request of any origin, and remembers it. It ends with its handle.
pub(crate) struct Resource {
    pub(crate) origin: String,
    calls: Arc<Mutex<Vec<Call>>>,
    accepting: JoinHandle<()>,
}

impl Resource {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let calls = Arc::new(Mutex::new(Vec::new()));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&calls)));
        Ok(Self { origin, calls, accepting })
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no test has panicked with it").clone()
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, calls: Arc<Mutex<Vec<Call>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let calls = Arc::clone(&calls);
        let service = service_fn(move |request| {
            let response = answer(&request, &calls);
            async { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(request: &Request<Incoming>, calls: &Mutex<Vec<Call>>) -> Response<Full<Bytes>> {
    if request.method() != "OPTIONS" {
        let header = request.headers().get(AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let call = (request.uri().path().to_owned(), header);
        calls.lock().expect("no test has panicked with it").push(call);
    }
    let mut response = Response::new(Full::from("{}"));
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization"));
    response
}
