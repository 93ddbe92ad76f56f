//! Refuses clients that have too many connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::Problem;

/// How many refusals may be sent at once. Beyond that, connections are closed without an answer.
const AT_ONCE: usize = 64;

/// How long sending one refusal may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells clients that they have too many connections, at little cost.
#[derive(Debug)]
pub(super) struct Refusals(Arc<Semaphore>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Refusals {
    /// The permit to send one refusal.
    pub(super) fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

/// Answers 429 to any request, and closes the connection.
pub(super) async fn refuse(stream: TcpStream) {
    // A client that breaks off or takes too long gets no answer.
    let _ = timeout(PATIENCE, answer(stream)).await;
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    // A client accepts no answer before it has sent a request. The request's first bytes are
    // enough.
    if stream.read(&mut [0; 1024]).await? == 0 {
        return Ok(());
    }
    stream.write_all(text().as_bytes()).await?;
    stream.shutdown().await?;
    // If we closed while the client still sends, the connection would be reset, and the answer
    // could be lost.
    copy(&mut stream, &mut sink()).await.map(drop)
}

fn text() -> String {
    let response = Problem::too_many_connections().to_response();
    let mut text = format!("HTTP/1.1 {}\r\n", response.status());
    for (name, value) in response.headers() {
        text += &format!("{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let body = String::from_utf8_lossy(response.body());
    text + &format!(
        "cache-control: no-store\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
