//! `bare-hyper FILE [CERT KEY]`: the least that an HTTP server on hyper can do. Every request is
//! answered with the status, the headers and the body that stand in the file, and nothing is looked
//! at. With a certificate and its key, in PEM files, it speaks https, set up as Hallpass is.
//!
//! One thread, as many as the core it is measured on can use; hyper's HTTP/1 without timers,
//! TCP_NODELAY. What is slower than this does something; what is not has nothing to gain.

use std::convert::Infallible;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use hallpass_bench::wire::Answer;
use hallpass_contract::LISTENING_ON;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

fn main() -> anyhow::Result<()> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (file, tls) = match &files[..] {
        [file] => (file, None),
        [file, cert, key] => (file, Some(acceptor(cert, key)?)),
        _ => bail!("usage: bare-hyper FILE [CERT KEY]"),
    };
    let answer = std::fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
    let answer = prepared(&answer)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(answer, tls))
}

/// The same library, ciphers and tickets as Hallpass has.
fn acceptor(cert: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(cert)?.collect::<Result<_, _>>()?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    let mut config = config.with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(TlsAcceptor::from(Arc::new(config)))
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

async fn serve(answer: Response<Bytes>, tls: Option<TlsAcceptor>) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!("{LISTENING_ON}{scheme}://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        let _ = stream.set_nodelay(true);
        match tls.clone() {
            None => drop(tokio::task::spawn_local(connection(stream, answer.clone()))),
            Some(tls) => drop(tokio::task::spawn_local(encrypted(stream, tls, answer.clone()))),
        }
    }
}

async fn encrypted(stream: TcpStream, tls: TlsAcceptor, answer: Response<Bytes>) {
    // A client that goes away is nothing to tell.
    if let Ok(stream) = tls.accept(stream).await {
        connection(stream, answer).await;
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    answer: Response<Bytes>,
) {
    let service = service_fn(async |_| Ok::<_, Infallible>(answer.clone().map(Full::new)));
    // A client that goes away is nothing to tell.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
