//! Makes load on one thread. Each client keeps one connection and sends a request when the answer
//! to the last one is there. This measures what a server can do. It does not measure how long
//! independent users wait: that takes arrivals at a fixed rate, as in `scripts/load open`.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{ClockId, clock_gettime};

use crate::wire::Answer;

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

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The time before the measurement. It is not counted.
    pub warm_up: Duration,
    /// The measured time.
    pub time: Duration,
}

impl Plan {
    /// Until all clients have sent all their requests.
    pub const TO_THE_END: Self = Self { warm_up: Duration::ZERO, time: Duration::MAX };
}

/// The figures from the end of the warm-up to the end.
#[derive(Debug)]
pub struct LoadResult {
    /// The number of answers.
    pub requests: u64,
    /// The measured time.
    pub elapsed: Duration,
    /// From the first byte sent to the last byte received, in microseconds.
    pub latency_us: Histogram<u64>,
    /// How much of one core the load took, including the warm-up. At 1.0, it measured itself.
    pub generator_busy: f64,
}

impl LoadResult {
    /// Answers per second.
    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }
}

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much is read at once: more than any answer has.
const READ_BYTES: usize = 64 * 1024;

/// Runs all clients, each on its own connection.
///
/// # Errors
///
/// If a connection fails, an answer does not come, or a client rejects one.
pub fn run<C: Client>(
    address: SocketAddr,
    clients: &mut [C],
    plan: Plan,
) -> anyhow::Result<LoadResult> {
    let mut poll = Poll::new().context("can't wait for sockets")?;
    let mut connections = Vec::with_capacity(clients.len());
    for n in 0..clients.len() {
        let mut stream = connect(address)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(n), interest)?;
        connections.push(Connection::new(stream));
    }
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

struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    written: usize,
    /// The beginning of an answer that came in several parts.
    received: Vec<u8>,
    /// When the request was sent. None while no answer is due.
    asked_at: Option<Instant>,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        let (request, received) = (Vec::new(), Vec::new());
        Self { stream, request, written: 0, received, asked_at: None }
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

    fn write(&mut self) -> anyhow::Result<()> {
        while self.written < self.request.len() {
            match self.stream.write(&self.request[self.written..]) {
                Ok(n) => self.written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("can't send a request"),
            }
        }
        Ok(())
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
                Ok(0) if self.asked_at.is_none() => return Ok(()),
                Ok(0) => bail!("the server closed a connection that waited for its answer"),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("can't read an answer"),
            };
            self.take(&buffer[..n], client, tally)?;
            if n < buffer.len() {
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
        tally.answered(self.asked_at.take().context("an answer that nobody asked for")?)?;
        client.hear(&answer)?;
        self.received.clear();
        self.ask(client, tally)
    }
}

/// The counts, and when counting begins and ends.
struct Tally {
    plan: Plan,
    /// When this round of events began. Reading the clock for each event would cost too much.
    now: Instant,
    /// When the warm-up should end; later, when it ended.
    begin: Instant,
    last_answer: Instant,
    waiting: usize,
    requests: u64,
    latency_us: Histogram<u64>,
    started: Instant,
    cpu_at_start: Duration,
}

impl Tally {
    fn start(plan: Plan) -> anyhow::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            plan,
            now,
            begin: now + plan.warm_up,
            last_answer: now,
            waiting: 0,
            requests: 0,
            latency_us: Histogram::new(3)?,
            started: now,
            cpu_at_start: thread_cpu_time(),
        })
    }

    fn asked(&mut self) -> Instant {
        self.waiting += 1;
        Instant::now()
    }

    fn answered(&mut self, asked_at: Instant) -> anyhow::Result<()> {
        self.waiting -= 1;
        let now = Instant::now();
        self.last_answer = now;
        if now >= self.begin {
            self.requests += 1;
            self.latency_us.record(micros(now - asked_at))?;
        }
        Ok(())
    }

    fn tick(&mut self) -> anyhow::Result<()> {
        self.now = Instant::now();
        let silent = self.now.saturating_duration_since(self.last_answer);
        ensure!(silent < PATIENCE, "no answer for {} s", PATIENCE.as_secs());
        Ok(())
    }

    fn goes_on(&self) -> bool {
        self.waiting > 0 && self.now.saturating_duration_since(self.begin) < self.plan.time
    }

    fn finish(self) -> anyhow::Result<LoadResult> {
        let end = Instant::now();
        let cpu = thread_cpu_time().saturating_sub(self.cpu_at_start);
        let generator_busy = cpu.as_secs_f64() / (end - self.started).as_secs_f64();
        let elapsed = end.saturating_duration_since(self.begin);
        let (requests, latency_us) = (self.requests, self.latency_us);
        Ok(LoadResult { requests, elapsed, latency_us, generator_busy })
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Sends this many requests, and counts the answers.
    struct Some {
        left: u32,
        heard: u32,
    }

    impl Client for Some {
        fn ask(&mut self, request: &mut Vec<u8>) -> bool {
            let goes_on = self.left > 0;
            self.left = self.left.saturating_sub(1);
            request.extend(b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n");
            goes_on
        }

        fn hear(&mut self, answer: &Answer<'_>) -> anyhow::Result<()> {
            self.heard += 1;
            answer.expect(200)
        }
    }

    /// Answers each request in these parts, on one connection after the other. A pause between the
    /// parts makes them arrive separately.
    fn server(parts: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                thread::spawn(move || {
                    let mut request = [0; 1024];
                    while stream.read(&mut request).is_ok_and(|n| n > 0) {
                        for part in parts {
                            stream.write_all(part.as_bytes()).unwrap();
                            thread::sleep(Duration::from_millis(2));
                        }
                    }
                });
            }
        });
        address
    }

    #[test]
    fn every_client_gets_all_its_answers() {
        let address = server(&["HTTP/1.1 200 OK\r\ncontent-", "length: 2\r\n\r\no", "k"]);
        let mut clients = [Some { left: 5, heard: 0 }, Some { left: 3, heard: 0 }];
        let measured = run(address, &mut clients, Plan::TO_THE_END).unwrap();
        assert_eq!(clients.map(|client| client.heard), [5, 3]);
        assert_eq!((measured.requests, measured.latency_us.len()), (8, 8));
        assert!(measured.latency_us.min() >= 4000, "two pauses lie before the last part");
    }

    #[test]
    fn the_warm_up_is_not_counted() {
        let address = server(&["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"]);
        let mut clients = [Some { left: u32::MAX, heard: 0 }];
        let plan = Plan { warm_up: Duration::from_millis(100), time: Duration::from_millis(100) };
        let measured = run(address, &mut clients, plan).unwrap();
        let heard = u64::from(clients[0].heard);
        assert!(measured.requests < heard, "{} of {heard}", measured.requests);
        assert!(measured.requests > 0 && measured.elapsed >= plan.time);
    }

    #[test]
    fn what_goes_wrong_is_told() {
        let told = |parts| {
            let mut clients = [Some { left: 2, heard: 0 }];
            run(server(parts), &mut clients, Plan::TO_THE_END).unwrap_err().to_string()
        };
        let refused = &["HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nfull"];
        assert!(told(refused).contains("503"), "{}", told(refused));
        let long = &["HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nlonger"];
        assert!(told(long).contains("longer than it says"), "{}", told(long));
    }
}
