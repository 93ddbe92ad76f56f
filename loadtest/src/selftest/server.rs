//! A small server that takes a known time for each answer, and measures how long it really took.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::histogram::Times;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A running server; it ends with the process.
#[derive(Debug)]
pub(crate) struct DelayServer {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Times>>,
}

impl DelayServer {
    /// Takes this long for each answer, on a thread for each connection: no runtime comes between the
    /// arrival of a request and the clock.
    pub(crate) fn start(delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let taken = Arc::new(Mutex::new(Times::new()));
        let server = Self { address, taken: Arc::clone(&taken) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let taken = Arc::clone(&taken);
                // A connection ends as the generator wants it to.
                thread::spawn(move || drop(serve(stream, delay, &taken)));
            }
        });
        Ok(server)
    }

    /// How long each answer took, from the request's last byte to the answer's first one.
    pub(super) fn taken(&self) -> Times {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers requests without a body.
fn serve(mut stream: TcpStream, delay: Duration, taken: &Mutex<Times>) -> io::Result<()> {
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
            thread::sleep(delay.saturating_sub(received.elapsed()));
            let took = received.elapsed();
            stream.write_all(ANSWER)?;
            taken.lock().unwrap_or_else(PoisonError::into_inner).record(took);
        }
    }
}
