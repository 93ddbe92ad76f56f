//! A proxy that makes a server slower by a known time: the planted regression that a gate has to
//! find.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::Url;

/// What sleeping is too coarse for.
const SPIN: Duration = Duration::from_millis(1);

/// A running proxy on loopback. It hands bytes on for as long as both ends of a connection are
/// open, and ends with the process.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
}

impl Proxy {
    /// Hands on whatever comes in to this server, a request this much later than it came, and
    /// answers at once.
    pub(crate) fn start(server: &Url, delay: Duration) -> anyhow::Result<Self> {
        let host = server.host_str().context("the server's URL has no host")?;
        let port = server.port_or_known_default().context("the server's URL has no port")?;
        let server = (host, port).to_socket_addrs()?.next().context("the server has no address")?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that fails is one that the load test sees fail.
                let _ = hand_on(client, server, delay);
            }
        });
        Ok(Self { address })
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> anyhow::Result<Url> {
        Ok(Url::parse(&format!("http://{}", self.address))?)
    }
}

fn hand_on(client: TcpStream, server: SocketAddr, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (back_from, back_to) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || drop(copy(client, server, delay)));
    thread::spawn(move || drop(copy(back_from, back_to, Duration::ZERO)));
    Ok(())
}

/// Until one of the ends closes; then both are.
fn copy(mut from: TcpStream, mut to: TcpStream, delay: Duration) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        let due = Instant::now() + delay;
        if read == 0 {
            return to.shutdown(std::net::Shutdown::Both);
        }
        thread::sleep(delay.saturating_sub(SPIN));
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        to.write_all(&buffer[..read])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selftest::DelayServer;

    #[test]
    fn a_request_is_answered_through_it_and_that_much_later() {
        let server = DelayServer::start(Duration::from_millis(10)).unwrap();
        let url = Url::parse(&format!("http://{}", server.address)).unwrap();
        let proxy = Proxy::start(&url, Duration::from_millis(30)).unwrap();
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        for _ in 0..3 {
            let sent = Instant::now();
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            let mut answer = [0; 64];
            assert!(stream.read(&mut answer).unwrap() > 0);
            assert!(sent.elapsed() >= Duration::from_millis(40), "{:?}", sent.elapsed());
            assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
        }
    }
}
