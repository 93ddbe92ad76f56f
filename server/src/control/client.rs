use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::protocol::{Command, Reply};
use super::socket::SOCKET_FILE;
use super::stream::receive_chunk;
use crate::store::BackupHead;

/// How long a server may take to answer; hashing a password behind many logins takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest reply; a page of users is much shorter.
const MAX_REPLY_BYTES: u64 = 64 * 1024 * 1024;

/// A connection to the server that runs on a data directory.
#[derive(Debug)]
pub(crate) struct ControlClient {
    stream: BufReader<UnixStream>,
}

/// Why there is no answer. The command may have been carried out or not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// The connection broke.
    #[error("the server ended the control connection; is it stopping?")]
    Gone,
    /// Nothing came.
    #[error("the server has not answered for {} s", PATIENCE.as_secs())]
    Silent,
    /// What came is not a reply.
    #[error("the server's answer makes no sense here; is it of another version?")]
    Nonsense,
}

impl ControlClient {
    /// Connects to the socket in the directory.
    ///
    /// # Errors
    ///
    /// `NotFound` and `ConnectionRefused` mean that no server runs; `InvalidInput`, that the path
    /// is too long for a socket.
    pub(crate) async fn connect(dir: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(dir.join(SOCKET_FILE)).await?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a command and waits for the reply.
    ///
    /// # Errors
    ///
    /// If no reply comes.
    pub(crate) async fn ask(&mut self, command: &Command) -> Result<Reply, AskError> {
        self.send(command).await?;
        self.reply().await
    }

    /// Has a backup made, and writes it to `out`.
    ///
    /// # Errors
    ///
    /// If not all of it comes, or `out` takes no more.
    pub(crate) async fn back_up(&mut self, mut out: impl Write) -> anyhow::Result<BackupHead> {
        self.send(&Command::BackUp).await?;
        // A server that knows no backups answers with a line at once.
        let begun = timeout(PATIENCE, self.stream.fill_buf()).await;
        if begun.map_err(|_| AskError::Silent)??.starts_with(b"{") {
            return head(self.reply().await?);
        }
        loop {
            let chunk = timeout(PATIENCE, receive_chunk(&mut self.stream)).await;
            let chunk = chunk.map_err(|_| AskError::Silent)?.map_err(|_| AskError::Gone)?;
            if chunk.is_empty() {
                return head(self.reply().await?);
            }
            out.write_all(&chunk)?;
        }
    }

    async fn send(&mut self, command: &Command) -> Result<(), AskError> {
        let request = command.to_line().map_err(|_| AskError::Nonsense)?;
        // A server that stops reading may have said why.
        if let Err(error) = self.stream.get_mut().write_all(&request).await {
            tracing::debug!("can't send all of it: {error}");
        }
        Ok(())
    }

    async fn reply(&mut self) -> Result<Reply, AskError> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(MAX_REPLY_BYTES);
        let received = timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await;
        match received.map_err(|_| AskError::Silent)? {
            Ok(1..) => serde_json::from_slice(&line).map_err(|_| AskError::Nonsense),
            _ => Err(AskError::Gone),
        }
    }
}

fn head(reply: Reply) -> anyhow::Result<BackupHead> {
    match reply {
        Reply::BackedUp { head } => Ok(head),
        Reply::Refused { reason } => Err(anyhow!(reason)),
        _ => Err(AskError::Nonsense.into()),
    }
}
