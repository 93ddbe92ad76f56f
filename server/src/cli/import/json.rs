//! Members of JSON objects. Errors are our own words: the parser's may quote the line.

use serde_json::{Map, Value};

/// An object that stands for a user.
pub(super) type Object = Map<String, Value>;

/// The object that a text is.
pub(super) fn object(text: &[u8]) -> Result<Object, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    serde_json::from_str(text).map_err(|error| {
        let column = error.column();
        match error.classify() {
            serde_json::error::Category::Data => "it is not a JSON object".to_owned(),
            _ => format!("it is not JSON, from column {column} on"),
        }
    })
}

pub(super) fn too_long() -> String {
    "it is over 64 KiB long".to_owned()
}

/// The text of a member. None if it is missing, null or empty.
///
/// # Errors
///
/// If it is no string.
pub(super) fn text<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|it| !it.is_empty())),
        Some(_) => Err(format!("{name}: it is not a string")),
    }
}

/// Whether a member is true. One that is missing or null is not.
///
/// # Errors
///
/// If it is neither true nor false.
pub(super) fn is_true(object: &Object, name: &str) -> Result<bool, String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(format!("{name}: it is neither true nor false")),
    }
}

/// The strings of a member that is an array of them, or a string. Nothing else is one of roles.
pub(super) fn strings(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a member is an array or an object with something in it.
pub(super) fn holds_something(object: &Object, name: &str) -> bool {
    match object.get(name) {
        Some(Value::Array(values)) => !values.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        _ => false,
    }
}
