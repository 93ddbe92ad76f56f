//! The browser: turns what happens in it into events and carries out the effects. No decision is
//! taken here. Hooks that `index.html` promises are looked up by name and skipped when absent: a
//! page that lost one still works in the rest.

mod clock;
mod device;
mod dispatcher;
mod dom;
mod fetch;
mod fetches;
mod form;
mod listeners;
mod lock;
mod page;
mod script;
mod storage;
mod text;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::History;

use crate::app::{Effect, Event, Model};
use crate::session::Seconds;
use dispatcher::{Alarm, Shell};
use listeners::Listener;
use storage::Kept;

thread_local! {
    /// The listeners live as long as the page; here they have an owner that does.
    static LISTENERS: RefCell<Vec<Listener>> = const { RefCell::new(Vec::new()) };
    static ENTRY: RefCell<Option<script::Entry>> = const { RefCell::new(None) };
}

/// Takes over the page that loaded the module.
pub fn start() {
    let Some(window) = web_sys::window() else {
        return;
    };
    let Some(document) = window.document() else {
        return;
    };
    let kept = Kept::new(&window, &document);
    let device = device::read(&window, &kept);
    let shell = Rc::new(Shell {
        history: window.history().ok(),
        window,
        document,
        kept,
        model: RefCell::new(Model::new(device)),
        drawn: RefCell::default(),
        queue: RefCell::default(),
        dispatching: Cell::new(false),
        release_lock: Cell::default(),
        alarm: RefCell::default(),
        fetches: RefCell::default(),
        carry_out: Shell::carry_out,
    });
    shell.dispatch(Event::Started(shell.target(), shell.kept.read()));
    shell.pay_sign_out();
    if !shell.window.navigator().on_line() {
        shell.dispatch(Event::Online(false));
    }
    LISTENERS.set(listeners::attach(&shell));
    ENTRY.set(Some(script::offer(&shell)));
    page::mark_ready(&shell.document);
}

impl Shell {
    fn carry_out(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Push(path) => self.visit(&path, History::push_state_with_url),
            Effect::Replace(path) => self.visit(&path, History::replace_state_with_url),
            Effect::Load(path) => device::load(&self.window, &self.kept, &path),
            Effect::Send(request) => {
                let shell = Rc::clone(self);
                spawn_local(async move {
                    let answer = fetch::send(&shell.window, &shell.kept.base, &request).await;
                    shell.dispatch(Event::Answered(request.id, answer));
                });
            }
            Effect::Fetch(id, token) => script::send(self, id, token.as_ref()),
            Effect::Deliver(id) => script::deliver(self, id),
            Effect::Save(token, clock_offset) => {
                if !self.kept.save(&token, clock_offset) {
                    self.dispatch(Event::StorageFailed);
                }
            }
            Effect::SaveClock(offset) => {
                self.kept.save_clock(offset);
            }
            Effect::Forget(only) => self.kept.forget(only.as_ref()),
            Effect::OweSignOut(owed) => self.kept.owe_sign_out(owed),
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

    fn set_alarm(self: &Rc<Self>, seconds: Seconds) {
        let shell = Rc::clone(self);
        let ring = Closure::new(move || shell.dispatch(Event::Woke(shell.kept.read())));
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
}
