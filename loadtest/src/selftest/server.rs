//! A small server that takes at least a known time for each answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
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
                thread::spawn(move || drop(serve(stream, delay)));
            }
        });
        Ok(Self { address })
    }
}

/// Answers requests without a body.
fn serve(mut stream: TcpStream, delay: Duration) -> io::Result<()> {
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
            stream.write_all(ANSWER)?;
        }
    }
}
