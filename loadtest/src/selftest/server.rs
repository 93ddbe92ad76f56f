//! A small server that takes at least a known time for each answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(super) const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
pub(super) const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A running server; it ends with the process.
#[derive(Debug)]
pub(crate) struct DelayServer {
    pub(crate) address: SocketAddr,
}

impl DelayServer {
    /// Takes this long for each answer, on a thread for each connection.
    pub(crate) fn start(delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A connection ends as the generator wants it to.
                thread::spawn(move || drop(serve(stream, |received| received + delay)));
            }
        });
        Ok(Self { address })
    }
}

/// A running server that serves so many requests at once, each for a fixed time, in the order in
/// which they come: an M/D/c queue. It ends with the process.
///
/// When an answer is due follows from when its request came and from the answers before it. So a
/// thread that is woken late delays its own answer only.
#[derive(Debug)]
pub(crate) struct CounterServer {
    pub(crate) address: SocketAddr,
}

impl CounterServer {
    pub(crate) fn start(counters: usize, service: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let free_at = Arc::new(Mutex::new(vec![Instant::now(); counters.max(1)]));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let free_at = Arc::clone(&free_at);
                let due = move |received| turn(&free_at, received, service);
                thread::spawn(move || drop(serve(stream, due)));
            }
        });
        Ok(Self { address })
    }
}

/// A running server that answers at once, but for a pause at equal distances. It ends with the
/// process.
#[derive(Debug)]
pub(crate) struct PausingServer {
    pub(crate) address: SocketAddr,
}

impl PausingServer {
    /// From now on it pauses for `pause` at the end of each stretch of `every`.
    pub(crate) fn start(every: Duration, pause: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, start) = (listener.local_addr()?, Instant::now());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let due = move |received: Instant| {
                    let since = received.saturating_duration_since(start);
                    let into = Duration::from_nanos((since.as_nanos() % every.as_nanos()) as u64);
                    let pauses = into >= every.saturating_sub(pause);
                    if pauses { received + (every - into) } else { received }
                };
                thread::spawn(move || drop(serve(stream, due)));
            }
        });
        Ok(Self { address })
    }
}

/// Takes the counter that is free first; when the request that came at `received` is served.
fn turn(free_at: &Mutex<Vec<Instant>>, received: Instant, service: Duration) -> Instant {
    let mut free_at = free_at.lock().unwrap_or_else(PoisonError::into_inner);
    let first = free_at.iter_mut().min();
    first.map_or(received, |first| {
        *first = received.max(*first) + service;
        *first
    })
}

/// Answers requests without a body, each when `due` says of the moment when it came.
fn serve(mut stream: TcpStream, due: impl Fn(Instant) -> Instant) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer)?;
        let received = Instant::now();
        if read == 0 {
            return Ok(());
        }
        head.extend_from_slice(&buffer[..read]);
        if head.ends_with(END_OF_HEAD) {
            head.clear();
            thread::sleep(due(received).saturating_duration_since(Instant::now()));
            stream.write_all(ANSWER)?;
        }
    }
}
