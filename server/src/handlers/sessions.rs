//! The caller's own sessions.

use std::cmp::Reverse;

use hallpass_contract::SessionList;
use http::header::SET_COOKIE;

use super::to_the_end;
use crate::answer::Answer;
use crate::audit::{Event, Record};
use crate::auth::Caller;
use crate::problem::Problem;
use crate::refresh_cookie;
use crate::state::App;
use crate::store::{Session, SessionId};

/// `GET /api/me/sessions`
pub async fn list(caller: Caller, app: App) -> Result<Answer<SessionList>, Problem> {
    let mut sessions = app.store.sessions_of(caller.user.id, app.clock.now()).await?;
    sessions.sort_by_key(|session| Reverse((session.refreshed_at, session.id)));
    let shown = |session: Session| hallpass_contract::Session {
        id: session.id.to_string(),
        created_at: session.created_at.to_string(),
        last_used_at: session.refreshed_at.to_string(),
        user_agent: session.user_agent,
        current: session.id == caller.session,
    };
    Ok(Answer::ok(SessionList { sessions: sessions.into_iter().map(shown).collect() }))
}

/// `DELETE /api/me/sessions`: all but the caller's.
pub async fn end_others(caller: Caller, app: App) -> Result<Answer<()>, Problem> {
    to_the_end(app.tasks.clone(), async move {
        let ended = app.store.end_other_sessions(caller.actor(false), app.moment()).await;
        let ended = ended.map_err(|error| app.refusal(error))?;
        let line = Record::new(Event::SessionsEnded, &caller.client).user(caller.user.id);
        line.session(caller.session).detail(format_args!("{ended} others")).ok();
        Ok(Answer::done())
    })
    .await
}

/// `DELETE /api/me/sessions/{id}`: one of the caller's, which may be the one of this request.
pub async fn end(caller: Caller, id: String, app: App) -> Result<Answer<()>, Problem> {
    let id = SessionId::parse(&id).ok_or_else(Problem::not_found)?;
    let session = app.store.session(id).await?;
    let own = session.filter(|session| session.user == caller.user.id);
    if !own.is_some_and(|session| session.is_live(app.clock.now())) {
        return Err(Problem::not_found());
    }
    to_the_end(app.tasks.clone(), async move {
        app.store.end_session(id, app.moment()).await?;
        Record::new(Event::SessionsEnded, &caller.client).user(caller.user.id).session(id).ok();
        let done = Answer::done();
        let is_own = id == caller.session;
        Ok(if is_own { done.with_header(SET_COOKIE, refresh_cookie::clear()?) } else { done })
    })
    .await
}
