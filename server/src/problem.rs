//! Errors as the client sees them (RFC 9457), and their causes as the log sees them.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use hallpass_contract::{FieldError, PROBLEM_MEDIA_TYPE, kind};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::password::PoolError;
use crate::store::StoreError;
use crate::token::TokenError;

/// Why a request is not answered as its sender would like.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log alone.
    cause: Option<anyhow::Error>,
}

impl Problem {
    /// A problem that its status says all about.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            kind: kind::BLANK,
            title: status.canonical_reason().unwrap_or("Error"),
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing at this path.")
    }

    /// 405, with the methods that the path does have.
    pub fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("This path answers {allow} only.");
        let allow = HeaderValue::try_from(allow).expect("names of methods are ASCII");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail).with_header(ALLOW, allow)
    }

    /// 401: no credentials came (RFC 6750 section 3.1: then there is no error code).
    pub fn no_credentials() -> Self {
        Self::unauthenticated("Sign in and send the access token as `Authorization: Bearer`.", None)
    }

    /// 401: the credentials that came are not usable.
    pub fn malformed_credentials(detail: &'static str) -> Self {
        Self::unauthenticated(detail, Some("the credentials are malformed"))
    }

    /// 401: the token's user is gone or disabled.
    pub fn user_gone() -> Self {
        Self::unauthenticated("Sign in again.", Some("the user can't sign in any more"))
    }

    fn unauthenticated(detail: &'static str, error: Option<&'static str>) -> Self {
        Self {
            kind: kind::UNAUTHENTICATED,
            ..Self::new(StatusCode::UNAUTHORIZED, detail).with_challenge(error)
        }
    }

    /// 401: which of name, password and account is wrong is not told.
    pub fn invalid_credentials() -> Self {
        Self {
            kind: kind::INVALID_CREDENTIALS,
            title: "Invalid credentials",
            ..Self::new(StatusCode::UNAUTHORIZED, "The username or the password is wrong.")
                .with_challenge(None)
        }
    }

    /// 409.
    pub fn username_taken() -> Self {
        let message = "This username is taken; choose another one.";
        Self {
            kind: kind::USERNAME_TAKEN,
            title: "Username taken",
            errors: vec![field_error("username", message)],
            ..Self::new(StatusCode::CONFLICT, message)
        }
    }

    /// 422: what is wrong with which field.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [] => "The body is not a JSON object with the fields of this request.".to_owned(),
            errors => errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(" "),
        };
        Self {
            kind: kind::INVALID_FIELDS,
            title: "Invalid fields",
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }

    /// 403: the operator has closed registration.
    pub fn registration_closed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Registration is closed on this server; ask its operator for an account.",
        )
    }

    /// 500; the client learns nothing of the cause.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        let detail = "Something went wrong on the server; its log says what.";
        Self { cause: Some(cause.into()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail) }
    }

    /// 503; the client learns nothing of the cause.
    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        let detail = "The server can't do its work right now.";
        Self { cause: Some(cause.into()), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// RFC 6750 section 3; `error` is what is wrong with the token that came.
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

    /// The answer; logs the cause, so call it once.
    pub fn to_response(&self) -> Response<Bytes> {
        if let Some(cause) = &self.cause {
            tracing::error!(status = self.status.as_u16(), "{cause:#}");
        }
        let body = hallpass_contract::Problem {
            kind: self.kind.to_owned(),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone().into_owned(),
            errors: self.errors.clone(),
        };
        let body = serde_json::to_vec(&body).expect("strings and numbers serialize");
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers.iter().cloned());
        let media_type = HeaderValue::from_static(PROBLEM_MEDIA_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response
    }
}

/// What is wrong with one field.
pub fn field_error(field: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), message: message.into() }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let description = match error {
            TokenError::Invalid => "the access token is not valid",
            TokenError::Expired => "the access token has expired",
            TokenError::NotYetValid => "the access token is not valid yet",
        };
        Self::unauthenticated("The access token is not accepted; sign in again.", Some(description))
    }
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        let PoolError::Overloaded { retry_after } = error else { return Self::internal(error) };
        let seconds = whole_seconds(retry_after);
        let detail = format!("Too many people are signing in; try again in {seconds} s.");
        Self {
            kind: kind::OVERLOADED,
            title: "Overloaded",
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
                .with_header(RETRY_AFTER, HeaderValue::from(seconds))
        }
    }
}

/// Whoever waits this long finds the queue worked off: rounded up, at least one.
fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(error)
    }
}
