//! What the bearer of an access token may read.

use std::sync::Arc;

use bytes::Bytes;
use hallpass_contract::{Protected, UserBody, Verified};
use http::{HeaderName, HeaderValue, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::answer::{Answer, Respond as _, X_REQUEST_ID, harden};
use crate::auth::Bearer;
use crate::origin::Caller;
use crate::problem::Problem;
use crate::shown;
use crate::site::Site;

/// What is percent-encoded in a name: the percent sign, so that it can be decoded again, and
/// whatever is not printable ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b' ');

/// `GET /api/verify`: also for nginx `auth_request` and `ForwardAuth`, hence the headers.
pub(crate) async fn verify(
    bearer: Arc<Bearer>,
    site: Arc<Site>,
) -> Result<Response<Bytes>, Problem> {
    verified(&bearer, site.strict_transport)
}

/// The answer of `GET /api/verify`. It is made once for each token.
///
/// # Errors
///
/// If the user's name or roles don't go into a header.
pub(crate) fn verified(
    bearer: &Bearer,
    strict_transport: bool,
) -> Result<Response<Bytes>, Problem> {
    if let Some(response) = bearer.verified.get() {
        return Ok(response.clone());
    }
    // The name and the roles as they are now, not as they were when the token was issued.
    let (claims, user) = (bearer.claims(), &bearer.user);
    let header = |value: &str| HeaderValue::from_str(value).map_err(Problem::internal);
    let username = utf8_percent_encode(&user.username, ESCAPED).to_string();
    let (subject, roles) = (header(&claims.sub)?, header(&user.roles.join(","))?);
    let answer = Answer::ok(Verified {
        sub: claims.sub.clone(),
        username: user.username.clone(),
        roles: user.roles.clone(),
        sid: claims.sid.clone(),
        exp: claims.exp.unsigned_abs(),
    });
    let mut response = answer
        .with_header(HeaderName::from_static("x-auth-subject"), subject)
        .with_header(HeaderName::from_static("x-auth-username"), header(&username)?)
        .with_header(HeaderName::from_static("x-auth-roles"), roles)
        .into_response();
    harden(response.headers_mut(), strict_transport);
    // Keeps a place in the map, so that it need not grow when the request's own id is set.
    response.headers_mut().insert(X_REQUEST_ID, HeaderValue::from_static(""));
    Ok(bearer.verified.get_or_init(|| response).clone())
}

/// `GET /api/protected`: the content that all of this guards.
pub(crate) async fn protected(caller: Caller) -> Result<Answer<Protected>, Problem> {
    let message = format!(
        "Welcome, {}. The server checked your access token before it sent you this.",
        caller.user.username
    );
    Ok(Answer::ok(Protected { message, user: shown::user(&caller.user) }))
}

/// `GET /api/me`
pub(crate) async fn me(caller: Caller) -> Result<Answer<UserBody>, Problem> {
    Ok(Answer::ok(UserBody { user: shown::user(&caller.user) }))
}
