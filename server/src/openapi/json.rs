//! Reads parts of the document.

use serde_json::Value;

/// The media type of forms.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// The body that an operation takes: its media type, and what is said of it.
pub(super) fn body(operation: &Value) -> Option<(&str, &Value)> {
    let content = operation["requestBody"]["content"].as_object()?;
    content.iter().next().map(|(media_type, body)| (media_type.as_str(), body))
}

/// The name of the schema that a reference refers to.
pub(super) fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

/// A string, or an empty one.
pub(super) fn str(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An array, or an empty one.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
