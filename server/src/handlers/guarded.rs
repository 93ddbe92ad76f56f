//! What only a bearer of an access token is told.

use hallpass_contract::{Protected, UserBody, Verified};
use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::public_user;
use crate::answer::Answer;
use crate::auth::Caller;
use crate::problem::Problem;

/// All but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `GET /api/verify`: also for nginx `auth_request` and `ForwardAuth`, hence the headers.
pub async fn verify(caller: Caller) -> Result<Answer<Verified>, Problem> {
    // The name and the roles as they are now, not as they were when the token was issued.
    let (claims, user) = (caller.claims, caller.user);
    let header = |value: &str| HeaderValue::from_str(value).map_err(Problem::internal);
    let username = utf8_percent_encode(&user.username, ESCAPED).to_string();
    let (subject, roles) = (header(&claims.sub)?, header(&user.roles.join(","))?);
    let answer = Answer::ok(Verified {
        sub: claims.sub,
        username: user.username,
        roles: user.roles,
        sid: claims.sid,
        exp: claims.exp.unsigned_abs(),
    });
    Ok(answer
        .with_header(HeaderName::from_static("x-auth-subject"), subject)
        .with_header(HeaderName::from_static("x-auth-username"), header(&username)?)
        .with_header(HeaderName::from_static("x-auth-roles"), roles))
}

/// `GET /api/protected`: the content that all of this guards.
pub async fn protected(caller: Caller) -> Result<Answer<Protected>, Problem> {
    let message = format!(
        "Welcome, {}. The server checked your access token before it sent you this.",
        caller.user.username
    );
    Ok(Answer::ok(Protected { message, user: public_user(caller.user) }))
}

/// `GET /api/me`
pub async fn me(caller: Caller) -> Result<Answer<UserBody>, Problem> {
    Ok(Answer::ok(UserBody { user: public_user(caller.user) }))
}
