use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{BufReader, split};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::operator::Operator;
use super::protocol::{Command, MAX_LINE_BYTES, Reply};
use super::stream::send_backup;
use crate::accounts::Accounts;

/// How long the other end may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Until a line begins. An import may wait for a slow pipe.
    pub(super) idle: Duration,
    /// From the beginning of a line to its end, and to take a reply.
    pub(super) line: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { idle: Duration::from_secs(10 * 60), line: Duration::from_secs(30) }
    }
}

/// Answers line by line until the other end hangs up, or `stopped` says so. A command that has
/// begun is carried out to its end.
pub(super) async fn converse(
    stream: UnixStream,
    accounts: Arc<Accounts>,
    mut stopped: watch::Receiver<()>,
    patience: Patience,
) -> io::Result<()> {
    let (reader, mut writer) = split(stream);
    let mut reader = BufReader::new(reader);
    let mut operator = Operator::new(Arc::clone(&accounts));
    loop {
        let received = tokio::select! {
            received = receive(&mut reader, patience) => received?,
            _ = stopped.changed() => return Ok(()),
        };
        let reply = match &received {
            Received::Nothing => return Ok(()),
            Received::TooLong => {
                Reply::Refused { reason: format!("a line is over {MAX_LINE_BYTES} bytes long") }
            }
            Received::Line(line) => match Command::from_line(line) {
                Ok(Command::BackUp) => send_backup(&accounts, &mut writer, patience.line).await?,
                Ok(command) => operator.execute(command).await,
                Err(reason) => Reply::Refused { reason },
            },
        };
        timeout(patience.line, writer.write_all(&reply.to_line()?)).await??;
        if matches!(received, Received::TooLong) {
            return Ok(());
        }
    }
}

enum Received {
    Line(Vec<u8>),
    TooLong,
    /// The other end has hung up, maybe half-way.
    Nothing,
}

async fn receive(
    reader: &mut (impl AsyncBufRead + Unpin),
    patience: Patience,
) -> io::Result<Received> {
    if timeout(patience.idle, reader.fill_buf()).await??.is_empty() {
        return Ok(Received::Nothing);
    }
    let mut line = Vec::new();
    let mut limited = reader.take(MAX_LINE_BYTES as u64 + 1);
    timeout(patience.line, limited.read_until(b'\n', &mut line)).await??;
    Ok(if line.pop_if(|last| *last == b'\n').is_some() {
        Received::Line(line)
    } else if line.len() > MAX_LINE_BYTES {
        Received::TooLong
    } else {
        Received::Nothing
    })
}
