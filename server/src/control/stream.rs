//! A backup on its way over the control socket: chunks, each with its length before it (4 bytes,
//! big-endian), an empty one at the end, and then the reply in a line.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::protocol::Reply;
use crate::accounts::Accounts;

/// Chunks that wait to be taken. The backup waits for its reader.
const WAITING: usize = 4;

/// The longest chunk.
const MAX_CHUNK: usize = 1 << 20;

/// Sends what is written, chunk by chunk.
struct Chunks(mpsc::Sender<Vec<u8>>);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let chunk = &bytes[..bytes.len().min(MAX_CHUNK)];
        match self.0.blocking_send(chunk.to_vec()) {
            Ok(()) => Ok(chunk.len()),
            Err(_) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes the backup")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends a backup. Whoever takes no chunk for `patience` is not waited for.
///
/// # Errors
///
/// If the connection breaks.
pub(super) async fn send_backup(
    accounts: &Arc<Accounts>,
    out: &mut (impl AsyncWrite + Unpin),
    patience: Duration,
) -> io::Result<Reply> {
    let (sender, mut chunks) = mpsc::channel(WAITING);
    let accounts = Arc::clone(accounts);
    let backup = tokio::spawn(async move { accounts.back_up(Box::new(Chunks(sender))).await });
    while let Some(chunk) = chunks.recv().await {
        timeout(patience, send_chunk(out, &chunk)).await??;
    }
    timeout(patience, send_chunk(out, &[])).await??;
    Ok(match backup.await? {
        Ok(head) => Reply::BackedUp { head },
        Err(error) => Reply::Refused { reason: format!("{:#}", anyhow::Error::from(error)) },
    })
}

async fn send_chunk(out: &mut (impl AsyncWrite + Unpin), chunk: &[u8]) -> io::Result<()> {
    out.write_u32(chunk.len() as u32).await?;
    out.write_all(chunk).await
}

/// The next chunk. It is empty at the end.
pub(super) async fn receive_chunk(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let len = input.read_u32().await? as usize;
    if len > MAX_CHUNK {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut chunk = vec![0; len];
    input.read_exact(&mut chunk).await?;
    Ok(chunk)
}
