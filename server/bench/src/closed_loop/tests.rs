use std::io::{Read as _, Write as _};
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
