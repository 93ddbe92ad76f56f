//! Users of Firebase, as `firebase auth:export users.json` writes them.

use jiff::Timestamp;
use serde_json::Value;

use super::json::{Object, holds_something, is_true, strings, text};
use super::records::{FACTORS_LEFT_OUT, Found, UNCONFIRMED};
use crate::proof::password::FirebaseProject;

/// The user that an object stands for.
pub(super) fn user(object: &Object, project: Option<&FirebaseProject>) -> Result<Found, String> {
    let name = match text(object, "email")? {
        Some(name) => name,
        None => text(object, "phoneNumber")?
            .ok_or("username: there is neither email nor phoneNumber; perhaps it is anonymous")?,
    };
    let mut found = match (text(object, "passwordHash")?, text(object, "salt")?, project) {
        (None, ..) => Found::with_hash(name, None),
        (Some(key), Some(salt), Some(project)) => Found::new(name, project.hash(salt, key)),
        (Some(_), None, _) => return Err("salt: it is missing".to_owned()),
        (Some(_), Some(_), None) => {
            return Err("passwordHash: it takes the project's parameters; give the file with \
                        --firebase-hash-config"
                .to_owned());
        }
    };
    found.record.disabled = is_true(object, "disabled")?;
    found.record.created_at = text(object, "createdAt")?.map(millis).transpose()?;
    let claims = text(object, "customAttributes")?;
    let claims: Value = claims.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
    found.give_roles(strings(claims.get("roles").or_else(|| claims.get("role"))));
    found.remark_if(object.get("emailVerified") == Some(&Value::Bool(false)), UNCONFIRMED);
    found.remark_if(holds_something(object, "mfaInfo"), FACTORS_LEFT_OUT);
    Ok(found)
}

/// Milliseconds since 1970, in digits.
fn millis(text: &str) -> Result<Timestamp, String> {
    let time = text.parse().ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    time.ok_or_else(|| "createdAt: it is not milliseconds since 1970".to_owned())
}
