//! Makes load on one thread. Each client keeps one connection, or connects anew for each request.
//! It sends a request when the answer to the last one is there. This measures what a server can do.
//! It does not measure how long independent users wait: that takes arrivals at a fixed rate, as in
//! `scripts/load open`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Poll, Registry, Token};

pub use self::endpoint::Endpoint;
use self::stream::Stream;
pub use self::tally::{LoadResult, Plan};
use self::tally::{PATIENCE, Tally};
use crate::wire::Answer;

mod endpoint;
mod stream;
mod tally;
#[cfg(test)]
mod tests;

/// What a client sends, and what it does with the answers.
pub trait Client {
    /// Appends the next request. False if there is none.
    fn ask(&mut self, request: &mut Vec<u8>) -> bool;

    /// Takes the answer.
    ///
    /// # Errors
    ///
    /// Whatever makes the whole run worthless.
    fn hear(&mut self, answer: &Answer<'_>) -> anyhow::Result<()>;
}

/// How much is read at once: more than any answer has.
const READ_BYTES: usize = 64 * 1024;

/// Runs all clients, each on its own connection.
///
/// # Errors
///
/// If a connection fails, an answer does not come, or a client rejects one.
pub fn run<C: Client>(
    endpoint: impl Into<Endpoint>,
    clients: &mut [C],
    plan: Plan,
) -> anyhow::Result<LoadResult> {
    let endpoint = endpoint.into();
    let mut poll = Poll::new().context("can't wait for sockets")?;
    let registry = poll.registry().try_clone().context("can't wait for sockets")?;
    let opened = |n| Connection::open(&endpoint, &registry, Token(n));
    let mut connections = (0..clients.len()).map(opened).collect::<anyhow::Result<Vec<_>>>()?;
    let mut tally = Tally::start(plan)?;
    for (connection, client) in connections.iter_mut().zip(&mut *clients) {
        connection.ask(client, &mut tally)?;
    }
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; READ_BYTES];
    while tally.goes_on() {
        match poll.poll(&mut events, Some(Duration::from_millis(50))) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other.context("can't wait for sockets")?,
        }
        tally.tick()?;
        for event in &events {
            let Token(n) = event.token();
            connections[n].proceed(&mut clients[n], &mut buffer, &mut tally)?;
        }
    }
    tally.finish()
}

/// Connects one client after the other, so that the listener's backlog never overflows.
fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let connected = || {
        let stream = std::net::TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok::<_, std::io::Error>(TcpStream::from_std(stream))
    };
    connected().with_context(|| format!("can't connect to {address}"))
}

struct Connection<'e> {
    endpoint: &'e Endpoint,
    registry: &'e Registry,
    token: Token,
    stream: Stream,
    request: Vec<u8>,
    written: usize,
    /// The beginning of an answer that came in several parts.
    received: Vec<u8>,
    /// When the request was sent. None while no answer is due.
    asked_at: Option<Instant>,
    /// Whether the answer is there, and only the end of the connection is due.
    is_answered: bool,
}

impl<'e> Connection<'e> {
    /// Connects. `token` tells its events from others.
    fn open(endpoint: &'e Endpoint, registry: &'e Registry, token: Token) -> anyhow::Result<Self> {
        let stream = Stream::new(connect(endpoint.address)?, endpoint, registry, token)?;
        let (request, received) = (Vec::new(), Vec::new());
        let (written, asked_at, is_answered) = (0, None, false);
        Ok(Self {
            endpoint,
            registry,
            token,
            stream,
            request,
            written,
            received,
            asked_at,
            is_answered,
        })
    }

    fn ask(&mut self, client: &mut impl Client, tally: &mut Tally) -> anyhow::Result<()> {
        self.request.clear();
        self.written = 0;
        if !client.ask(&mut self.request) {
            return Ok(());
        }
        self.asked_at = Some(tally.asked());
        self.write()
    }

    /// Counts the answer whose connection has ended, and asks again on a new one.
    fn ask_anew(&mut self, client: &mut impl Client, tally: &mut Tally) -> anyhow::Result<()> {
        let asked_at = self.asked_at.take().context("an answer that nobody asked for")?;
        tally.answered(asked_at, self.stream.is_resumed())?;
        self.is_answered = false;
        let tcp = TcpStream::connect(self.endpoint.address).context("can't connect")?;
        tcp.set_nodelay(true)?;
        self.stream = Stream::new(tcp, self.endpoint, self.registry, self.token)?;
        self.ask(client, tally)
    }

    fn write(&mut self) -> anyhow::Result<()> {
        while self.written < self.request.len() {
            match self.stream.write(&self.request[self.written..]) {
                Ok(n) => self.written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("can't send a request"),
            }
        }
        self.stream.flush().context("can't send a request")
    }

    /// Does what the socket is ready for. Readiness is reported only once, so it reads until
    /// nothing is left. A read that does not fill the buffer has taken everything.
    fn proceed(
        &mut self,
        client: &mut impl Client,
        buffer: &mut [u8],
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        self.write()?;
        loop {
            let n = match self.stream.read(buffer) {
                Ok(0) if self.is_answered => return self.ask_anew(client, tally),
                Ok(0) if self.asked_at.is_none() => return Ok(()),
                Ok(0) => bail!("the server closed a connection that waited for its answer"),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("can't read an answer"),
            };
            self.take(&buffer[..n], client, tally)?;
            if n < buffer.len() && self.stream.short_read_is_last() && !self.is_answered {
                return Ok(());
            }
        }
    }

    fn take(
        &mut self,
        bytes: &[u8],
        client: &mut impl Client,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let whole = if self.received.is_empty() {
            bytes
        } else {
            self.received.extend_from_slice(bytes);
            &self.received
        };
        let Some(answer) = Answer::parse(whole)? else {
            if self.received.is_empty() {
                self.received.extend_from_slice(bytes);
            }
            return Ok(());
        };
        ensure!(answer.raw.len() == whole.len(), "the answer is longer than it says");
        if self.endpoint.connects_anew {
            client.hear(&answer)?;
            self.received.clear();
            self.is_answered = true;
            return Ok(());
        }
        let asked_at = self.asked_at.take().context("an answer that nobody asked for")?;
        tally.answered(asked_at, self.stream.is_resumed())?;
        client.hear(&answer)?;
        self.received.clear();
        self.ask(client, tally)
    }
}
