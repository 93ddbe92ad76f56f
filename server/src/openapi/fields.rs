//! Writes schemas into the page.

use serde_json::Value;

use super::html::Html;
use super::json::{list, referred, str};

/// All schemas, each under a heading with an anchor.
pub(super) fn schemas(html: &mut Html, schemas: &Value) {
    html.raw("<section aria-labelledby=\"schemas\">\n<h2 id=\"schemas\">Schemas</h2>\n");
    for (name, schema) in schemas.as_object().into_iter().flatten() {
        html.raw("<article>\n<h3 id=\"schema-").text(name).raw("\">").code(name).raw("</h3>\n");
        html.prose(str(&schema["description"]));
        if schema["properties"].is_object() {
            fields(html, schema);
        } else {
            html.raw("<p class=\"type\">");
            kind_of(html, schema);
            html.raw("</p>\n");
        }
        html.raw("</article>\n");
    }
    html.raw("</section>\n");
}

/// The fields of an object, required ones first, otherwise in their order.
pub(super) fn fields(html: &mut Html, schema: &Value) {
    let required: Vec<&str> = list(&schema["required"]).iter().map(str).collect();
    let all = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys());
    let others = all.map(String::as_str).filter(|name| !required.contains(name));
    html.raw("<dl>\n");
    for name in required.iter().copied().chain(others) {
        let field = &schema["properties"][name];
        html.raw("<dt>").code(name).raw(" <span class=\"type\">");
        kind_of(html, field);
        html.raw(if required.contains(&name) { ", required" } else { "" });
        html.raw("</span></dt>\n<dd>").line(str(&field["description"])).raw("</dd>\n");
    }
    html.raw("</dl>\n");
}

/// Describes a value in words: its type and its limits.
pub(super) fn kind_of(html: &mut Html, schema: &Value) {
    if let Some(name) = referred(schema) {
        html.link_to("schema-", name, name);
        return;
    }
    if schema["items"].is_object() {
        html.raw("array of ");
        kind_of(html, &schema["items"]);
    } else {
        let text = schema["format"].as_str().or(simple(&schema["type"]));
        html.text(text.unwrap_or("value"));
    }
    if list(&schema["type"]).contains(&"null".into()) {
        html.raw(" or null");
    }
    for limit in limits(schema) {
        html.raw(", ").text(&limit);
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        html.raw(", matches ").code(pattern);
    }
    for value in list(&schema["enum"]) {
        html.raw(", ").code(str(value));
    }
}

/// The type. Of a nullable one, the type beside `null`.
fn simple(kind: &Value) -> Option<&str> {
    let of_list = || list(kind).iter().filter_map(Value::as_str).find(|kind| *kind != "null");
    kind.as_str().or_else(of_list)
}

fn limits(schema: &Value) -> Vec<String> {
    let range = |unit: &str, least: &str, most: &str| {
        let text = match (&schema[least], &schema[most]) {
            (Value::Null, Value::Null) => return None,
            (least, Value::Null) => format!("at least {least}"),
            (Value::Null, most) => format!("at most {most}"),
            (least, most) => format!("{least} to {most}"),
        };
        Some(format!("{text}{unit}"))
    };
    let length = range(" characters", "minLength", "maxLength");
    let items = range(" items", "minItems", "maxItems");
    let default = schema.get("default").map(|default| format!("{default} by default"));
    let number = range("", "minimum", "maximum");
    length.into_iter().chain(items).chain(number).chain(default).collect()
}
