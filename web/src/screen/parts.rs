//! What a screen consists of.

use crate::app::{Form, FormState};

/// The page's variable parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Screen {
    /// The `data-view` that is visible.
    pub view: &'static str,
    /// The document's title.
    pub title: &'static str,
    /// The text of each `data-text`; of a `time` element in RFC 3339.
    pub texts: Vec<(&'static str, String)>,
    /// Whether each `data-show` is visible.
    pub shown: Vec<(&'static str, bool)>,
    /// The address of each `data-link`.
    pub links: Vec<(&'static str, String)>,
    /// The rows of each `data-list`.
    pub lists: Vec<(&'static str, Vec<Row>)>,
    /// Each form.
    pub forms: Vec<FormView>,
    /// The dialog that asks for the password is open.
    pub asks_for_password: bool,
}

/// A form's variable parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FormView {
    /// Which.
    pub form: Form,
    /// What it has to say.
    pub state: FormState,
    /// It waits for an answer.
    pub busy: bool,
    /// When another attempt makes sense; empty when that is now.
    pub wait: String,
    /// What a new password still lacks.
    pub hint: String,
}

/// A row of a list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Row {
    /// What the row is about; no two rows of a list have the same.
    pub id: String,
    /// The text of each `data-cell`; of a `time` element in RFC 3339.
    pub cells: Vec<(&'static str, String)>,
    /// Whether each `data-part` is visible.
    pub parts: Vec<(&'static str, bool)>,
    /// What the server says is in each input, by name; what somebody types is not overwritten
    /// unless this changes.
    pub values: Vec<(&'static str, String)>,
    /// It waits for an answer.
    pub busy: bool,
    /// It stands in the place of a row that has left the list.
    pub gone: bool,
}
