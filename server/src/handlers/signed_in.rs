//! What somebody gets who has signed in.

use hallpass_contract::Login;
use http::header::SET_COOKIE;
use serde::Serialize;

use crate::accounts::{Access, SignedIn};
use crate::answer::Answer;
use crate::problem::Problem;
use crate::sessions::IssuedRefreshToken;
use crate::shown;
use crate::site::Site;
use crate::token::TokenKind;

pub(super) fn with_cookie(signed_in: SignedIn, site: &Site) -> Result<Answer<Login>, Problem> {
    let SignedIn { access, refresh } = signed_in;
    set_cookie(Answer::ok(login(access)), refresh.as_ref(), site)
}

/// The answer to whoever has added a factor. If that signs them in, it is one to a login, too.
pub(super) fn with_login<T: Serialize>(
    answer: impl FnOnce(Option<Login>) -> Answer<T>,
    signed_in: Option<SignedIn>,
    site: &Site,
) -> Result<Answer<T>, Problem> {
    let (access, refresh) = match signed_in {
        Some(SignedIn { access, refresh }) => (Some(access), refresh),
        None => (None, None),
    };
    set_cookie(answer(access.map(login)), refresh.as_ref(), site)
}

pub(super) fn answer(access: Access) -> Answer<Login> {
    Answer::ok(login(access))
}

fn set_cookie<T: Serialize>(
    answer: Answer<T>,
    refresh: Option<&IssuedRefreshToken>,
    site: &Site,
) -> Result<Answer<T>, Problem> {
    match refresh {
        Some(token) => Ok(answer.with_header(SET_COOKIE, site.refresh_cookie.set(token)?)),
        None => Ok(answer),
    }
}

fn login(Access { user, token, kind }: Access) -> Login {
    Login {
        access_token: token.token.into(),
        token_type: "Bearer".to_owned(),
        expires_in: token.expires_in,
        user: shown::user(&user),
        setup_required: kind == TokenKind::Setup,
    }
}
