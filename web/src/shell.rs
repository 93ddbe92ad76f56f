//! The browser: turns what happens in it into events and carries out the effects. No decision is
//! taken here. Hooks that `index.html` promises are looked up by name and skipped when absent: a
//! page that lost one still works in the rest.

mod device;
mod fetch;
mod form;
mod listeners;
mod lock;
mod page;
mod script;
mod storage;
mod text;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Date, Function};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, History, Window};

use crate::app::{Effect, Event, Model, update};
use crate::screen::{Screen, screen};
use crate::session::Seconds;
use listeners::Listener;
use script::Fetches;

thread_local! {
    /// The listeners live as long as the page; here they have an owner that does.
    static LISTENERS: RefCell<Vec<Listener>> = const { RefCell::new(Vec::new()) };
    static ENTRY: RefCell<Option<script::Entry>> = const { RefCell::new(None) };
}

/// The application in its page.
struct Shell {
    window: Window,
    document: Document,
    history: Option<History>,
    model: RefCell<Model>,
    /// What the page shows now.
    drawn: RefCell<Option<Screen>>,
    /// Events that came up while effects were carried out.
    queue: RefCell<VecDeque<Event>>,
    dispatching: Cell<bool>,
    /// Lets go of the lock while it is held.
    release_lock: Cell<Option<Function>>,
    alarm: RefCell<Option<Alarm>>,
    fetches: RefCell<Fetches>,
}

/// Takes over the page that loaded the module.
pub fn start() {
    let Some(window) = web_sys::window() else {
        return;
    };
    let Some(document) = window.document() else {
        return;
    };
    let device = device::read(&window);
    let shell = Rc::new(Shell {
        history: window.history().ok(),
        window,
        document,
        model: RefCell::new(Model::new(device)),
        drawn: RefCell::default(),
        queue: RefCell::default(),
        dispatching: Cell::new(false),
        release_lock: Cell::default(),
        alarm: RefCell::default(),
        fetches: RefCell::default(),
    });
    shell.dispatch(Event::Started(shell.target(), storage::read(&shell.window)));
    shell.pay_sign_out();
    if !shell.window.navigator().on_line() {
        shell.dispatch(Event::Online(false));
    }
    LISTENERS.set(listeners::attach(&shell));
    ENTRY.set(Some(script::offer(&shell)));
    page::mark_ready(&shell.document);
}

/// A timer that is set, and what it calls.
struct Alarm {
    timer: i32,
    _ring: Closure<dyn FnMut()>,
}

impl Shell {
    fn dispatch(self: &Rc<Self>, event: Event) {
        self.queue.borrow_mut().push_back(event);
        if self.dispatching.replace(true) {
            return;
        }
        while let Some(event) = self.take_event() {
            let effects = update(event, now(), &mut self.model.borrow_mut());
            self.draw();
            for effect in effects {
                self.carry_out(effect);
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

    fn carry_out(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Push(path) => self.visit(&path, History::push_state_with_url),
            Effect::Replace(path) => self.visit(&path, History::replace_state_with_url),
            Effect::Load(path) => device::load(&self.window, &path),
            Effect::Send(request) => {
                let shell = Rc::clone(self);
                spawn_local(async move {
                    let answer = fetch::send(&shell.window, &request).await;
                    shell.dispatch(Event::Answered(request.id, answer));
                });
            }
            Effect::Fetch(id, token) => script::send(self, id, token.as_ref()),
            Effect::Deliver(id) => script::deliver(self, id),
            Effect::Save(token, clock_offset) => {
                if !storage::save(&self.window, &token, clock_offset) {
                    self.dispatch(Event::StorageFailed);
                }
            }
            Effect::SaveClock(offset) => storage::save_clock(&self.window, offset),
            Effect::Forget(only) => storage::forget(&self.window, only.as_ref()),
            Effect::OweSignOut(owed) => storage::owe_sign_out(&self.window, owed),
            Effect::Lock => lock::acquire(self),
            Effect::Unlock => lock::release(self),
            Effect::Wake(seconds) => self.set_alarm(seconds),
            Effect::FocusHeading => {
                page::focus_heading(&self.document);
                self.window.scroll_to_with_x_and_y(0.0, 0.0);
            }
            Effect::FocusAnswer(list) => page::focus_answer(&self.document, list),
            Effect::Focus(form, control) => form::focus(&self.document, form, control),
            Effect::ClearPasswords(only) => form::clear_passwords(&self.document, only),
            Effect::FillUsername(form, username) => {
                form::fill_username(&self.document, form, &username);
            }
        }
    }

    /// Another page may have signed out while the server was not there.
    fn pay_sign_out(self: &Rc<Self>) {
        if storage::owes_sign_out(&self.window) {
            self.dispatch(Event::SignOutOwed(storage::read(&self.window)));
        }
    }

    fn set_alarm(self: &Rc<Self>, seconds: Seconds) {
        let shell = Rc::clone(self);
        let ring = Closure::new(move || shell.dispatch(Event::Woke(storage::read(&shell.window))));
        let function: &Function = ring.as_ref().unchecked_ref();
        let milliseconds = i32::try_from(seconds.saturating_mul(1000)).unwrap_or(i32::MAX);
        let timer = self
            .window
            .set_timeout_with_callback_and_timeout_and_arguments_0(function, milliseconds);
        let alarm = timer.ok().map(|timer| Alarm { timer, _ring: ring });
        if let Some(before) = self.alarm.replace(alarm) {
            self.window.clear_timeout_with_handle(before.timer);
        }
    }

    fn visit(
        &self,
        path: &str,
        write: fn(&History, &JsValue, &str, Option<&str>) -> Result<(), JsValue>,
    ) {
        if let Some(history) = &self.history {
            // Refused only by a browser that is flooded with navigations; the view changes anyway.
            write(history, &JsValue::NULL, "", Some(path)).ok();
        }
    }

    /// The path, query and fragment in the address bar.
    fn target(&self) -> String {
        let location = self.window.location();
        let parts = [location.pathname(), location.search(), location.hash()];
        parts.map(Result::unwrap_or_default).concat()
    }
}

/// The device's clock.
fn now() -> Seconds {
    seconds(Date::now()).unwrap_or_default()
}

/// Milliseconds since 1970, cut to seconds; none if they are no number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds since 1970 fit with room to spare"
)]
fn seconds(milliseconds: f64) -> Option<Seconds> {
    milliseconds.is_finite().then_some((milliseconds / 1000.0) as Seconds)
}
