//! A forgotten password: an admin makes a link, and whoever has it sets a new one, once.

use std::sync::Arc;

use hallpass_contract::{PasswordReset, ResetLink, ResetList, page};

use super::admin::user_id;
use crate::accounts::{Accounts, ResetToken};
use crate::answer::Answer;
use crate::client::Client;
use crate::origin::{Caller, Origin};
use crate::problem::Problem;
use crate::shown;
use crate::site::Site;

/// `POST /api/admin/users/{id}/reset`
pub(crate) async fn offer(
    caller: Caller,
    id: String,
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<ResetLink>, Problem> {
    let user = user_id(&id)?;
    let address = site.link_address.as_deref().ok_or_else(Problem::no_public_url)?;
    let ResetToken { token, expires_at } = accounts.offer_reset(user, caller).await?;
    // The token is the fragment, which browsers send to nobody.
    let url = format!("{address}{}#{}", page::RESET_PASSWORD, token.expose());
    Ok(Answer::ok(ResetLink { url, expires_at: expires_at.to_string() }))
}

/// `GET /api/admin/resets`
pub(crate) async fn list(_: Caller, accounts: Arc<Accounts>) -> Result<Answer<ResetList>, Problem> {
    let resets = accounts.open_resets().await?;
    Ok(Answer::ok(ResetList { resets: resets.into_iter().map(shown::reset).collect() }))
}

/// `DELETE /api/admin/users/{id}/reset`
pub(crate) async fn withdraw(
    caller: Caller,
    id: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    accounts.withdraw_reset(user_id(&id)?, Origin::Http(caller)).await?;
    Ok(Answer::done())
}

/// `POST /api/password-reset`
pub(crate) async fn take_up(
    form: PasswordReset,
    client: Client,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    accounts.take_up_reset(&form.token, form.new_password, client).await?;
    Ok(Answer::done())
}
