//! A server that takes a known time for each answer, and measures how long it really took. It never
//! sleeps: its clock must start when a request is there, not when the kernel has woken a thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::server::{ANSWER, END_OF_HEAD};
use crate::histogram::Times;

/// A running server on one thread, which keeps a core busy until it is dropped.
#[derive(Debug)]
pub(super) struct PollingServer {
    pub(super) address: SocketAddr,
    taken: Arc<Mutex<Times>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// A connection, and when its request was complete if it is not answered yet.
struct Peer {
    stream: TcpStream,
    head: Vec<u8>,
    asked: Option<Instant>,
}

impl PollingServer {
    pub(super) fn start(delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let taken = Arc::new(Mutex::new(Times::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (times, stopped) = (Arc::clone(&taken), Arc::clone(&stop));
        let thread = thread::spawn(move || serve(&listener, delay, &times, &stopped));
        Ok(Self { address, taken, stop, thread: Some(thread) })
    }

    /// How long each answer took, from when the request was there to the answer's first byte.
    pub(super) fn taken(&self) -> Times {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for PollingServer {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        // Whatever went wrong in it shows in what was reported.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(
    listener: &TcpListener,
    delay: Duration,
    taken: &Mutex<Times>,
    stop: &AtomicBool,
) -> io::Result<()> {
    let mut peers: Vec<Peer> = Vec::new();
    while !stop.load(Relaxed) {
        if let Some((stream, _)) = if_ready(listener.accept())? {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            peers.push(Peer { stream, head: Vec::new(), asked: None });
        }
        peers.retain_mut(|peer| peer.look(delay, taken).is_ok());
        // Where there is no core to spare, the generator needs this one.
        thread::yield_now();
    }
    Ok(())
}

/// What was asked of a socket, if it did not have to wait.
fn if_ready<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(ready) => Ok(Some(ready)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

impl Peer {
    /// Reads what is there, and answers what is due.
    fn look(&mut self, delay: Duration, taken: &Mutex<Times>) -> io::Result<()> {
        if let Some(asked) = self.asked {
            let took = asked.elapsed();
            if took >= delay {
                self.stream.write_all(ANSWER)?;
                self.asked = None;
                taken.lock().unwrap_or_else(PoisonError::into_inner).record(took);
            }
            return Ok(());
        }
        let mut buffer = [0; 4096];
        match if_ready(self.stream.read(&mut buffer))? {
            Some(0) => return Err(ErrorKind::UnexpectedEof.into()),
            read => self.head.extend_from_slice(&buffer[..read.unwrap_or(0)]),
        }
        if self.head.ends_with(END_OF_HEAD) {
            self.head.clear();
            self.asked = Some(Instant::now());
        }
        Ok(())
    }
}
