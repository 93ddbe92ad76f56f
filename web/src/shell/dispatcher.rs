//! Hands events to the application, draws the screen, and has the effects carried out.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, History, Window};

use super::clock::now;
use super::fetches::Fetches;
use super::page;
use super::storage::Kept;
use crate::app::{Effect, Event, Model, update};
use crate::screen::{Screen, screen};

/// The application in its page.
pub(super) struct Shell {
    pub(super) window: Window,
    pub(super) document: Document,
    pub(super) history: Option<History>,
    pub(super) kept: Kept,
    pub(super) model: RefCell<Model>,
    /// What the page shows now.
    pub(super) drawn: RefCell<Option<Screen>>,
    /// Events that came up while effects were carried out.
    pub(super) queue: RefCell<VecDeque<Event>>,
    pub(super) dispatching: Cell<bool>,
    /// Lets go of the lock while it is held.
    pub(super) release_lock: Cell<Option<Function>>,
    pub(super) alarm: RefCell<Option<Alarm>>,
    pub(super) fetches: RefCell<Fetches>,
    /// Carries out an effect. Handlers dispatch events themselves, so this module must not import
    /// them.
    pub(super) carry_out: fn(&Rc<Self>, Effect),
}

/// A timer that is set, and what it calls.
pub(super) struct Alarm {
    pub(super) timer: i32,
    pub(super) _ring: Closure<dyn FnMut()>,
}

impl Shell {
    pub(super) fn dispatch(self: &Rc<Self>, event: Event) {
        self.queue.borrow_mut().push_back(event);
        if self.dispatching.replace(true) {
            return;
        }
        while let Some(event) = self.take_event() {
            let effects = update(event, now(), &mut self.model.borrow_mut());
            self.draw();
            for effect in effects {
                (self.carry_out)(self, effect);
            }
        }
        self.dispatching.set(false);
    }

    fn take_event(&self) -> Option<Event> {
        self.queue.borrow_mut().pop_front()
    }

    fn draw(&self) {
        let screen = screen(&self.model.borrow());
        if self.drawn.borrow().as_ref() != Some(&screen) {
            page::draw(&self.document, &screen);
            self.drawn.replace(Some(screen));
        }
    }

    /// Another page may have signed out while the server was not there.
    pub(super) fn pay_sign_out(self: &Rc<Self>) {
        if self.kept.owes_sign_out() {
            self.dispatch(Event::SignOutOwed(self.kept.read()));
        }
    }

    /// The path, query and fragment in the address bar.
    pub(super) fn target(&self) -> String {
        let location = self.window.location();
        let parts = [location.pathname(), location.search(), location.hash()];
        parts.map(Result::unwrap_or_default).concat()
    }
}
