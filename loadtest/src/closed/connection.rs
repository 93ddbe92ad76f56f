//! A kept connection that carries one request after the other.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::timeout;

use crate::open::{Connection, Connector, Unanswered};
use crate::sut::{Failure, Outcome};

/// Opens a connection when one is needed, and a new one after it has ended.
pub(crate) struct PersistentConnection {
    connector: Connector,
    connection: Option<Connection>,
    patience: Duration,
}

/// An answer, and how long it took.
#[derive(Debug)]
pub(crate) struct TimedAnswer {
    pub(crate) answer: Response<Bytes>,
    /// From when the request was sent, on a connection that was there, to the last byte of the
    /// answer.
    pub(crate) took: Duration,
    pub(crate) received: Instant,
}

impl PersistentConnection {
    /// Each request, and each connection, may take as long as `patience`.
    pub(crate) fn new(connector: &Connector, patience: Duration) -> Self {
        Self { connector: connector.clone(), connection: None, patience }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: &Request<Bytes>) -> Result<TimedAnswer, Failure> {
        loop {
            let reused = self.connection.take().filter(Connection::is_open);
            let was_open = reused.is_some();
            let mut connection = match reused {
                Some(open) => open,
                None => self.within(self.connector.connect(0)).await??,
            };
            let sent = Instant::now();
            let answered = self.within(connection.exchange(request)).await?;
            let received = Instant::now();
            match answered {
                Ok(answer) => {
                    self.connection = Some(connection);
                    return Ok(TimedAnswer { answer, took: received - sent, received });
                }
                // The server had closed it meanwhile, or as the request left: once more on a new
                // one.
                Err(Unanswered::Unsent(_) | Unanswered::Closed(_)) if was_open => {}
                Err(
                    Unanswered::Unsent(failure)
                    | Unanswered::Closed(failure)
                    | Unanswered::Broken(failure),
                ) => return Err(failure),
            }
        }
    }

    async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let waited = timeout(self.patience, work).await;
        waited.map_err(|_| Failure::new(Outcome::Transport, "timed out", ""))
    }
}

impl std::fmt::Debug for PersistentConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersistentConnection")
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}
