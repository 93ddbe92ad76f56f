//! Bounds of whole numbers, for programs that make types of the document.

use serde_json::{Map, Value};

/// Beyond it, JSON's numbers are not exact everywhere (RFC 8259 section 6).
const MOST: i64 = (1 << 53) - 1;

/// Adds a format and bounds to each schema of a whole number that has none. All of them are counts,
/// times or durations.
pub(super) fn bound(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("type").is_some_and(is_integer) {
                complete(object);
            }
            object.values_mut().for_each(bound);
        }
        Value::Array(values) => values.iter_mut().for_each(bound),
        _ => {}
    }
}

/// Whether the type is a whole number, or one that may be null.
fn is_integer(kind: &Value) -> bool {
    kind == "integer" || kind.as_array().is_some_and(|kinds| kinds.contains(&"integer".into()))
}

fn complete(schema: &mut Map<String, Value>) {
    let bounds =
        [("format", Value::from("int64")), ("minimum", 0.into()), ("maximum", MOST.into())];
    for (name, value) in bounds {
        schema.entry(name).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bounds_that_are_there_stay() {
        let mut schema = json!({
            "type": "object",
            "properties": {
                "limit": { "type": "integer", "minimum": 1, "maximum": 200 },
                "times": { "type": ["integer", "null"], "format": "int32" },
                "name": { "type": "string" },
            },
        });
        bound(&mut schema);
        let limit = json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": 200 });
        assert_eq!(schema["properties"]["limit"], limit);
        let times = &schema["properties"]["times"];
        assert_eq!((&times["format"], &times["maximum"]), (&json!("int32"), &json!(MOST)));
        assert_eq!(schema["properties"]["name"], json!({ "type": "string" }));
    }
}
