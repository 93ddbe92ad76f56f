//! Navigation and the route guard; sessions that begin and end.

use hallpass_contract::page;

use super::event::Effect;
use super::field::Form;
use super::lost::PERHAPS_DELETED;
use super::model::Content;
use super::turn::Turn;
use crate::route::{Admission, Route, admit};
use crate::session::{Session, Stored};

pub(super) const SESSION_ENDED: &str = "Your session has ended. Sign in again.";
pub(super) const SIGN_IN_FIRST: &str = "Sign in to see that page.";
pub(super) const SIGNED_OUT_ELSEWHERE: &str = "You were signed out in another tab.";

/// How a navigation shows in the history.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum History {
    /// A new entry.
    Push,
    /// The current entry gets the new path.
    Replace,
    /// The browser has moved already.
    Moved,
}

impl Turn<'_> {
    pub(super) fn start(&mut self, target: &str, stored: Stored) {
        let target = self.without_secrets(target);
        self.adopt(stored);
        self.navigate(target, History::Moved);
        // What is in the fields by now was typed while the module was on its way.
        self.effects.retain(|effect| *effect != Effect::ClearPasswords(None));
    }

    pub(super) fn follow(&mut self, target: String, stored: Stored) {
        self.adopt(stored);
        let same = target == self.model.target;
        self.navigate(target, if same { History::Replace } else { History::Push });
        self.effects.push(Effect::FocusHeading);
    }

    /// A jump within the page is reported as a traversal too; it must not lose what was typed.
    pub(super) fn traverse(&mut self, target: &str, stored: Stored) {
        let target = self.without_secrets(target);
        if without_fragment(&target) == without_fragment(&self.model.target) {
            return self.storage_changed(stored);
        }
        self.adopt(stored);
        self.navigate(target, History::Moved);
        self.effects.push(Effect::FocusHeading);
    }

    /// Takes the token out of a reset link, and out of the address. Other fragments stay.
    fn without_secrets(&mut self, target: &str) -> String {
        let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
        // The link that skips the header jumps to `main`.
        if matches!(fragment, "" | "main") {
            return path.to_owned();
        }
        if Route::parse(&self.model.device.base, path) != Route::ResetPassword {
            return target.to_owned();
        }
        self.model.reset_token = fragment.into();
        self.effects.push(Effect::Replace(path.to_owned()));
        path.to_owned()
    }

    pub(super) fn storage_changed(&mut self, stored: Stored) {
        let before = self.model.session.clone();
        self.adopt(stored);
        if same_session(before.as_ref(), self.model.session.as_ref()) {
            // Perhaps with a token that another tab has renewed; what is typed here stays.
            return;
        }
        self.session_changed();
    }

    /// Somebody has signed in or out in another tab, which may change what this page may show.
    pub(super) fn session_changed(&mut self) {
        let signed_out = self.model.session.is_none() && !self.session_ended;
        let (route, session) = (&self.model.route, self.model.session.as_ref());
        let base = &self.model.device.base;
        let stays = admit(base, route, &self.model.target, session) == Admission::Show;
        if !stays || route.is_guarded() {
            self.replace(self.model.target.clone());
        }
        if signed_out {
            SIGNED_OUT_ELSEWHERE.clone_into(&mut self.model.notice);
        }
    }

    pub(super) fn storage_failed(&mut self) {
        self.model.memory_only = true;
        self.model.notice = self.how_long_it_lasts();
    }

    pub(super) fn signed_in(&mut self, session: Session) {
        // The storage gets another chance. If it fails again, the page says so again.
        self.model.memory_only = false;
        self.keep(session);
        self.model.device.went_on = None;
        // The guard sends signed-in visitors on from the sign-in page.
        self.replace(self.model.target.clone());
        self.model.notice = self.how_long_it_lasts();
    }

    /// Loads a page of another application, unless it has sent this tab back before. Until that
    /// page is there, our view `onward` stays.
    pub(super) fn load_onward(&mut self) {
        if let Route::Onward(path) = &self.model.route
            && !self.model.was_sent_back()
        {
            self.effects.push(Effect::Load(path.clone()));
        }
    }

    /// Makes this the session in all tabs.
    pub(super) fn keep(&mut self, session: Session) {
        self.effects.push(Effect::Save(session.token.clone(), session.clock_offset()));
        self.model.session = Some(session);
    }

    /// The server does not accept the token any more.
    pub(super) fn session_refused(&mut self) {
        let deleted = self.was_lost(Form::Delete, "");
        self.end_session();
        self.replace(self.model.target.clone());
        if deleted {
            PERHAPS_DELETED.clone_into(&mut self.model.notice);
        }
    }

    /// The path of the start page.
    pub(super) fn home(&self) -> String {
        [&self.model.device.base, page::HOME].concat()
    }

    /// On to the start page, from where somebody has nothing to do any more.
    pub(super) fn go_home(&mut self) {
        self.navigate(self.home(), History::Push);
        self.effects.push(Effect::FocusHeading);
    }

    /// Goes on to a path which takes the current one's place in the history.
    pub(super) fn replace(&mut self, target: String) {
        let before = self.model.route.clone();
        self.navigate(target, History::Replace);
        if self.model.route != before {
            self.effects.push(Effect::FocusHeading);
        }
    }

    /// Takes over what the storage says about the session, unless it has proved unusable.
    pub(super) fn adopt(&mut self, stored: Stored) {
        if self.model.memory_only {
            return;
        }
        match stored {
            Stored::Unavailable => {}
            Stored::Nothing => self.model.session = None,
            Stored::Token(token, clock_offset) => {
                let session = Session::restore(token.expose(), clock_offset);
                if session.is_none() {
                    self.effects.push(Effect::Forget(Some(token)));
                    self.session_ended = true;
                }
                self.model.session = session;
            }
        }
    }

    fn end_session(&mut self) {
        if let Some(session) = self.model.session.take() {
            self.effects.push(Effect::Forget(Some(session.token)));
            self.session_ended = true;
        }
    }

    /// Goes where the guard allows. A redirect ends: sign-in pages refuse to be return paths.
    pub(super) fn navigate(&mut self, mut target: String, history: History) {
        let wanted = target.clone();
        let notice = if self.session_ended { SESSION_ENDED } else { "" };
        notice.clone_into(&mut self.model.notice);
        let (route, forbidden) = loop {
            let base = &self.model.device.base;
            let route = Route::parse(base, &target);
            match admit(base, &route, &target, self.model.session.as_ref()) {
                Admission::Show => break (route, false),
                Admission::Forbid => break (route, true),
                Admission::GoOn(path) => match Route::elsewhere(base, &path) {
                    Some(page) => break (page, false),
                    None => target = path,
                },
                Admission::SignInFirst(path) => {
                    target = path;
                    if !self.session_ended {
                        self.model.notice = SIGN_IN_FIRST.to_owned();
                    }
                }
            }
        };
        match history {
            History::Push => self.effects.push(Effect::Push(target.clone())),
            History::Replace => self.effects.push(Effect::Replace(target.clone())),
            History::Moved if target != wanted => {
                self.effects.push(Effect::Replace(target.clone()));
            }
            History::Moved => {}
        }
        self.enter(route, target, forbidden);
    }

    fn enter(&mut self, route: Route, target: String, forbidden: bool) {
        if route != Route::ResetPassword {
            self.model.reset_token = "".into();
        }
        self.model.route = route;
        self.model.target = target;
        self.model.pending.clear();
        self.model.prompt = None;
        self.model.forms = Default::default();
        self.model.lost = None;
        self.model.content = Content { forbidden, ..Content::default() };
        self.effects.push(Effect::ClearPasswords(None));
        self.load_config();
        if !forbidden {
            self.load_missing();
        }
    }
}

fn without_fragment(target: &str) -> &str {
    target.split('#').next().unwrap_or_default()
}

pub(super) fn same_session(before: Option<&Session>, now: Option<&Session>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => before.id == now.id,
        (None, None) => true,
        _ => false,
    }
}
