//! Shows an operation as a curl command.

use serde_json::Value;

use super::json::{FORM, body, list, str};

/// The curl command that calls the operation. `schemes` are the document's `securitySchemes`.
pub(super) fn curl(method: &str, path: &str, operation: &Value, schemes: &Value) -> String {
    let (media_type, body) = match body(operation) {
        Some((media_type, body)) => (media_type, &body["example"]),
        None => ("", &Value::Null),
    };
    let mut command = "curl -s".to_owned();
    // curl uses POST for a request with a body, otherwise GET.
    if method != if body.is_null() { "get" } else { "post" } {
        command += &format!(" -X {}", method.to_uppercase());
    }
    command += &format!(" \"$url{}\"", path.replace('{', "$").replace('}', ""));
    let ways = list(&operation["security"]);
    let way = ways.first().and_then(Value::as_object).and_then(|way| way.keys().next());
    match way.map(String::as_str) {
        Some("accessToken") => command += " \\\n  -H \"Authorization: Bearer $token\"",
        Some("clientSecret") => command += " \\\n  -u \"$client:$secret\"",
        Some(scheme) => {
            let name = str(&schemes[scheme]["name"]);
            command += &format!(" \\\n  -H \"Cookie: {name}=$cookie\"");
            command += " \\\n  -H 'Sec-Fetch-Site: same-origin'";
        }
        None => {}
    }
    if media_type == FORM {
        // curl declares a form by itself.
        for (name, value) in body.as_object().into_iter().flatten() {
            command += &format!(" \\\n  -d {}", quoted(&format!("{name}={}", str(value))));
        }
    } else if !body.is_null() {
        command += " \\\n  -H 'Content-Type: application/json'";
        command += &format!(" \\\n  -d {}", quoted(&body.to_string()));
    }
    command
}

/// Quotes text for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_survives_the_shell() {
        let content = json!({ "application/json": { "example": { "name": "O'Neil" } } });
        let operation = json!({ "requestBody": { "content": content } });
        let command = curl("post", "/x", &operation, &Value::Null);
        assert!(command.ends_with(r#"-d '{"name":"O'\''Neil"}'"#), "{command}");
        assert!(command.starts_with("curl -s \"$url/x\""), "{command}");
    }

    #[test]
    fn a_form_is_sent_by_a_client_field_by_field() {
        let content = json!({ FORM: { "example": { "token": "a.b" } } });
        let security = json!([{ "clientSecret": [] }]);
        let operation = json!({ "requestBody": { "content": content }, "security": security });
        let command = curl("post", "/x", &operation, &Value::Null);
        let expected = "curl -s \"$url/x\" \\\n  -u \"$client:$secret\" \\\n  -d 'token=a.b'";
        assert_eq!(command, expected);
    }

    #[test]
    fn the_cookie_has_the_name_of_its_scheme() {
        let operation = json!({ "security": [{ "refreshCookie": [] }] });
        let schemes = json!({ "refreshCookie": { "name": "__Secure-x" } });
        let command = curl("post", "/x", &operation, &schemes);
        assert!(command.contains("-H \"Cookie: __Secure-x=$cookie\""), "{command}");
    }

    #[test]
    fn the_method_is_named_where_curl_would_take_another_one() {
        let curl = |method, path| curl(method, path, &json!({}), &Value::Null);
        assert!(curl("delete", "/x/{id}").starts_with("curl -s -X DELETE \"$url/x/$id\""));
        assert!(curl("post", "/x").starts_with("curl -s -X POST"));
        assert_eq!(curl("get", "/x"), "curl -s \"$url/x\"");
        let two = curl("get", "/x/{id}/y/{session}");
        assert_eq!(two, "curl -s \"$url/x/$id/y/$session\"");
    }
}
