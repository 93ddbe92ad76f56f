//! The caller's own sessions.

use std::sync::Arc;

use hallpass_contract::SessionList;
use http::header::SET_COOKIE;

use crate::accounts::Accounts;
use crate::answer::Answer;
use crate::origin::Caller;
use crate::problem::Problem;
use crate::shown;
use crate::site::Site;
use crate::store::SessionId;

/// `GET /api/me/sessions`
pub(crate) async fn list(
    caller: Caller,
    accounts: Arc<Accounts>,
) -> Result<Answer<SessionList>, Problem> {
    let shown = |session| shown::session(session, Some(caller.session));
    let sessions = accounts.sessions_of(caller.user.id).await?;
    Ok(Answer::ok(SessionList { sessions: sessions.into_iter().map(shown).collect() }))
}

/// `DELETE /api/me/sessions`: all but the caller's.
pub(crate) async fn end_others(
    caller: Caller,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    accounts.end_other_sessions(caller).await?;
    Ok(Answer::done())
}

/// `DELETE /api/me/sessions/{id}`: one of the caller's, which may be the one of this request.
pub(crate) async fn end(
    caller: Caller,
    id: String,
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<()>, Problem> {
    let id = SessionId::parse(&id).ok_or_else(Problem::not_found)?;
    let is_own = id == caller.session;
    accounts.end_session(caller, id).await?;
    let done = Answer::done();
    Ok(if is_own { done.with_header(SET_COOKIE, site.refresh_cookie.clear()?) } else { done })
}
