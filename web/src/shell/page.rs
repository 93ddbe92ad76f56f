//! Reads and writes the page through the hooks of `index.html`; the README lists them.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlButtonElement, HtmlElement, HtmlInputElement};

use crate::app::{Control, Field, Form, FormState};
use crate::screen::Screen;

const FORMS: [Form; 3] = [Form::Login, Form::Register, Form::Reset];

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
            write(&element, text);
        }
    }
    for (name, address) in &screen.links {
        for element in all(document, &hook("data-link", name)) {
            set(&element, "href", address);
        }
    }
    let at_rest = FormState::default();
    for form in FORMS {
        if view(form) == screen.view {
            draw_form(document, form, &screen.form, screen.busy);
        } else {
            draw_form(document, form, &at_rest, false);
        }
    }
}

fn draw_form(document: &Document, form: Form, state: &FormState, busy: bool) {
    let Some(element) = one(document, selector(form)) else {
        return;
    };
    set(&element, "aria-busy", truth(busy));
    if let Some(alert) = within(document, form, "[role=alert]") {
        write(&alert, &state.alert);
    }
    draw_field(document, form, "username", &state.username_error);
    draw_field(document, form, "password", &state.password_error);
    if let Some(button) = within::<HtmlButtonElement>(document, form, "[type=submit]") {
        button.set_disabled(busy);
    }
    if let Some(toggle) = within(document, form, "[data-action=toggle-password]") {
        set(&toggle, "aria-pressed", truth(state.show_password));
    }
    if let Some(password) = within(document, form, "[name=password]") {
        set(&password, "type", if state.show_password { "text" } else { "password" });
    }
}

fn draw_field(document: &Document, form: Form, name: &str, error: &str) {
    if let Some(input) = within(document, form, &hook("name", name)) {
        set(&input, "aria-invalid", truth(!error.is_empty()));
    }
    if let Some(message) = within(document, form, &hook("data-error-for", name)) {
        write(&message, error);
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

pub(super) fn focus(document: &Document, form: Form, control: Control) {
    give_focus(match control {
        Control::Field(Field::Username) => within(document, form, "[name=username]"),
        Control::Field(Field::Password) => within(document, form, "[name=password]"),
        Control::Submit => within(document, form, "[type=submit]"),
    });
}

pub(super) fn clear_passwords(document: &Document) {
    for form in FORMS {
        if let Some(input) = within::<HtmlInputElement>(document, form, "[name=password]") {
            input.set_value("");
        }
    }
}

pub(super) fn fill_username(document: &Document, form: Form, username: &str) {
    if let Some(input) = within::<HtmlInputElement>(document, form, "[name=username]") {
        input.set_value(username);
    }
}

pub(super) fn value(document: &Document, form: Form, name: &str) -> String {
    within(document, form, &hook("name", name))
        .map(|input: HtmlInputElement| input.value())
        .unwrap_or_default()
}

/// The form that an element is.
pub(super) fn form(element: &Element) -> Option<Form> {
    match element.id().as_str() {
        "login-form" => Some(Form::Login),
        "register-form" => Some(Form::Register),
        "reset-form" => Some(Form::Reset),
        _ => None,
    }
}

/// The field that an element is, and of which form.
pub(super) fn field(element: &Element) -> Option<(Form, Field)> {
    let form = form(&element.closest("form").ok()??)?;
    match element.get_attribute("name")?.as_str() {
        "username" => Some((form, Field::Username)),
        "password" => Some((form, Field::Password)),
        _ => None,
    }
}

fn selector(form: Form) -> &'static str {
    match form {
        Form::Login => "#login-form",
        Form::Register => "#register-form",
        Form::Reset => "#reset-form",
    }
}

fn view(form: Form) -> &'static str {
    match form {
        Form::Login => "login",
        Form::Register => "register",
        Form::Reset => "reset-password",
    }
}

fn hook(attribute: &str, value: &str) -> String {
    ["[", attribute, "=", value, "]"].concat()
}

fn all(document: &Document, selector: &str) -> impl Iterator<Item = Element> {
    let nodes = document.query_selector_all(selector).ok();
    let length = nodes.as_ref().map_or(0, web_sys::NodeList::length);
    (0..length).filter_map(move |index| nodes.as_ref()?.item(index)?.dyn_into().ok())
}

fn one<T: JsCast>(document: &Document, selector: &str) -> Option<T> {
    document.query_selector(selector).ok()??.dyn_into().ok()
}

fn within<T: JsCast>(document: &Document, form: Form, descendant: &str) -> Option<T> {
    one(document, &[selector(form), " ", descendant].concat())
}

fn give_focus(element: Option<HtmlElement>) {
    if let Some(element) = element {
        element.focus().ok();
    }
}

fn show(element: &Element, shown: bool) {
    element.toggle_attribute_with_force("hidden", !shown).ok();
}

fn write(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}

fn set(element: &Element, name: &str, value: &str) {
    if element.get_attribute(name).as_deref() != Some(value) {
        // Fails only for names that are no attribute names.
        element.set_attribute(name, value).ok();
    }
}

fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
