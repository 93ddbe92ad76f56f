//! Reads parts of the document.

use serde_json::Value;

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
