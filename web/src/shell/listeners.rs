//! One listener per event type, for all elements: what was hit is found from the target upwards.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{
    Element, Event as DomEvent, EventTarget, HtmlAnchorElement, HtmlInputElement, MouseEvent,
    PageTransitionEvent, StorageEvent,
};

use super::dispatcher::Shell;
use super::form;
use crate::app::{Action, Event};
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
        // The Escape key, on the dialog; it does not bubble.
        listen_on(shell, document, "cancel", cancel, true),
        listen(shell, window, "popstate", popstate),
        listen(shell, window, "online", online),
        listen(shell, window, "offline", online),
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
    listen_on(shell, target, kind, handle, false)
}

fn listen_on(
    shell: &Rc<Shell>,
    target: &EventTarget,
    kind: &str,
    handle: fn(&Rc<Shell>, &DomEvent),
    capture: bool,
) -> Listener {
    let shell = Rc::clone(shell);
    let listener = Listener::new(move |event: DomEvent| handle(&shell, &event));
    let function = listener.as_ref().unchecked_ref();
    // Fails only for a callback that is none.
    target.add_event_listener_with_callback_and_bool(kind, function, capture).ok();
    listener
}

fn click(shell: &Rc<Shell>, event: &DomEvent) {
    let Some(hit) = element(event) else { return };
    if let Some(button) = closest(&hit, "[data-action]") {
        let name = button.get_attribute("data-action").unwrap_or_default();
        if let Some(action) = Action::parse(&name, form::of(&button), row(&button)) {
            shell.dispatch(Event::Pressed(action));
        }
    } else if let Some(link) = closest(&hit, "a[href]") {
        let Ok(link) = link.dyn_into() else { return };
        let Ok(own_origin) = shell.window.location().origin() else {
            return;
        };
        let click = link_click(&link, event.dyn_ref());
        if let Some(target) = internal_target(&click, &own_origin, &shell.kept.base) {
            event.prevent_default();
            shell.dispatch(Event::Followed(target.to_owned(), shell.kept.read()));
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

/// Keeps the browser from submitting the form, which would be a navigation.
fn submit(shell: &Rc<Shell>, event: &DomEvent) {
    event.prevent_default();
    let Some(element) = element(event) else { return };
    if let Some(form) = form::of(&element) {
        shell.dispatch(Event::Submitted(form, form::read(&shell.document, form)));
    } else if let Some(id) = row(&element) {
        let input = element.query_selector("[name=roles]").ok().flatten();
        let roles = input.and_then(|input| input.dyn_into().ok());
        let roles = roles.map(|input: HtmlInputElement| input.value()).unwrap_or_default();
        shell.dispatch(Event::RolesSubmitted(id, roles));
    }
}

fn input(shell: &Rc<Shell>, event: &DomEvent) {
    let Some(element) = element(event) else { return };
    if let (Some(form), Some(field)) = (form::of(&element), form::field(&element)) {
        shell.dispatch(Event::Edited(form, field, form::read(&shell.document, form)));
    }
}

/// The browser would close the dialog behind our back. Dialogs of other scripts are their own.
fn cancel(shell: &Rc<Shell>, event: &DomEvent) {
    if element(event).is_some_and(|dialog| dialog.id() == "fresh") {
        event.prevent_default();
        shell.dispatch(Event::Pressed(Action::Cancel));
    }
}

fn online(shell: &Rc<Shell>, event: &DomEvent) {
    let online = event.type_() == "online";
    shell.dispatch(Event::Online(online));
    if online {
        shell.pay_sign_out();
    }
}

/// The id of the row that an element is in.
fn row(element: &Element) -> Option<String> {
    closest(element, "[data-id]")?.get_attribute("data-id")
}

fn popstate(shell: &Rc<Shell>, _event: &DomEvent) {
    shell.dispatch(Event::Traversed(shell.target(), shell.kept.read()));
}

/// The key is absent when another tab has cleared the whole storage.
fn storage_event(shell: &Rc<Shell>, event: &DomEvent) {
    let key = event.dyn_ref::<StorageEvent>().and_then(StorageEvent::key);
    if key.is_none_or(|key| shell.kept.is_token(&key)) {
        shell.dispatch(Event::StorageChanged(shell.kept.read()));
    }
}

/// A page that comes back from the back/forward cache has missed the storage events meanwhile.
fn pageshow(shell: &Rc<Shell>, event: &DomEvent) {
    if event.dyn_ref().is_some_and(PageTransitionEvent::persisted) {
        shell.dispatch(Event::StorageChanged(shell.kept.read()));
    }
}

fn element(event: &DomEvent) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

fn closest(element: &Element, selector: &str) -> Option<Element> {
    element.closest(selector).ok().flatten()
}
