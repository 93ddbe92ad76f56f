//! The account itself: how it comes to be, gets another password, and goes.

use std::sync::Arc;

use hallpass_contract::{Credentials, PasswordChange, UserBody};
use http::header::SET_COOKIE;

use crate::accounts::{AccountError, Accounts, NewAccount};
use crate::answer::Answer;
use crate::client::Client;
use crate::origin::{Caller, Origin};
use crate::problem::Problem;
use crate::proof::Proof;
use crate::shown;
use crate::site::Site;

/// `POST /api/register`
pub(crate) async fn register(
    form: Credentials,
    client: Client,
    accounts: Arc<Accounts>,
) -> Result<Answer<UserBody>, Problem> {
    let new = NewAccount::of_person(form.username, form.password);
    let user = accounts.register(new, Origin::Http(client)).await?;
    Ok(Answer::created(UserBody { user: shown::user(&user) }))
}

/// `POST /api/me/password`: the caller's other sessions end.
pub(crate) async fn change_password(
    caller: Caller,
    form: PasswordChange,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    let proof = Proof::Password(form.current_password);
    let changed = accounts.change_password(caller, proof, form.new_password).await;
    changed.map_err(|error| match error {
        AccountError::NotProven => Problem::from(error).with_field("current_password"),
        error => error.into(),
    })?;
    Ok(Answer::done())
}

/// `DELETE /api/me`
pub(crate) async fn delete(
    caller: Caller,
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<()>, Problem> {
    accounts.delete(caller.user.id, Origin::Http(caller)).await?;
    Ok(Answer::done().with_header(SET_COOKIE, site.refresh_cookie.clear()?))
}
