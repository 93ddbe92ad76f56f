//! Signing in, staying signed in, signing out.

use std::sync::Arc;

use hallpass_contract::{Credentials, Login, Reauthentication, Secret};
use http::HeaderMap;
use http::header::SET_COOKIE;

use super::passkeys;
use super::signed_in::{answer, with_cookie};
use crate::accounts::{AccountError, Accounts};
use crate::answer::Answer;
use crate::client::Client;
use crate::origin::Caller;
use crate::problem::{Problem, field_error};
use crate::proof::Proof;
use crate::proof::factors::FactorProof;
use crate::site::Site;
use crate::state::App;

/// `POST /api/login`
pub(crate) async fn login(
    form: Credentials,
    client: Client,
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<Login>, Problem> {
    let proof = Proof::Password(form.password);
    with_cookie(accounts.sign_in(&form.username, proof, client).await?, &site)
}

/// `POST /api/refresh`
pub(crate) async fn refresh(
    client: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Answer<Login>, Problem> {
    let token = app.authenticator().refresh_token(&headers)?;
    with_cookie(app.accounts.refresh(token, client).await?, &app.site)
}

/// `POST /api/logout`
pub(crate) async fn logout(
    client: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Answer<()>, Problem> {
    let sessions = app.authenticator().sessions(&headers).await?;
    app.accounts.sign_out(sessions, client).await?;
    Ok(Answer::done().with_header(SET_COOKIE, app.site.refresh_cookie.clear()?))
}

/// `POST /api/me/reauthenticate`
pub(crate) async fn reauthenticate(
    caller: Caller,
    form: Reauthentication,
    accounts: Arc<Accounts>,
) -> Result<Answer<Login>, Problem> {
    let Reauthentication { password, totp, recovery_code, challenge, passkey } = form;
    let password = match (password, challenge, passkey) {
        (Some(password), None, None) => password,
        (None, Some(challenge), Some(passkey)) => {
            let answered = passkeys::read(passkey, "passkey")?;
            let access = accounts.reauthenticate_by_passkey(caller, &challenge, answered).await;
            return Ok(answer(access.map_err(passkeys::of_passkey)?));
        }
        _ => {
            let message = "Send your password, or a challenge and the passkey that answers it.";
            return Err(Problem::invalid_fields(vec![field_error("password", message)]));
        }
    };
    let proof = match factor(totp, recovery_code)? {
        Some(factor) => Proof::Both(password, factor),
        None => Proof::Password(password),
    };
    let shows_factor = proof.factor().is_some();
    let access = accounts.reauthenticate(caller, proof).await.map_err(|error| match error {
        AccountError::NotProven if shows_factor => Problem::wrong_password_or_factor(),
        error => error.into(),
    })?;
    Ok(answer(access))
}

/// The factor of a form that takes one of two.
///
/// # Errors
///
/// 422 if both are there.
pub(super) fn factor(
    totp: Option<Secret>,
    recovery_code: Option<Secret>,
) -> Result<Option<FactorProof>, Problem> {
    match (totp, recovery_code) {
        (Some(code), None) => Ok(Some(FactorProof::Totp(code))),
        (None, Some(code)) => Ok(Some(FactorProof::RecoveryCode(code))),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(no_code()),
    }
}

pub(super) fn no_code() -> Problem {
    let message = "Send one of a one-time code as totp, a recovery_code and a passkey.";
    Problem::invalid_fields(vec![field_error("totp", message)])
}
