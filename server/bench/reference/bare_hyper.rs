//! `bare-hyper FILE`: the least that an HTTP server on hyper can do. Every request is answered with
//! the status, the headers and the body that stand in the file, and nothing is looked at.
//!
//! One thread, as many as the core it is measured on can use; hyper's HTTP/1 without timers,
//! TCP_NODELAY. What is slower than this does something; what is not has nothing to gain.

use std::convert::Infallible;
use std::io::Write as _;

use anyhow::Context as _;
use hallpass_bench::wire::Answer;
use hallpass_contract::LISTENING_ON;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

fn main() -> anyhow::Result<()> {
    let file = std::env::args_os().nth(1).context("usage: bare-hyper FILE")?;
    let answer = std::fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
    let answer = prepared(&answer)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(answer))
}

/// The answer as hyper sends it: it adds the length and the date itself.
fn prepared(answer: &[u8]) -> anyhow::Result<Response<Bytes>> {
    let answer = Answer::parse(answer)?.context("the answer in the file is cut off")?;
    let mut headers = HeaderMap::new();
    for header in &answer.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes())?;
        if name != CONTENT_LENGTH && name != DATE {
            headers.append(name, HeaderValue::from_bytes(header.value)?);
        }
    }
    let mut response = Response::new(Bytes::copy_from_slice(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status)?;
    *response.headers_mut() = headers;
    Ok(response)
}

async fn serve(answer: Response<Bytes>) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{LISTENING_ON}http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::task::spawn_local(connection(stream, answer.clone()));
    }
}

async fn connection(stream: TcpStream, answer: Response<Bytes>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(async |_| Ok::<_, Infallible>(answer.clone().map(Full::new)));
    // A client that goes away is nothing to tell.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
