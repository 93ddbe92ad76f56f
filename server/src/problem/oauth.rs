//! What OAuth clients are told (RFC 6749 section 5.2). Other errors of their endpoints are problems
//! as everywhere.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};

use super::{Details, Problem};
use crate::accounts::AccountError;
use crate::oauth::OauthError;

impl Problem {
    /// 401 with a challenge for a client that is not known, else 400.
    pub(crate) fn oauth(error: OauthError) -> Self {
        let is_unknown = error == OauthError::InvalidClient;
        let status = if is_unknown { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let problem = Self {
            details: Details::Oauth(Box::new(error)),
            ..Self::new(status, error.description())
        };
        match is_unknown {
            true => {
                let challenge = HeaderValue::from_static(r#"Basic realm="hallpass""#);
                problem.with_header(WWW_AUTHENTICATE, challenge)
            }
            false => problem,
        }
    }

    /// Why a client was not admitted.
    pub(crate) fn of_client(error: AccountError) -> Self {
        match error {
            AccountError::NotProven => Self::oauth(OauthError::InvalidClient),
            error => error.into(),
        }
    }
}
