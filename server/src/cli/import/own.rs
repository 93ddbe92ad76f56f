//! Users in the form in which `user export` writes them.

use jiff::Timestamp;
use serde_json::Value;

use super::fields::{flag, roles, seconds, tells_who_is_disabled, time};
use super::json::Object;
use crate::accounts::UserRecord;
use crate::proof::password::UNUSABLE;

/// The user that a JSON object stands for.
pub(super) fn of_json(object: &Object) -> Result<UserRecord, String> {
    tells_who_is_disabled(object.keys().map(String::as_str))?;
    let get = |name: &str| object.get(name).filter(|value| !value.is_null());
    let text = |name: &str| match get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(format!("{name}: it is not a string")),
        None => Err(format!("{name}: it is missing")),
    };
    // Whoever leaves it out may have misspelt it.
    let hash = match object.get("password_hash") {
        Some(Value::Null) => UNUSABLE.to_owned(),
        _ => text("password_hash")?,
    };
    let secret = get("totp_secret").map(|_| text("totp_secret")).transpose()?;
    Ok(UserRecord {
        username: text("username")?,
        password_hash: if hash.is_empty() { UNUSABLE.into() } else { hash.into() },
        roles: get("roles").map(roles_of).transpose()?,
        created_at: get("created_at").map(time_of).transpose()?,
        disabled: get("disabled").map(flag_of).transpose()?.unwrap_or(false),
        totp_secret: secret.map(Into::into),
    })
}

fn roles_of(value: &Value) -> Result<Vec<String>, String> {
    let texts = match value {
        Value::String(text) => Some(roles(text)),
        Value::Array(values) => {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    };
    texts.ok_or_else(|| "roles: they are neither an array of strings nor a string".to_owned())
}

fn time_of(value: &Value) -> Result<Timestamp, String> {
    match value {
        Value::Number(number) => number
            .as_f64()
            .and_then(seconds)
            .ok_or_else(|| "created_at: the number is too large".to_owned()),
        Value::String(text) => time(text),
        _ => Err("created_at: it is neither a string nor a number".to_owned()),
    }
}

fn flag_of(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(disabled) => Ok(*disabled),
        Value::String(text) => flag(text),
        value => flag(&value.to_string()),
    }
}
