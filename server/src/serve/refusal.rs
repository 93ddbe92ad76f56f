//! What a client is told that has too many connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::Problem;

/// How many may be told at once. Beyond that a connection is closed without a word.
const AT_ONCE: usize = 64;

/// How long telling one may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells clients that they have too many connections, without spending much on it.
#[derive(Debug)]
pub(super) struct Refusals(Arc<Semaphore>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Refusals {
    /// The right to tell one.
    pub(super) fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

/// Answers with 429, whatever was asked, and closes the connection.
pub(super) async fn refuse(stream: TcpStream) {
    // Whoever breaks off, or takes too long, is not told.
    let _ = timeout(PATIENCE, answer(stream)).await;
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    // A client takes no answer to a request that it has not sent. Its first bytes will do.
    if stream.read(&mut [0; 1024]).await? == 0 {
        return Ok(());
    }
    stream.write_all(text().as_bytes()).await?;
    stream.shutdown().await?;
    // To close it while the client sends would reset it, and the answer could be lost.
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
