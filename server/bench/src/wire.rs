//! As much of HTTP/1.1 as the load needs: it writes requests as bytes, and finds the end of an
//! answer.

use anyhow::{Context as _, bail, ensure};
use httparse::{EMPTY_HEADER, Header, Response, Status};

/// More headers than any server here sends.
const MAX_HEADERS: usize = 32;

/// A complete answer, in the buffer that it was read into.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The headers, in the order in which they came.
    pub headers: Vec<Header<'a>>,
    /// The body.
    pub body: &'a [u8],
    /// The whole answer, head and body.
    pub raw: &'a [u8],
}

impl<'a> Answer<'a> {
    /// Parses the answer at the beginning of `bytes`. None if it is incomplete.
    ///
    /// # Errors
    ///
    /// If it is not HTTP, or does not say how long it is.
    pub fn parse(bytes: &'a [u8]) -> anyhow::Result<Option<Self>> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut response = Response::new(&mut headers);
        let Status::Complete(head) = response.parse(bytes).context("the answer is not HTTP")?
        else {
            return Ok(None);
        };
        let status = response.code.context("the answer has no status")?;
        let length = body_length(status, response.headers)?;
        let Some(body) = bytes.get(head..head + length) else { return Ok(None) };
        let (headers, raw) = (response.headers.to_vec(), &bytes[..head + length]);
        Ok(Some(Self { status, headers, body, raw }))
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let header = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    }

    /// Checks the status. If it differs, the error has the status and the beginning of the body.
    pub fn expect(&self, status: u16) -> anyhow::Result<()> {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(200)]);
        ensure!(self.status == status, "status {} in the place of {status}: {body}", self.status);
        Ok(())
    }
}

fn body_length(status: u16, headers: &[Header<'_>]) -> anyhow::Result<usize> {
    if status == 204 {
        return Ok(0);
    }
    let named = |name| headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    let Some(length) = named("content-length") else {
        bail!("the answer has no Content-Length");
    };
    let text = std::str::from_utf8(length.value).context("Content-Length is not ASCII")?;
    text.trim().parse().context("Content-Length is not a number")
}

/// A GET with an access token.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n").into()
}

/// A POST of JSON.
pub fn post(path: &str, json: &str) -> Vec<u8> {
    let length = json.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{json}"
    )
    .into()
}

/// A PATCH with JSON and an access token.
pub fn patch(path: &str, token: &str, json: &str) -> Vec<u8> {
    let length = json.len();
    format!(
        "PATCH {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}"
    )
    .into()
}

/// A POST with a cookie, as a page of the server's own sends it.
pub fn post_cookie(path: &str, cookie: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nsec-fetch-site: same-origin\r\ncookie: {cookie}\r\n\
         content-length: 0\r\n\r\n"
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-a: b\r\n\r\nhello";

    #[test]
    fn an_answer_is_there_once_its_last_byte_is() {
        for end in 0..ANSWER.len() {
            assert!(Answer::parse(&ANSWER[..end]).unwrap().is_none(), "{end}");
        }
        let answer = Answer::parse(ANSWER).unwrap().unwrap();
        assert_eq!((answer.status, answer.body, answer.raw), (200, &b"hello"[..], ANSWER));
        assert_eq!(answer.header("X-A"), Some("b"));
        let two = [ANSWER, ANSWER].concat();
        assert_eq!(Answer::parse(&two).unwrap().unwrap().raw, ANSWER);
    }

    #[test]
    fn an_answer_without_a_length_is_an_error() {
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(Answer::parse(chunked).is_err());
        assert!(Answer::parse(b"SSH-2.0-OpenSSH\r\n").is_err());
        let no_content = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(Answer::parse(no_content).unwrap().unwrap().raw, no_content);
    }

    #[test]
    fn another_status_is_told_with_its_body() {
        let answer = Answer::parse(ANSWER).unwrap().unwrap();
        assert!(answer.expect(200).is_ok());
        assert_eq!(
            answer.expect(201).unwrap_err().to_string(),
            "status 200 in the place of 201: hello"
        );
    }
}
