//! How the generator sends a request and waits for its answer.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::timeout_at;

use super::connect::{Connection, Unanswered};
use super::engine::Engine;
use super::kept::Kept;
use super::ledger::End;
use super::schedule::Arrival;
use super::slot::Job;
use crate::sut::Failure;

impl Engine {
    /// Carries out a request, and again as often as its stream wants that.
    pub(super) async fn serve(&self, kept: &mut Kept, job: Job) {
        let arrival = job.arrival;
        let waited = self.now().saturating_sub(arrival.intended);
        if waited > self.timeout && job.handed.is_none() {
            self.close(&arrival, |ledger, now| ledger.dropped(&arrival, now, true));
            return;
        }
        self.live.began();
        let work = &self.works[arrival.stream];
        let (mut sent, mut job, mut attempt) = (None, job, 1);
        let (done, end) = loop {
            let host = self.host_of(&arrival, attempt - 1);
            let (done, end) = self.attempt(kept.to(host), host, job, &mut sent).await;
            let again = end.failed().and_then(|how| work.again(arrival.number, attempt, how));
            let Some(pause) = again else { break (done, end) };
            tokio::time::sleep(pause).await;
            attempt += 1;
            job.handed = None;
        };
        self.live.ended(&end, done.saturating_sub(arrival.intended));
        self.close(&arrival, |ledger, _| ledger.ended(&arrival, sent, done, end));
    }

    /// Sends a request and waits for its answer, but no longer than a request may take.
    async fn attempt(
        &self,
        connection: &mut Option<Connection>,
        host: usize,
        job: Job,
        sent: &mut Option<Duration>,
    ) -> (Duration, End) {
        let deadline = Instant::now() + self.timeout;
        match timeout_at(deadline.into(), self.carry_out(connection, host, job, sent)).await {
            Ok(done_and_end) => done_and_end,
            Err(_) => {
                // An answer that comes now would be taken for the next request's.
                *connection = None;
                (self.now(), End::TimedOut)
            }
        }
    }

    /// Sends a request and those that follow from its answers; when the last one ended, and how.
    async fn carry_out(
        &self,
        connection: &mut Option<Connection>,
        host: usize,
        mut job: Job,
        sent: &mut Option<Duration>,
    ) -> (Duration, End) {
        let (work, number) = (&self.works[job.arrival.stream], job.arrival.number);
        let mut request = match work.request(number) {
            Ok(request) => request,
            Err(failure) => {
                self.note_lag(&job.arrival, job.handed);
                return (self.now(), End::Broken(failure));
            }
        };
        // Those that follow are no new beginning.
        let (mut began, mut followed) = (sent, None);
        loop {
            let exchanged = self.exchange(connection, host, job, &request, began).await;
            let (answer, received) = match exchanged {
                Ok(answered) => answered,
                Err(failure) => return (self.now(), End::Broken(failure)),
            };
            let read = match work.next(number, &answer) {
                Ok(Some(next)) => {
                    (request, job.handed, began) = (next, None, &mut followed);
                    continue;
                }
                Ok(None) => work.read(number, &answer, received),
                Err(failure) => Err(failure),
            };
            return (received.saturating_duration_since(self.start), End::Answered(read));
        }
    }

    /// Sends a request, on the slot's connection or a new one; its answer, and when that came.
    async fn exchange(
        &self,
        connection: &mut Option<Connection>,
        host: usize,
        job: Job,
        request: &Request<Bytes>,
        sent: &mut Option<Duration>,
    ) -> Result<(Response<Bytes>, Instant), Failure> {
        let Job { arrival, mut handed } = job;
        loop {
            let reused = connection.take().filter(Connection::is_open);
            let was_open = reused.is_some();
            let opened = self.connected(reused, host, &arrival, handed.take()).await?;
            let opened = connection.insert(opened);
            *sent = Some(self.now());
            let unanswered = match opened.exchange(request).await {
                Ok(answer) => return Ok((answer, Instant::now())),
                Err(unanswered) => unanswered,
            };
            *connection = None;
            // A new connection is not a kept one, so that a request is sent at most twice.
            match unanswered {
                Unanswered::Unsent(_) if was_open => {}
                Unanswered::Closed(_) if was_open => drop(self.live.resent.fetch_add(1, Relaxed)),
                Unanswered::Unsent(failure)
                | Unanswered::Closed(failure)
                | Unanswered::Broken(failure) => return Err(failure),
            }
        }
    }

    /// The kept connection, else a new one. Notes how late the generator is with a request that was
    /// handed to a free slot: opening a connection is not its fault.
    async fn connected(
        &self,
        kept: Option<Connection>,
        host: usize,
        arrival: &Arrival,
        handed: Option<Duration>,
    ) -> Result<Connection, Failure> {
        let now = || self.now().saturating_sub(arrival.intended);
        self.note_lag(arrival, handed.map(|lag| if kept.is_some() { now() } else { lag }));
        if let Some(kept) = kept {
            return Ok(kept);
        }
        self.live.connections.fetch_add(1, Relaxed);
        self.connector.connect(host).await
    }

    fn note_lag(&self, arrival: &Arrival, lag: Option<Duration>) {
        if let Some(lag) = lag {
            self.state().ledger.lagged(arrival, lag);
        }
    }
}
