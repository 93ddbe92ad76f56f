//! Passkeys: signing in with one, and the caller's own.

use std::sync::Arc;

use hallpass_contract::{
    Login, NewPasskey, PasskeyBody, PasskeyLogin, PasskeyName, PasskeyOptions, PasskeyUser,
};
use serde_json::Value;

use super::signed_in::{with_cookie, with_login};
use crate::accounts::{AccountError, Accounts, AskedPasskey};
use crate::answer::Answer;
use crate::client::Client;
use crate::origin::Caller;
use crate::problem::{Problem, field_error};
use crate::proof::factors::Answered;
use crate::shown;
use crate::site::Site;
use crate::store::PasskeyId;

/// `POST /api/login/passkey/options`
pub(crate) async fn login_options(
    form: PasskeyUser,
    client: Client,
    accounts: Arc<Accounts>,
) -> Result<Answer<PasskeyOptions>, Problem> {
    Ok(answer(accounts.ask_passkey(form.username.as_deref(), &client).await?))
}

/// `POST /api/login/passkey`
pub(crate) async fn login(
    form: PasskeyLogin,
    client: Client,
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<Login>, Problem> {
    let answered = read(form.credential, "credential")?;
    let signed_in = accounts.sign_in_by_passkey(&form.challenge, answered, client).await;
    with_cookie(signed_in.map_err(of_passkey)?, &site)
}

/// `POST /api/me/passkeys/options`
pub(crate) async fn options(
    caller: Caller,
    accounts: Arc<Accounts>,
) -> Result<Answer<PasskeyOptions>, Problem> {
    Ok(answer(accounts.ask_new_passkey(&caller).await?))
}

/// `POST /api/me/passkeys`
pub(crate) async fn add(
    caller: Caller,
    form: NewPasskey,
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<PasskeyBody>, Problem> {
    let NewPasskey { challenge, name, credential } = form;
    let added = accounts.add_passkey(caller, &challenge, &name, credential).await?;
    let (passkey, signed_in) = (shown::passkey(&added.0), added.1);
    with_login(|login| Answer::created(PasskeyBody { passkey, login }), signed_in, &site)
}

/// `PATCH /api/me/passkeys/{id}`
pub(crate) async fn rename(
    caller: Caller,
    form: PasskeyName,
    id: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<PasskeyBody>, Problem> {
    let passkey = accounts.rename_passkey(caller, passkey_id(&id)?, &form.name).await?;
    Ok(Answer::ok(PasskeyBody { passkey: shown::passkey(&passkey), login: None }))
}

/// `DELETE /api/me/passkeys/{id}`
pub(crate) async fn remove(
    caller: Caller,
    id: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    accounts.remove_passkey(caller, passkey_id(&id)?).await?;
    Ok(Answer::done())
}

/// What a browser has signed, in this field of a form.
///
/// # Errors
///
/// 422 if it is nothing of the kind.
pub(super) fn read(credential: Value, field: &str) -> Result<Answered, Problem> {
    let message = "This is no AuthenticationResponseJSON (Web Authentication Level 3).";
    let wrong = || Problem::invalid_fields(vec![field_error(field, message)]);
    Answered::read(credential).ok_or_else(wrong)
}

/// What is said of a passkey that is refused.
pub(super) fn of_passkey(error: AccountError) -> Problem {
    match error {
        AccountError::NotProven => Problem::wrong_passkey(),
        error => error.into(),
    }
}

fn answer((challenge, options): AskedPasskey) -> Answer<PasskeyOptions> {
    Answer::ok(PasskeyOptions { challenge, options })
}

fn passkey_id(text: &str) -> Result<PasskeyId, Problem> {
    PasskeyId::parse(text).ok_or_else(Problem::not_found)
}
