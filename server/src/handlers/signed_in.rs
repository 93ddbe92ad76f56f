//! What somebody gets who has signed in.

use hallpass_contract::Login;
use http::header::SET_COOKIE;

use crate::accounts::{Access, SignedIn};
use crate::answer::Answer;
use crate::problem::Problem;
use crate::{refresh_cookie, shown};

pub(super) fn with_cookie(signed_in: SignedIn) -> Result<Answer<Login>, Problem> {
    let cookie = refresh_cookie::set(&signed_in.refresh)?;
    Ok(answer(signed_in.access).with_header(SET_COOKIE, cookie))
}

pub(super) fn answer(Access { user, token }: Access) -> Answer<Login> {
    Answer::ok(Login {
        access_token: token.token.into(),
        token_type: "Bearer".to_owned(),
        expires_in: token.expires_in,
        user: shown::user(&user),
    })
}
