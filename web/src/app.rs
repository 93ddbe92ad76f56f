//! The application as a pure function: events come in, the model changes, effects go out. The
//! clock, the storage, the network and the page are known by events and effects alone.

mod account;
mod action;
mod admin;
mod calls;
mod connection;
mod device;
mod durability;
mod event;
mod field;
mod foreign;
mod forms;
mod freshness;
mod lost;
mod model;
mod navigation;
mod notes;
mod owed;
mod refresh;
mod resets;
mod script_request;
mod sign_out;
mod task;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod turn;

use crate::session::Seconds;
pub use action::Action;
pub use device::{Cookies, Device};
pub use event::{Effect, Event};
pub use field::{Control, FORMS, Field, Form, Input};
pub use model::{Content, Failure, FormState, Gone, Model, Note, Typed};
pub(crate) use resets::about_reset;
pub use script_request::{FetchId, FetchOutcome};
use turn::Turn;

/// Handles an event at the time `now`: changes the model, and returns what the shell is to do.
pub fn update(event: Event, now: Seconds, model: &mut Model) -> Vec<Effect> {
    model.now = now;
    let mut turn = Turn { model, now, session_ended: false, effects: Vec::new() };
    match event {
        Event::Started(target, stored) => turn.start(&target, stored),
        Event::Followed(target, stored) => turn.follow(target, stored),
        Event::Traversed(target, stored) => turn.traverse(&target, stored),
        Event::StorageChanged(stored) => turn.storage_changed(stored),
        Event::StorageFailed => turn.storage_failed(),
        Event::Submitted(form, input) => turn.submit(form, input),
        Event::Edited(form, field, input) => turn.edited(form, field, &input),
        Event::RolesSubmitted(id, roles) => turn.set_roles(id, &roles),
        Event::Pressed(action) => turn.pressed(action),
        Event::Answered(id, answer) => turn.answered(id, &answer),
        Event::Locked(stored) => turn.locked(stored),
        Event::Woke(stored) => turn.woke(stored),
        Event::SignOutOwed(stored) => turn.sign_out_owed(stored),
        Event::Online(online) => turn.online(online),
        Event::FetchAsked(id, url) => turn.fetch_asked(id, url),
        Event::Fetched(id, outcome) => turn.fetched(id, &outcome),
    }
    turn.plan_ahead();
    turn.effects
}

impl Turn<'_> {
    fn pressed(&mut self, action: Action) {
        match action {
            Action::SignOut => self.sign_out(),
            Action::TogglePassword(form) => self.model.form_mut(form).show_password ^= true,
            Action::Retry => self.retry(),
            Action::Cancel => self.cancel_prompt(),
            Action::Prove => self.prompt_unless_open(),
            Action::Passkey(body) => self.show_passkey(body),
            Action::EndSession(id) => self.end_session_of(id),
            Action::EndOtherSessions => self.end_other_sessions(),
            Action::Disable(id) => self.disable(id, true),
            Action::Enable(id) => self.disable(id, false),
            Action::EndUserSessions(id) => self.end_sessions_of_user(id),
            Action::OfferReset(id) => self.offer_reset(id),
            Action::WithdrawReset(id) => self.withdraw_reset(id),
        }
    }
}
