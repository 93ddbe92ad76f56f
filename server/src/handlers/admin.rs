//! What admins do with users and keys.

use std::sync::Arc;

use hallpass_contract::{AdminUserBody, RotatedKey, SessionList, UserPage, UserPatch};
use http::header::SET_COOKIE;

use crate::accounts::{AccountEdit, Accounts, RoleEdit};
use crate::answer::Answer;
use crate::origin::{Caller, Origin};
use crate::paging::Page;
use crate::problem::Problem;
use crate::shown;
use crate::site::Site;
use crate::store::{SessionId, UserId, Users};

/// `GET /api/admin/users`
pub(crate) async fn users(
    _: Caller,
    query: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<UserPage>, Problem> {
    let Page { search, after, limit } = Page::parse(&query).map_err(Problem::invalid_fields)?;
    let found = accounts.users(search.as_deref(), after, limit).await?;
    let Users { users, damaged, next } = found;
    for user in damaged {
        tracing::error!(%user, "the record of a user is damaged; run `hallpass store check`");
    }
    let users = users.into_iter().map(shown::admin_user).collect();
    Ok(Answer::ok(UserPage { users, next: next.map(|id| id.to_string()) }))
}

/// `PATCH /api/admin/users/{id}`
pub(crate) async fn edit(
    caller: Caller,
    id: String,
    form: UserPatch,
    accounts: Arc<Accounts>,
) -> Result<Answer<AdminUserBody>, Problem> {
    let edit = AccountEdit { roles: form.roles.map(RoleEdit::Set), disabled: form.disabled };
    let user = accounts.edit(user_id(&id)?, edit, Origin::Http(caller)).await?;
    Ok(Answer::ok(AdminUserBody { user: shown::admin_user(user) }))
}

/// `DELETE /api/admin/users/{id}/sessions`
pub(crate) async fn end_sessions(
    caller: Caller,
    id: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    accounts.end_sessions(user_id(&id)?, Origin::Http(caller)).await?;
    Ok(Answer::done())
}

/// `GET /api/admin/users/{id}/sessions`
pub(crate) async fn sessions(
    caller: Caller,
    id: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<SessionList>, Problem> {
    let sessions = accounts.sessions_of_user(user_id(&id)?).await?;
    let shown = |of| shown::session(of, Some(caller.session));
    Ok(Answer::ok(SessionList { sessions: sessions.into_iter().map(shown).collect() }))
}

/// `DELETE /api/admin/users/{id}/sessions/{session}`
pub(crate) async fn end_session(
    caller: Caller,
    id: String,
    session: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    let session = SessionId::parse(&session).ok_or_else(Problem::not_found)?;
    accounts.end_session_of(user_id(&id)?, session, Origin::Http(caller)).await?;
    Ok(Answer::done())
}

/// `DELETE /api/admin/sessions`
pub(crate) async fn end_all_sessions(
    caller: Caller,
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<()>, Problem> {
    accounts.end_all_sessions(Origin::Http(caller)).await?;
    Ok(Answer::done().with_header(SET_COOKIE, site.refresh_cookie.clear()?))
}

/// `POST /api/admin/users/{id}/unlock`
pub(crate) async fn unlock(
    caller: Caller,
    id: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    accounts.unlock(user_id(&id)?, Origin::Http(caller)).await?;
    Ok(Answer::done())
}

/// `POST /api/admin/keys/rotate`
pub(crate) async fn rotate_keys(
    caller: Caller,
    accounts: Arc<Accounts>,
) -> Result<Answer<RotatedKey>, Problem> {
    let key = accounts.rotate_keys(Origin::Http(caller)).await?;
    Ok(Answer::ok(RotatedKey { kid: key.kid }))
}

/// `DELETE /api/admin/keys/{id}`
pub(crate) async fn revoke_key(
    caller: Caller,
    kid: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<RotatedKey>, Problem> {
    let key = accounts.revoke_key(kid, Origin::Http(caller)).await?;
    Ok(Answer::ok(RotatedKey { kid: key.kid }))
}

/// A user id of the path; what can't be one is nobody's.
pub(super) fn user_id(text: &str) -> Result<UserId, Problem> {
    UserId::parse(text).ok_or_else(Problem::not_found)
}
