//! Who is asking: from the request's headers to a user.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::problem::Problem;
use crate::state::App;
use crate::store::{User, UserId};
use crate::token::{Claims, TokenError};

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What the accepted token says.
    pub claims: Claims,
    /// The user as the store has them now.
    pub user: User,
}

/// The caller that the headers authenticate.
///
/// # Errors
///
/// 401 if no access token came, or it is not accepted, or its user is gone or disabled.
pub async fn authenticate(app: App, headers: HeaderMap) -> Result<Caller, Problem> {
    let claims = app.tokens.verify(bearer_token(&headers)?, app.clock.now())?;
    let id = UserId::parse(&claims.sub).ok_or(TokenError::Invalid)?;
    match app.store.user_by_id(id).await? {
        Some(user) if !user.disabled => Ok(Caller { claims, user }),
        _ => Err(Problem::user_gone()),
    }
}

/// RFC 6750 section 2.1.
fn bearer_token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(Problem::no_credentials)?;
    if values.next().is_some() {
        return Err(Problem::malformed_credentials("Send one Authorization header, not several."));
    }
    let not_ascii = || Problem::malformed_credentials("The Authorization header is not ASCII.");
    let value = value.to_str().map_err(|_| not_ascii())?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::no_credentials());
    }
    Ok(token.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_scheme_ignores_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c"] {
            assert_eq!(bearer_token(&headers(&[value])).unwrap(), "a.b.c");
        }
    }

    #[test]
    fn anything_but_one_bearer_token_is_a_401() {
        for values in [&[][..], &["Basic YTpi"], &["a.b.c"], &["Bearer a", "Bearer a"]] {
            let problem = bearer_token(&headers(values)).unwrap_err();
            assert_eq!(problem.status(), StatusCode::UNAUTHORIZED, "{values:?}");
        }
    }
}
