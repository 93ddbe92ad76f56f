//! One listener per event type, for all elements: what was hit is found from the target upwards.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{
    Element, Event as DomEvent, EventTarget, HtmlAnchorElement, MouseEvent, PageTransitionEvent,
    StorageEvent,
};

use super::{Shell, page, storage};
use crate::app::Event;
use crate::link::{LinkClick, internal_target};

/// A callback that the browser holds; it must outlive the page's interest in it.
pub(super) type Listener = Closure<dyn FnMut(DomEvent)>;

pub(super) fn attach(shell: &Rc<Shell>) -> Vec<Listener> {
    let document: &EventTarget = &shell.document;
    let window: &EventTarget = &shell.window;
    vec![
        listen(shell, document, "click", click),
        listen(shell, document, "submit", submit),
        listen(shell, document, "input", input),
        listen(shell, window, "popstate", popstate),
        listen(shell, window, "storage", storage_event),
        listen(shell, window, "pageshow", pageshow),
    ]
}

fn listen(
    shell: &Rc<Shell>,
    target: &EventTarget,
    kind: &str,
    handle: fn(&Rc<Shell>, &DomEvent),
) -> Listener {
    let shell = Rc::clone(shell);
    let listener = Listener::new(move |event: DomEvent| handle(&shell, &event));
    // Fails only for a callback that is none.
    target.add_event_listener_with_callback(kind, listener.as_ref().unchecked_ref()).ok();
    listener
}

fn click(shell: &Rc<Shell>, event: &DomEvent) {
    let Some(hit) = element(event) else { return };
    if let Some(action) = closest(&hit, "[data-action]") {
        match action.get_attribute("data-action").as_deref() {
            Some("sign-out") => shell.dispatch(Event::SignOut),
            Some("toggle-password") => shell.dispatch(Event::PasswordToggled),
            Some("retry") => shell.dispatch(Event::Retry),
            _ => {}
        }
    } else if let Some(link) = closest(&hit, "a[href]") {
        let Ok(link) = link.dyn_into() else { return };
        let Ok(own_origin) = shell.window.location().origin() else {
            return;
        };
        let click = link_click(&link, event.dyn_ref());
        if let Some(target) = internal_target(&click, &own_origin) {
            event.prevent_default();
            shell.dispatch(Event::Followed(target.to_owned(), storage::read(&shell.window)));
        }
    }
}

fn link_click(link: &HtmlAnchorElement, mouse: Option<&MouseEvent>) -> LinkClick {
    LinkClick {
        origin: link.origin(),
        target: [link.pathname(), link.search(), link.hash()].concat(),
        plain: mouse.is_some_and(|mouse| {
            let modified =
                mouse.ctrl_key() || mouse.meta_key() || mouse.shift_key() || mouse.alt_key();
            mouse.button() == 0 && !modified
        }),
        elsewhere: link.has_attribute("target") || link.has_attribute("download"),
    }
}

/// No form of ours is ever submitted by the browser: that would be a navigation.
fn submit(shell: &Rc<Shell>, event: &DomEvent) {
    event.prevent_default();
    let Some(form) = element(event).as_ref().and_then(page::form) else {
        return;
    };
    let username = page::value(&shell.document, form, "username");
    let password = page::value(&shell.document, form, "password");
    shell.dispatch(Event::Submitted(form, username, password.into()));
}

fn input(shell: &Rc<Shell>, event: &DomEvent) {
    if let Some((form, field)) = element(event).as_ref().and_then(page::field) {
        shell.dispatch(Event::Edited(form, field));
    }
}

fn popstate(shell: &Rc<Shell>, _event: &DomEvent) {
    shell.dispatch(Event::Traversed(shell.target(), storage::read(&shell.window)));
}

/// The key is absent when another tab has cleared the whole storage.
fn storage_event(shell: &Rc<Shell>, event: &DomEvent) {
    let key = event.dyn_ref::<StorageEvent>().and_then(StorageEvent::key);
    if key.is_none_or(|key| key == storage::TOKEN_KEY) {
        shell.dispatch(Event::StorageChanged(storage::read(&shell.window)));
    }
}

/// A page that comes back from the back/forward cache has missed the storage events meanwhile.
fn pageshow(shell: &Rc<Shell>, event: &DomEvent) {
    if event.dyn_ref().is_some_and(PageTransitionEvent::persisted) {
        shell.dispatch(Event::StorageChanged(storage::read(&shell.window)));
    }
}

fn element(event: &DomEvent) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

fn closest(element: &Element, selector: &str) -> Option<Element> {
    element.closest(selector).ok().flatten()
}
