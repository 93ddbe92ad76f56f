//! What admins do with users and keys.

use hallpass_contract::path::{self, DEFAULT_LIMIT, MAX_LIMIT};
use hallpass_contract::{AdminUser, AdminUserBody, RotatedKey, UserPage, UserPatch};

use super::to_the_end;
use crate::answer::Answer;
use crate::audit::{Event, Record};
use crate::auth::Caller;
use crate::problem::{Problem, field_error};
use crate::roles;
use crate::state::App;
use crate::store::{Edited, User, UserEdit, UserId, Users};

/// `GET /api/admin/users`
pub async fn users(_: Caller, query: String, app: App) -> Result<Answer<UserPage>, Problem> {
    let Page { after, limit } = Page::parse(&query)?;
    let Users { users, damaged, next } = app.store.users(after, limit).await?;
    for user in damaged {
        tracing::error!(%user, "the record of a user is damaged; run `hallpass store check`");
    }
    let next = next.map(|id| id.to_string());
    Ok(Answer::ok(UserPage { users: users.into_iter().map(shown).collect(), next }))
}

struct Page {
    after: Option<UserId>,
    limit: usize,
}

impl Page {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut page = Self { after: None, limit: DEFAULT_LIMIT };
        let mut errors = Vec::new();
        let (mut afters, mut limits) = (0, 0);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name == path::AFTER {
                afters += 1;
                page.after = UserId::parse(&value);
                if page.after.is_none() {
                    errors.push(field_error(path::AFTER, "Give the `next` of the page before."));
                }
            } else if name == path::LIMIT {
                limits += 1;
                match value.parse() {
                    Ok(limit @ 1..=MAX_LIMIT) => page.limit = limit,
                    _ => errors.push(field_error(path::LIMIT, format!("Give 1 to {MAX_LIMIT}."))),
                }
            }
        }
        for (name, times) in [(path::AFTER, afters), (path::LIMIT, limits)] {
            if times > 1 {
                errors.push(field_error(name, "Give it once."));
            }
        }
        if errors.is_empty() { Ok(page) } else { Err(Problem::invalid_fields(errors)) }
    }
}

/// A user as admins see them.
pub fn shown(user: User) -> AdminUser {
    AdminUser {
        id: user.id.to_string(),
        username: user.username,
        roles: user.roles,
        created_at: user.created_at.to_string(),
        disabled: user.disabled,
    }
}

/// `PATCH /api/admin/users/{id}`
pub async fn edit(
    caller: Caller,
    id: String,
    form: UserPatch,
    app: App,
) -> Result<Answer<AdminUserBody>, Problem> {
    let id = user_id(&id)?;
    let roles = form.roles.map(roles::check).transpose();
    let roles =
        roles.map_err(|message| Problem::invalid_fields(vec![field_error("roles", message)]))?;
    let edit = UserEdit { roles, disabled: form.disabled };
    to_the_end(app.tasks.clone(), async move {
        let edited = app.store.edit_user(id, edit, Some(caller.actor(true)), app.moment()).await;
        let edited = edited.map_err(|error| {
            let line = Record::new(Event::RoleChange, &caller.client).user(id).by(caller.user.id);
            line.session(caller.session).refused(&error.to_string());
            app.refusal(error)
        })?;
        let line = |event| {
            let line = Record::new(event, &caller.client).by(caller.user.id);
            line.session(caller.session)
        };
        log_edit(&edited, line);
        Ok(Answer::ok(AdminUserBody { user: shown(edited.after) }))
    })
    .await
}

/// A line for each thing that is another one now.
pub fn log_edit<'a>(edited: &Edited, line: impl Fn(Event) -> Record<'a>) {
    let Edited { before, after } = edited;
    if before.roles != after.roles {
        let roles = after.roles.join(",");
        line(Event::RoleChange).user(after.id).detail(roles).ok();
    }
    if before.disabled != after.disabled {
        let event = if after.disabled { Event::UserDisabled } else { Event::UserEnabled };
        line(event).user(after.id).ok();
    }
}

/// `DELETE /api/admin/users/{id}/sessions`
pub async fn end_sessions(caller: Caller, id: String, app: App) -> Result<Answer<()>, Problem> {
    let id = user_id(&id)?;
    to_the_end(app.tasks.clone(), async move {
        let line = Record::new(Event::SessionsEnded, &caller.client).user(id).by(caller.user.id);
        let line = line.session(caller.session);
        match app.store.end_sessions(id, Some(caller.actor(true)), app.moment()).await {
            Ok(ended) => line.detail(format_args!("all {ended}")).ok(),
            Err(error) => {
                line.refused(&error.to_string());
                return Err(app.refusal(error));
            }
        }
        Ok(Answer::done())
    })
    .await
}

/// `POST /api/admin/keys/rotate`
pub async fn rotate_keys(caller: Caller, app: App) -> Result<Answer<RotatedKey>, Problem> {
    to_the_end(app.tasks.clone(), async move {
        let line = Record::new(Event::KeyRotation, &caller.client).by(caller.user.id);
        let line = line.session(caller.session);
        let (keys, now) = (app.keys.clone(), app.clock.now());
        let rotated = tokio::task::spawn_blocking(move || keys.rotate(now)).await;
        match rotated.map_err(Problem::internal)? {
            Ok(key) => {
                line.detail(&key.kid).ok();
                Ok(Answer::ok(RotatedKey { kid: key.kid }))
            }
            Err(error) => {
                line.refused(&error.to_string());
                Err(error.into())
            }
        }
    })
    .await
}

/// A user id of the path; whatever can't be one is nobody's.
pub(super) fn user_id(text: &str) -> Result<UserId, Problem> {
    UserId::parse(text).ok_or_else(Problem::not_found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        assert_eq!(Page::parse("limit=7&other=1&other=2").map(|page| page.limit).unwrap(), 7);
        for twice in ["limit=1&limit=2", "limit=1&after=&limit=1", "limit=0"] {
            let problem = Page::parse(twice).map(|page| page.limit).unwrap_err();
            assert_eq!(problem.status(), http::StatusCode::UNPROCESSABLE_ENTITY, "{twice}");
        }
    }
}
