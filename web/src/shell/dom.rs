//! Elements of the page: how they are found, and what is set in them.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement, NodeList};

pub(super) fn give_focus(element: Option<HtmlElement>) {
    if let Some(element) = element {
        element.focus().ok();
    }
}

/// `[attribute=value]`
pub(super) fn hook(attribute: &str, value: &str) -> String {
    ["[", attribute, "=", value, "]"].concat()
}

pub(super) fn all(document: &Document, selector: &str) -> impl Iterator<Item = Element> {
    elements(document.query_selector_all(selector).ok())
}

pub(super) fn below(element: &Element, selector: &str) -> impl Iterator<Item = Element> {
    elements(element.query_selector_all(selector).ok())
}

fn elements(nodes: Option<NodeList>) -> impl Iterator<Item = Element> {
    let length = nodes.as_ref().map_or(0, NodeList::length);
    (0..length).filter_map(move |index| nodes.as_ref()?.item(index)?.dyn_into().ok())
}

/// As they are now: the list may change while they are visited.
pub(super) fn children(element: &Element) -> impl Iterator<Item = Element> {
    let children = element.children();
    let now: Vec<Element> = (0..children.length()).filter_map(|at| children.item(at)).collect();
    now.into_iter()
}

pub(super) fn one<T: JsCast>(document: &Document, selector: &str) -> Option<T> {
    document.query_selector(selector).ok()??.dyn_into().ok()
}

pub(super) fn show(element: &Element, shown: bool) {
    element.toggle_attribute_with_force("hidden", !shown).ok();
}

pub(super) fn set(element: &Element, name: &str, value: &str) {
    if element.get_attribute(name).as_deref() != Some(value) {
        // Fails only for names that are no attribute names.
        element.set_attribute(name, value).ok();
    }
}

pub(super) fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
