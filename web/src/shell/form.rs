//! The forms in the page.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, FocusOptions, HtmlButtonElement, HtmlElement, HtmlInputElement};

use super::dom::{give_focus, hook, one, set, truth};
use super::text::{scroll_to, write};
use crate::app::{Control, FORMS, Field, Form, Input};
use crate::screen::FormView;

pub(super) fn draw(document: &Document, view: &FormView) {
    let (form, state) = (view.form, &view.state);
    let Some(element) = one(document, selector(form)) else {
        return;
    };
    set(&element, "aria-busy", truth(view.busy));
    for (hook, text) in [
        ("[role=alert]", &state.alert),
        ("[data-done]", &state.done),
        ("[data-wait]", &view.wait),
        ("[data-hint]", &view.hint),
    ] {
        if let Some(element) = within(document, form, hook) {
            write(document, &element, text);
        }
    }
    draw_field(document, form, Field::Username, &state.username_error);
    draw_field(document, form, Field::Password, &state.password_error);
    draw_field(document, form, Field::Current, &state.current_error);
    if let Some(button) = within::<HtmlButtonElement>(document, form, "[type=submit]") {
        button.set_disabled(view.busy);
    }
    for field in [Field::Password, Field::Current] {
        draw_secrecy(document, form, field, state.show_password);
    }
}

fn draw_field(document: &Document, form: Form, field: Field, error: &str) {
    if let Some(input) = input(document, form, field) {
        set(&input, "aria-invalid", truth(!error.is_empty()));
    }
    if let Some(message) = within(document, form, &hook("data-error-for", name(field))) {
        write(document, &message, error);
    }
}

fn draw_secrecy(document: &Document, form: Form, field: Field, shown: bool) {
    let Some(input) = input(document, form, field) else {
        return;
    };
    set(&input, "type", if shown { "text" } else { "password" });
    let toggle = hook("aria-controls", &input.id());
    if let Some(toggle) = within(document, form, &toggle) {
        set(&toggle, "aria-pressed", truth(shown));
    }
}

/// Moves the focus, unless somebody is typing in another form by now.
pub(super) fn focus(document: &Document, form: Form, control: Control) {
    // Firefox takes the closed dialog for focused until the next layout.
    let here = [Some(form), Some(Form::Fresh)];
    if typing_in(document).is_some_and(|other| !here.contains(&other)) {
        return;
    }
    match control {
        Control::Field(field) => {
            give_focus(input(document, form, field).map(JsCast::unchecked_into));
        }
        Control::Submit => focus_button(document, form),
    }
}

/// Scrolls so that the button and the messages above it are in the window.
fn focus_button(document: &Document, form: Form) {
    let Some(button) = within::<HtmlElement>(document, form, "[type=submit]") else {
        return;
    };
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    button.focus_with_options(&options).ok();
    scroll_to(&button);
    for said in ["[role=alert]", "[data-done]"] {
        if let Some(said) = within::<Element>(document, form, said)
            && said.text_content().is_some_and(|text| !text.is_empty())
        {
            scroll_to(&said);
        }
    }
}

/// The form of the input that has the focus, if one has it.
pub(super) fn typing_in(document: &Document) -> Option<Option<Form>> {
    let input: HtmlInputElement = document.active_element()?.dyn_into().ok()?;
    Some(of(&input))
}

/// Empties the password fields of one form, or of all.
pub(super) fn clear_passwords(document: &Document, only: Option<Form>) {
    for form in FORMS.into_iter().filter(|form| only.is_none_or(|only| only == *form)) {
        for field in [Field::Password, Field::Current] {
            if let Some(input) = input(document, form, field) {
                input.set_value("");
            }
        }
    }
    if only.is_none() {
        fill_username(document, Form::Delete, "");
    }
}

pub(super) fn fill_username(document: &Document, form: Form, username: &str) {
    if let Some(input) = input(document, form, Field::Username) {
        input.set_value(username);
    }
}

/// What is in the form's fields.
pub(super) fn read(document: &Document, form: Form) -> Input {
    let value = |field| input(document, form, field).map(|it| it.value()).unwrap_or_default();
    Input {
        username: value(Field::Username),
        password: value(Field::Password).into(),
        current: value(Field::Current).into(),
    }
}

/// The form that an element is in.
pub(super) fn of(element: &Element) -> Option<Form> {
    let id = element.closest("form").ok()??.id();
    FORMS.into_iter().find(|form| selector(*form).strip_prefix('#') == Some(id.as_str()))
}

/// The field that an element is.
pub(super) fn field(element: &Element) -> Option<Field> {
    let is_named = element.get_attribute("name")?;
    [Field::Username, Field::Password, Field::Current].into_iter().find(|it| name(*it) == is_named)
}

fn input(document: &Document, form: Form, field: Field) -> Option<HtmlInputElement> {
    within(document, form, &hook("name", name(field)))
}

fn within<T: JsCast>(document: &Document, form: Form, descendant: &str) -> Option<T> {
    one(document, &[selector(form), " ", descendant].concat())
}

fn name(field: Field) -> &'static str {
    match field {
        Field::Username => "username",
        Field::Password => "password",
        Field::Current => "current_password",
    }
}

fn selector(form: Form) -> &'static str {
    match form {
        Form::Login => "#login-form",
        Form::Register => "#register-form",
        Form::Reset => "#reset-form",
        Form::Password => "#password-form",
        Form::Delete => "#delete-form",
        Form::Fresh => "#fresh-form",
    }
}
