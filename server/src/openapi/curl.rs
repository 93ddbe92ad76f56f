//! Shows an operation as a curl command.

use serde_json::Value;

use super::json::list;

/// The curl command that calls the operation.
pub(super) fn curl(method: &str, path: &str, operation: &Value) -> String {
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
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
        Some(_) => {
            let name = hallpass_contract::REFRESH_COOKIE;
            command += &format!(" \\\n  -H \"Cookie: {name}=$cookie\"");
            command += " \\\n  -H 'Sec-Fetch-Site: same-origin'";
        }
        None => {}
    }
    if !body.is_null() {
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
        let command = curl("post", "/x", &json!({ "requestBody": { "content": content } }));
        assert!(command.ends_with(r#"-d '{"name":"O'\''Neil"}'"#), "{command}");
        assert!(command.starts_with("curl -s \"$url/x\""), "{command}");
    }

    #[test]
    fn the_method_is_named_where_curl_would_take_another_one() {
        assert!(
            curl("delete", "/x/{id}", &json!({})).starts_with("curl -s -X DELETE \"$url/x/$id\"")
        );
        assert!(curl("post", "/x", &json!({})).starts_with("curl -s -X POST"));
        assert_eq!(curl("get", "/x", &json!({})), "curl -s \"$url/x\"");
        let two = curl("get", "/x/{id}/y/{session}", &json!({}));
        assert_eq!(two, "curl -s \"$url/x/$id/y/$session\"");
    }
}
