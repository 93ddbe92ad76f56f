//! The answers to refused requests, made from example problems.

use serde_json::{Map, Value, json};

use super::oauth_schemas::ERROR;
use super::schemas::reference;
use crate::problem::Problem;

/// One answer for problems with the same status.
pub(super) fn refusal(problems: &[&Problem]) -> Value {
    let (mut details, mut content, mut headers) = (Vec::new(), Map::new(), Map::new());
    for (n, problem) in problems.iter().enumerate() {
        let ((media_type, value), body) = (problem.content(), problem.body());
        let schema = if problem.is_of_oauth() { ERROR } else { "Problem" };
        let of_type = content.entry(media_type).or_insert_with(|| json!({}));
        of_type["schema"] = reference(schema);
        let example = json!({ "summary": body.title, "value": value });
        of_type["examples"][format!("{}-{}", body.status, n + 1)] = example;
        details.push(body.detail);
        for (name, value) in problem.headers() {
            let everywhere = problems.iter().all(|p| p.headers().iter().any(|(n, _)| n == name));
            let example = value.to_str().unwrap_or_default();
            let schema = json!({ "type": "string" });
            let header = json!({ "required": everywhere, "schema": schema, "example": example });
            headers.entry(canonical(name.as_str())).or_insert(header);
        }
    }
    details.dedup();
    let mut answer = json!({ "description": details.join("\n\n"), "content": content });
    if !headers.is_empty() {
        answer["headers"] = headers.into();
    }
    answer
}

/// Spells a header's name as RFCs do.
fn canonical(name: &str) -> String {
    if name == "www-authenticate" {
        return "WWW-Authenticate".to_owned();
    }
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
