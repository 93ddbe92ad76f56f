//! Writes a screen into the page, through the hooks of `index.html`; the README lists them.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlDialogElement, HtmlTemplateElement};

use super::dom::{all, below, children, give_focus, hook, one, set, show, truth};
use super::form;
use super::text::write;
use crate::screen::{Row, Screen};

/// Shows a screen. What has not changed is not written, so that screen readers stay silent on it.
pub(super) fn draw(document: &Document, screen: &Screen) {
    document.set_title(screen.title);
    for view in all(document, "[data-view]") {
        show(&view, view.get_attribute("data-view").as_deref() == Some(screen.view));
    }
    for (name, shown) in &screen.shown {
        for element in all(document, &hook("data-show", name)) {
            show(&element, *shown);
        }
    }
    for (name, text) in &screen.texts {
        for element in all(document, &hook("data-text", name)) {
            write(document, &element, text);
        }
    }
    for (name, address) in &screen.links {
        for element in all(document, &hook("data-link", name)) {
            set(&element, "href", address);
        }
    }
    for (name, rows) in &screen.lists {
        draw_list(document, name, rows);
    }
    for view in &screen.forms {
        form::draw(document, view);
    }
    draw_dialog(document, screen.asks_for_password);
}

/// Rows that stay keep their elements, and so the focus and what is typed in them.
fn draw_list(document: &Document, name: &str, rows: &[Row]) {
    let Some(list) = one::<Element>(document, &hook("data-list", name)) else {
        return;
    };
    for element in children(&list) {
        if !rows.iter().any(|row| is_of(&element, row)) {
            element.remove();
        }
    }
    for (index, row) in rows.iter().enumerate() {
        let there = children(&list).nth(index);
        let old = children(&list).find(|element| is_of(element, row));
        let template = if row.gone { "gone" } else { name };
        let Some(element) = old.or_else(|| new_row(document, template)) else {
            return;
        };
        set(&element, key(row), &row.id);
        draw_row(document, &element, row);
        if there.as_ref() != Some(&element) {
            let before = there.as_ref().map(AsRef::as_ref);
            list.insert_before(&element, before).ok();
        }
    }
}

/// The attribute that holds the row's id.
fn key(row: &Row) -> &'static str {
    if row.gone { "data-gone" } else { "data-id" }
}

fn is_of(element: &Element, row: &Row) -> bool {
    element.get_attribute(key(row)).as_ref() == Some(&row.id)
}

fn new_row(document: &Document, name: &str) -> Option<Element> {
    let selector = ["template", &hook("data-row", name)].concat();
    let template: HtmlTemplateElement = one(document, &selector)?;
    template.content().first_element_child()?.clone_node_with_deep(true).ok()?.dyn_into().ok()
}

fn draw_row(document: &Document, element: &Element, row: &Row) {
    set(element, "aria-busy", truth(row.busy));
    for (name, text) in &row.cells {
        for cell in below(element, &hook("data-cell", name)) {
            write(document, &cell, text);
        }
    }
    for (name, shown) in &row.parts {
        for part in below(element, &hook("data-part", name)) {
            show(&part, *shown);
        }
    }
    for (name, value) in &row.values {
        for input in below(element, &hook("name", name)) {
            if input.get_attribute("data-value").as_deref() != Some(value) {
                set(&input, "data-value", value);
                write(document, &input, value);
            }
        }
    }
}

fn draw_dialog(document: &Document, open: bool) {
    let Some(dialog) = one::<HtmlDialogElement>(document, "#fresh") else {
        return;
    };
    if open && !dialog.open() {
        dialog.show_modal().ok();
    } else if !open && dialog.open() {
        dialog.close();
    }
}

/// Tells style sheets and browser tests that the page is alive.
pub(super) fn mark_ready(document: &Document) {
    if let Some(root) = document.document_element() {
        set(&root, "data-app", "ready");
    }
}

pub(super) fn focus_heading(document: &Document) {
    let visible = |heading: &Element| matches!(heading.closest("[hidden]"), Ok(None));
    let heading = all(document, "[data-view] h1").find(visible);
    give_focus(heading.and_then(|heading| heading.dyn_into().ok()));
}

/// Moves the focus to the note, unless somebody is typing by now.
pub(super) fn focus_answer(document: &Document, list: &str) {
    if form::typing_in(document).is_some() {
        return;
    }
    let gone = one(document, &[&hook("data-list", list), " > [data-gone]"].concat());
    give_focus(gone.or_else(|| one(document, &hook("data-answer", list))));
}
