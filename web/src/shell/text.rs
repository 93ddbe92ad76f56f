//! Writes texts into elements: names apart from words, times in the reader's zone.

use js_sys::{Date, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, HtmlInputElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::dom::set;
use crate::text::{pieces, plain};

/// What has not changed is not written, so that screen readers stay silent on it.
pub(super) fn write(document: &Document, element: &Element, text: &str) {
    if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        input.set_value(text);
    } else if element.tag_name() == "TIME" {
        write_time(element, text);
    } else {
        write_pieces(document, element, text);
    }
}

fn write_pieces(document: &Document, element: &Element, text: &str) {
    if element.text_content().unwrap_or_default() == plain(text) {
        return;
    }
    let fragment = document.create_document_fragment();
    for piece in pieces(text) {
        if !piece.is_name {
            fragment.append_child(&document.create_text_node(piece.text)).ok();
        } else if let Some(name) = name_element(document, piece.text) {
            fragment.append_child(&name).ok();
        }
    }
    element.set_text_content(None);
    element.append_child(&fragment).ok();
    if !text.is_empty() && element.has_attribute("role") {
        reveal(document, element);
    }
}

/// An answer comes into the window, unless the person has gone on to another row or form by now.
fn reveal(document: &Document, answer: &Element) {
    let Ok(Some(place)) = answer.closest("[data-id], form") else { return };
    let active = document.active_element().filter(|active| active.tag_name() != "BODY");
    if active.is_none_or(|active| place.contains(Some(&active))) {
        scroll_to(answer);
    }
}

/// No further than it takes to see the element.
pub(super) fn scroll_to(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

fn name_element(document: &Document, name: &str) -> Option<Element> {
    let element = document.create_element("bdi").ok()?;
    set(&element, "translate", "no");
    element.set_text_content(Some(name));
    Some(element)
}

/// An RFC 3339 time. An element with `data-day` shows the day alone.
fn write_time(element: &Element, time: &str) {
    if element.get_attribute("datetime").as_deref() == Some(time) {
        return;
    }
    set(element, "datetime", time);
    let options = Object::new();
    let set = |name: &str, value: &str| Reflect::set(&options, &name.into(), &value.into()).ok();
    set("year", "numeric");
    set("month", "short");
    set("day", "numeric");
    if !element.has_attribute("data-day") {
        set("hour", "2-digit");
        set("minute", "2-digit");
        set("timeZoneName", "short");
    }
    let date = Date::new(&JsValue::from_str(time));
    let text = String::from(date.to_locale_string("en-GB", &options));
    // A text that is no time is shown as it is.
    element.set_text_content(Some(if date.get_time().is_nan() { time } else { &text }));
}
