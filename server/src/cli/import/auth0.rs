//! Users of Auth0: lines of its export, or what its support hands out with hashes.

use serde_json::Value;

use super::fields::time;
use super::json::{Object, holds_something, is_true, strings, text};
use super::records::{FACTORS_LEFT_OUT, Found, UNCONFIRMED};

/// The user that an object stands for. Without a hash, which is how the export is, nobody knows a
/// password.
pub(super) fn user(object: &Object) -> Result<Found, String> {
    let name = match text(object, "username")? {
        Some(name) => name,
        None => text(object, "email")?.ok_or("username: there is neither username nor email")?,
    };
    let hash = match text(object, "passwordHash")? {
        Some(hash) => Some(hash),
        None => {
            text(object, "password_hash")?.map_or_else(|| custom_hash(object), |it| Ok(Some(it)))?
        }
    };
    let mut found = Found::with_hash(name, hash);
    found.record.disabled = is_true(object, "blocked")?;
    let created_at = object.get("created_at").and_then(|it| it.get("$date").unwrap_or(it).as_str());
    found.record.created_at = created_at.map(time).transpose()?;
    let roles = strings(object.get("app_metadata").and_then(|metadata| metadata.get("roles")));
    found.give_roles(roles);
    found.remark_if(object.get("email_verified") == Some(&Value::Bool(false)), UNCONFIRMED);
    let has_factors = ["multifactor", "mfa_factors"].iter().any(|it| holds_something(object, it));
    found.remark_if(has_factors, FACTORS_LEFT_OUT);
    Ok(found)
}

/// As its import reads hashes of other systems: where the text says all, it is one that we know.
fn custom_hash(object: &Object) -> Result<Option<&str>, String> {
    let Some(custom) = object.get("custom_password_hash").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let algorithm = custom.get("algorithm").and_then(Value::as_str).unwrap_or_default();
    let value = custom.get("hash").and_then(|hash| hash.get("value")).and_then(Value::as_str);
    match (algorithm, value) {
        ("bcrypt" | "argon2", Some(value)) => Ok(Some(value)),
        _ => Err("custom_password_hash: only bcrypt and argon2 are read".to_owned()),
    }
}
