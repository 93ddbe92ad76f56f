//! The clients of the measurements.

use std::collections::VecDeque;

use anyhow::Context as _;
use hallpass_contract::{REFRESH_COOKIE, path};

use crate::closed_loop::Client;
use crate::users::credentials;
use crate::wire::{Answer, post, post_cookie};

/// Sends the same requests in turn, forever. Each must be answered with 200.
#[derive(Clone, Debug)]
pub struct Repeat<'a> {
    requests: &'a [Vec<u8>],
    next: usize,
}

impl<'a> Repeat<'a> {
    /// Makes this many clients. Their first requests are spread evenly over the list.
    pub fn clients(requests: &'a [Vec<u8>], clients: usize) -> Vec<Self> {
        let begin = |n| n * requests.len() / clients;
        (0..clients).map(|n| Self { requests, next: begin(n) }).collect()
    }
}

impl Client for Repeat<'_> {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        request.extend_from_slice(&self.requests[self.next]);
        self.next = (self.next + 1) % self.requests.len();
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> anyhow::Result<()> {
        answer.expect(200)
    }
}

/// Sends each of its requests once, and keeps what `read` returns for the answers.
pub struct Once<T, R> {
    requests: VecDeque<Vec<u8>>,
    read: R,
    /// What `read` returned, in the order of the requests.
    pub answers: Vec<T>,
}

impl<T, R: Fn(&Answer<'_>) -> anyhow::Result<T>> Once<T, R> {
    /// A client with these requests.
    pub fn new(requests: impl IntoIterator<Item = Vec<u8>>, read: R) -> Self {
        Self { requests: requests.into_iter().collect(), read, answers: Vec::new() }
    }
}

impl<T, R: Fn(&Answer<'_>) -> anyhow::Result<T>> Client for Once<T, R> {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        let next = self.requests.pop_front();
        next.is_some_and(|next| {
            request.extend(next);
            true
        })
    }

    fn hear(&mut self, answer: &Answer<'_>) -> anyhow::Result<()> {
        self.answers.push((self.read)(answer)?);
        Ok(())
    }
}

/// Exchanges its refresh token for the next one, forever.
#[derive(Clone, Debug)]
pub struct Refresher {
    /// Its current cookie, in the form that a request needs.
    cookie: String,
}

impl Refresher {
    /// A client that has this cookie.
    pub fn new(cookie: String) -> Self {
        Self { cookie }
    }
}

impl Client for Refresher {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        request.extend(post_cookie(path::REFRESH, &self.cookie));
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> anyhow::Result<()> {
        answer.expect(200)?;
        let next = refresh_cookie(answer)?;
        anyhow::ensure!(next != self.cookie, "the refresh token was not rotated");
        self.cookie = next;
        Ok(())
    }
}

/// Registers one user after the other, forever.
#[derive(Clone, Debug)]
pub struct Registrar {
    /// The prefix of its users' names; no other client has it.
    prefix: String,
    registered: u64,
}

impl Registrar {
    /// A client whose users' names begin with `prefix`.
    pub fn new(prefix: String) -> Self {
        Self { prefix, registered: 0 }
    }
}

impl Client for Registrar {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        let name = format!("{}-{}", self.prefix, self.registered);
        request.extend(post(path::REGISTER, &credentials(&name)));
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> anyhow::Result<()> {
        answer.expect(201)?;
        self.registered += 1;
        Ok(())
    }
}

/// The refresh cookie that an answer sets, in the form that a request needs.
pub fn refresh_cookie(answer: &Answer<'_>) -> anyhow::Result<String> {
    let set = answer.header("set-cookie").context("the answer sets no cookie")?;
    let pair = set.split(';').next().unwrap_or(set);
    anyhow::ensure!(pair.starts_with(REFRESH_COOKIE), "the answer sets another cookie");
    Ok(pair.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_take_turns_from_different_beginnings() {
        let requests: Vec<Vec<u8>> = (0..4u8).map(|n| vec![n]).collect();
        let mut clients = Repeat::clients(&requests, 2);
        let mut asked = Vec::new();
        for _ in 0..3 {
            clients.iter_mut().for_each(|client| assert!(client.ask(&mut asked)));
        }
        assert_eq!(asked, [0, 2, 1, 3, 2, 0]);
    }

    #[test]
    fn a_registrar_asks_for_a_new_name_each_time() {
        let mut client = Registrar::new("ada".to_owned());
        let created = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
        let created = Answer::parse(created).unwrap().unwrap();
        let mut asked = Vec::new();
        client.ask(&mut asked);
        client.hear(&created).unwrap();
        client.ask(&mut asked);
        let asked = String::from_utf8(asked).unwrap();
        assert!(asked.contains("\"ada-0\"") && asked.contains("\"ada-1\""), "{asked}");
    }

    #[test]
    fn a_refresher_presents_what_it_was_given_last() {
        let mut client = Refresher::new(format!("{REFRESH_COOKIE}=one"));
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nset-cookie: {REFRESH_COOKIE}=two; Secure\r\n\r\n"
        );
        let answer = Answer::parse(answer.as_bytes()).unwrap().unwrap();
        client.hear(&answer).unwrap();
        let mut request = Vec::new();
        client.ask(&mut request);
        let request = String::from_utf8(request).unwrap();
        assert!(request.contains(&format!("cookie: {REFRESH_COOKIE}=two\r\n")), "{request}");
        assert!(client.hear(&answer).is_err(), "the same token again is no rotation");
    }
}
