//! Errors: what the client sees (RFC 9457), and the cause, which is only logged.

mod from;
mod named;
mod oauth;

use std::borrow::Cow;

use bytes::Bytes;
use hallpass_contract::{FieldError, PROBLEM_MEDIA_TYPE, Secret, kind};
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::oauth::OauthError;

/// Why a request was not served.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    details: Details,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether another server may be able to answer.
    is_out_of_touch: bool,
    /// Only logged, never sent.
    cause: Option<anyhow::Error>,
}

/// What there is to say besides.
#[derive(Debug)]
enum Details {
    Nothing,
    /// What is wrong with the fields of a form.
    Errors(Vec<FieldError>),
    /// What an OAuth client is told, in the form of RFC 6749 section 5.2. In a box as well.
    Oauth(Box<OauthError>),
    /// A second factor is needed. In a box, since almost no problem is about that.
    Factor(Box<FactorNeeded>),
}

/// What is said about a second factor that is needed.
#[derive(Debug)]
struct FactorNeeded {
    /// What to send with it.
    challenge: Option<Secret>,
    /// Its kinds.
    methods: Vec<String>,
    /// What a browser needs to use a passkey.
    options: Option<Value>,
}

impl Problem {
    /// A problem of which the status says everything.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            kind: kind::BLANK,
            title: status.canonical_reason().unwrap_or("Error"),
            detail: detail.into(),
            details: Details::Nothing,
            headers: Vec::new(),
            is_out_of_touch: false,
            cause: None,
        }
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds the challenge of RFC 6750 section 3. `error` says what is wrong with the token that
    /// came.
    fn with_challenge(self, error: Option<&'static str>) -> Self {
        let challenge = match error {
            None => HeaderValue::from_static(r#"Bearer realm="hallpass""#),
            Some(error) => HeaderValue::try_from(format!(
                r#"Bearer realm="hallpass", error="invalid_token", error_description="{error}""#
            ))
            .expect("the descriptions are ASCII"),
        };
        self.with_header(WWW_AUTHENTICATE, challenge)
    }

    /// The extra headers of the answer.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The body of the answer.
    pub fn body(&self) -> hallpass_contract::Problem {
        let (mut errors, mut methods) = (Vec::new(), Vec::new());
        let (mut challenge, mut options) = (None, None);
        match &self.details {
            Details::Nothing | Details::Oauth(_) => {}
            Details::Errors(wrong) => errors.clone_from(wrong),
            Details::Factor(needed) => {
                challenge.clone_from(&needed.challenge);
                methods.clone_from(&needed.methods);
                options.clone_from(&needed.options);
            }
        }
        hallpass_contract::Problem {
            kind: self.kind.to_owned(),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone().into_owned(),
            errors,
            challenge,
            methods,
            options,
        }
    }

    /// The answer. Logs the cause, so call it only once.
    pub fn to_response(&self) -> Response<Bytes> {
        if let Some(cause) = &self.cause {
            tracing::error!(status = self.status.as_u16(), "{cause:#}");
        }
        let (media_type, body) = self.content();
        let body = serde_json::to_vec(&body).expect("strings and numbers serialize");
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers.iter().cloned());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        response
    }

    /// The media type of the answer, and its body: a problem document, but to OAuth clients.
    pub fn content(&self) -> (&'static str, Value) {
        match &self.details {
            Details::Oauth(error) => ("application/json", error.to_json()),
            _ => (PROBLEM_MEDIA_TYPE, json!(self.body())),
        }
    }

    /// Whether an OAuth client is told in the form of RFC 6749.
    pub fn is_of_oauth(&self) -> bool {
        matches!(self.details, Details::Oauth(_))
    }
}

/// What is wrong with one field.
pub(crate) fn field_error(field: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), message: message.into() }
}
