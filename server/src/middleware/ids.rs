//! The ids of requests in the log and in answers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderValue};

use crate::answer::X_REQUEST_ID;
use crate::proxies::{Peer, TrustedProxies};

/// The longest id that is accepted from a proxy.
const MAX_ID_BYTES: usize = 128;

/// The length of a version 00 `traceparent`. Later versions begin with as many bytes of the same
/// form.
const TRACEPARENT_BYTES: usize = 55;

/// Gives requests their ids. A trusted proxy's id is kept. Otherwise the id is a number that is
/// random for each process, and a count. So ids of several runs do not mix in a log.
pub(super) struct RequestIds {
    process: u32,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn start() -> Self {
        Self { process: getrandom::u32().unwrap_or_default(), count: AtomicU64::new(1) }
    }

    /// The id of the request from `peer` with these headers.
    pub(super) fn of(
        &self,
        headers: &HeaderMap,
        peer: Peer,
        proxies: &TrustedProxies,
    ) -> RequestId {
        match given(headers) {
            Some(id) if proxies.trust_peer(peer) => RequestId::Given(id.clone()),
            _ => self.next(),
        }
    }

    fn next(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        RequestId::Own { process: self.process, count }
    }
}

/// The id in the headers, if there is exactly one and it is safe to log.
fn given(headers: &HeaderMap) -> Option<&HeaderValue> {
    let id = headers.get(X_REQUEST_ID)?;
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let is_good = (1..=MAX_ID_BYTES).contains(&id.len()) && id.as_bytes().iter().all(is_safe);
    (is_good && headers.get_all(X_REQUEST_ID).iter().count() == 1).then_some(id)
}

/// The trace that the request belongs to: the `traceparent` header (W3C Trace Context), if it is
/// well formed. Anyone may send one, since it is only logged.
pub(super) fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("traceparent").iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (known, rest) = value.split_at_checked(TRACEPARENT_BYTES)?;
    let mut parts = known.split('-');
    let mut hex = |length: usize| {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        parts.next().filter(|part| part.len() == length && part.bytes().all(is_hex))
    };
    let (version, trace, span) = (hex(2)?, hex(32)?, hex(16)?);
    hex(2)?;
    let is_zero = |id: &str| id.bytes().all(|byte| byte == b'0');
    // Later versions may have more text after another hyphen.
    let ends = rest.is_empty() || (version != "00" && rest.starts_with('-'));
    (version != "ff" && !is_zero(trace) && !is_zero(span) && ends).then_some(known)
}

#[derive(Clone)]
pub(super) enum RequestId {
    Own {
        process: u32,
        count: u64,
    },
    /// Given by a proxy.
    Given(HeaderValue),
}

impl RequestId {
    /// The same text as `Display` gives, but faster: each answer has one.
    pub(super) fn into_header(self) -> HeaderValue {
        let (process, count) = match self {
            Self::Given(id) => return id,
            Self::Own { process, count } => (process, count),
        };
        let Ok(short) = u32::try_from(count) else {
            return HeaderValue::try_from(format!("{process:08x}-{count:08x}"))
                .expect("digits and a hyphen");
        };
        let mut text = [b'-'; 17];
        HEXLOWER.encode_mut(&process.to_be_bytes(), &mut text[..8]);
        HEXLOWER.encode_mut(&short.to_be_bytes(), &mut text[9..]);
        HeaderValue::from_bytes(&text).expect("digits and a hyphen")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own { process, count } => write!(f, "{process:08x}-{count:08x}"),
            Self::Given(id) => f.write_str(id.to_str().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_a_header_is_the_one_in_the_log() {
        for count in [0, 1, 0xabcd, u32::MAX.into(), u64::from(u32::MAX) + 1, u64::MAX] {
            for process in [0, 0x0123_4567, u32::MAX] {
                let id = RequestId::Own { process, count };
                assert_eq!(id.clone().into_header(), id.to_string());
            }
        }
        let id = RequestId::Given(HeaderValue::from_static("a.B_1-2"));
        assert_eq!(id.to_string(), "a.B_1-2");
        assert_eq!(id.into_header(), "a.B_1-2");
    }

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_an_id_that_is_safe_to_log_is_taken_over() {
        let longest = "x".repeat(128);
        for good in ["a", "0af7651916cd43dd8448eb211c80319c", "a.B_1-2", &longest] {
            assert_eq!(given(&headers("x-request-id", &[good])).unwrap(), good);
        }
        let too_long = "x".repeat(129);
        for bad in ["", "a b", "a;b", "caf\u{e9}", "\"", &too_long] {
            assert_eq!(given(&headers("x-request-id", &[bad])), None, "{bad:?}");
        }
        assert_eq!(given(&headers("x-request-id", &["a", "a"])), None, "two are none");
    }

    #[test]
    fn a_traceparent_counts_if_it_is_well_formed() {
        const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let parent =
            |value: &str| traceparent(&headers("traceparent", &[value])).map(str::to_owned);
        assert_eq!(parent(GOOD).as_deref(), Some(GOOD));
        let later = GOOD.replacen("00", "cc", 1);
        assert_eq!(parent(&format!("{later}-what-the-future-will-be-like")), Some(later));
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
        ] {
            assert_eq!(parent(bad), None, "{bad:?}");
        }
        assert_eq!(traceparent(&headers("traceparent", &[GOOD, GOOD])), None);
    }
}
