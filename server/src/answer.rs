//! What a handler answers when all is well.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::problem::Problem;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Names the request, for whoever looks it up in the log.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// For a year. Subdomains are other people's to decide about.
const TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds what stands in every answer. With `strict_transport`, browsers are told to never use plain
/// http (RFC 6797).
pub(crate) fn harden(headers: &mut HeaderMap, strict_transport: bool) {
    if strict_transport {
        headers.insert(STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
}

/// Lets pages of any origin read the answer: for public documents alone, such as the key set.
pub(crate) fn readable_by_all(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// What a handler may answer.
pub(crate) trait Respond: Send + 'static {
    /// The answer in HTTP's terms.
    fn into_response(self) -> Response<Bytes>;
}

impl Respond for Response<Bytes> {
    fn into_response(self) -> Response<Bytes> {
        self
    }
}

/// A status, headers and a body that becomes JSON.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    status: StatusCode,
    headers: HeaderMap,
    body: T,
}

impl Answer<()> {
    /// 204: it is done, and there is no body.
    pub(crate) fn done() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: () }
    }
}

impl<T: Serialize> Answer<T> {
    /// 200.
    pub(crate) fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::new(), body }
    }

    /// 201.
    pub(crate) fn created(body: T) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl<T: Serialize + Send + 'static> Respond for Answer<T> {
    fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if self.status != StatusCode::NO_CONTENT {
            match serde_json::to_vec(&self.body) {
                Ok(body) => *response.body_mut() = Bytes::from(body),
                Err(error) => return Problem::internal(error).to_response(),
            }
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        response
    }
}
