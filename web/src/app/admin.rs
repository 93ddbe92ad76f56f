//! The admin page: all users, a page at a time.

use hallpass_contract::{AdminUserBody, ResetLink, UserPatch, path};

use super::task::Task;
use super::turn::Turn;
use crate::api::{Answer, Fault, Method, expect, expect_status, json_body};
use crate::route::Route;
use crate::text::name;

/// The list of users.
const LIST: &str = "users";

/// The users on a page.
pub(super) const PAGE_SIZE: usize = 20;

/// The path of the page of users that a route names.
pub(super) fn users_path(route: &Route) -> String {
    let mut path = [path::ADMIN_USERS, "?", path::LIMIT, "=", &PAGE_SIZE.to_string()].concat();
    if let Route::Admin(users) = route {
        path.push_str(&users.query("&"));
    }
    path
}

impl Turn<'_> {
    pub(super) fn set_roles(&mut self, id: String, text: &str) {
        let separates = |c: char| c == ',' || c.is_whitespace();
        let roles = text.split(separates).filter(|role| !role.is_empty()).map(str::to_owned);
        self.patch_user(id, &UserPatch { roles: Some(roles.collect()), disabled: None });
    }

    pub(super) fn disable(&mut self, id: String, disabled: bool) {
        self.patch_user(id, &UserPatch { roles: None, disabled: Some(disabled) });
    }

    fn patch_user(&mut self, id: String, patch: &UserPatch) {
        if self.begins(&id) {
            let path = path::ADMIN_USER.replace("{id}", &id);
            self.call(Method::Patch, path, json_body(patch), Task::PatchUser(id));
        }
    }

    pub(super) fn end_sessions_of_user(&mut self, id: String) {
        if self.begins(&id) {
            let path = path::ADMIN_USER_SESSIONS.replace("{id}", &id);
            self.call(Method::Delete, path, None, Task::EndUserSessions(id));
        }
    }

    pub(super) fn offer_reset(&mut self, id: String) {
        if self.begins(&id) {
            let path = path::ADMIN_USER_RESET.replace("{id}", &id);
            self.call(Method::Post, path, None, Task::OfferReset(id));
        }
    }

    /// Whether an action on the user of this id can begin: the row is there and waits for nothing.
    fn begins(&mut self, id: &str) -> bool {
        let listed = self.model.content.users.iter().flatten().any(|user| user.id == id);
        self.clear_notes();
        listed && !self.model.is_row_busy(id)
    }

    pub(super) fn user_answered(&mut self, id: String, answer: &Answer) {
        let user = match expect::<AdminUserBody>(answer, 200) {
            Ok(body) => body.user,
            Err(fault) => return self.row_failed(id, fault),
        };
        self.note_done(&id, ["Saved: ", &name(&user.username), "."].concat());
        let mut users = self.model.content.users.iter_mut().flatten();
        if let Some(listed) = users.find(|listed| listed.id == user.id) {
            *listed = user;
        }
        if self.model.session.as_ref().is_some_and(|session| session.subject == id) {
            // The token says what the roles were.
            self.begin_refresh();
        }
    }

    pub(super) fn user_sessions_answered(&mut self, id: String, answer: &Answer) {
        match expect_status(answer, 204) {
            Ok(_) => {
                self.note_done(&id, [&self.name_of(&id), " is signed out everywhere."].concat());
            }
            Err(fault) => self.row_failed(id, fault),
        }
    }

    pub(super) fn reset_offered(&mut self, id: String, answer: &Answer) {
        match expect::<ResetLink>(answer, 200) {
            Ok(link) => {
                let done = ["A reset link for ", &self.name_of(&id), " is ready."].concat();
                self.note_done(&id, done);
                self.model.content.reset_link = Some((id, link.url.into(), link.expires_at));
                self.reload_resets();
            }
            Err(fault) => self.row_failed(id, fault),
        }
    }

    fn name_of(&self, id: &str) -> String {
        let mut users = self.model.content.users.iter().flatten();
        let user = users.find(|user| user.id == id);
        user.map_or_else(|| "The user".to_owned(), |user| name(&user.username))
    }

    /// An admin who has lost the role sees that at once. A user who is gone leaves the list.
    fn row_failed(&mut self, id: String, fault: Fault) {
        match fault.status {
            403 => self.forbid(),
            404 => self.user_is_gone(&id),
            _ => self.note_fault(id, fault),
        }
    }

    fn user_is_gone(&mut self, id: &str) {
        let Some(users) = &mut self.model.content.users else { return };
        if let Some(index) = users.iter().position(|user| user.id == id) {
            let user = users.remove(index);
            let message = [&name(&user.username), " is not there any more."].concat();
            self.note_gone(LIST, index, message);
        }
    }
}
