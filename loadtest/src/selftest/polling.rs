//! A server that takes a known time for each answer, and measures how long it really took. It never
//! sleeps, so that its clock starts when a request is there, and not when the kernel has woken a
//! thread to tell it: that takes about as long as what is to be found out.

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
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                peers.push(Peer { stream, head: Vec::new(), asked: None });
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        peers.retain_mut(|peer| peer.look(delay, taken).is_ok());
        // Where there is no core to spare, the generator needs this one.
        thread::yield_now();
    }
    Ok(())
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
        match self.stream.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.head.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if self.head.ends_with(END_OF_HEAD) {
            self.head.clear();
            self.asked = Some(Instant::now());
        }
        Ok(())
    }
}
