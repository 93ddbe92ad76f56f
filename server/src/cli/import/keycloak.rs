//! Users of Keycloak, as a realm export has them.

use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD};
use hallpass_contract::Secret;
use jiff::Timestamp;
use serde_json::Value;

use super::json::{Object, holds_something, strings, text};
use super::records::{FACTORS_LEFT_OUT, Found, UNCONFIRMED};

/// Roles that each realm gives to everybody.
const OF_EVERYBODY: [&str; 2] = ["offline_access", "uma_authorization"];

const DEFAULT_ROLES: &str = "default-roles-";

/// The user that an object stands for.
pub(super) fn user(object: &Object) -> Result<Found, String> {
    let name = text(object, "username")?.ok_or("username: it is missing")?;
    if text(object, "serviceAccountClientId")?.is_some() {
        return Err("it is the account of a service; make it one with `hallpass client add`".into());
    }
    let credentials = credentials(object)?;
    let of = |kind: &'static str| credentials.iter().filter(move |it| it.kind == kind);
    let password = of("password").next().map(hash).transpose()?;
    let mut found = match password {
        Some(hash) => Found::new(name, hash),
        None => Found::with_hash(name, None),
    };
    // Enabled without a word of it, as in Keycloak.
    found.record.disabled = object.get("enabled") == Some(&Value::Bool(false));
    found.record.created_at = created_at(object)?;
    let roles = strings(object.get("realmRoles")).into_iter();
    found.give_roles(
        roles.filter(|role| !role.starts_with(DEFAULT_ROLES) && !OF_EVERYBODY.contains(role)),
    );
    let mut codes = of("otp").filter_map(totp_secret);
    found.record.totp_secret = codes.next();
    let taken = usize::from(found.record.totp_secret.is_some());
    let others = credentials
        .iter()
        .filter(|it| !["password", "password-history"].contains(&it.kind.as_str()))
        .count()
        - taken;
    found.remark_if(others > 0, FACTORS_LEFT_OUT);
    remark(&mut found, object);
    Ok(found)
}

fn remark(found: &mut Found, object: &Object) {
    for (member, remark) in [
        ("requiredActions", "required actions are left out, such as UPDATE_PASSWORD"),
        ("clientRoles", "roles of clients are left out"),
        ("groups", "groups are left out"),
        ("federatedIdentities", "sign-in by another provider is left out"),
    ] {
        found.remark_if(holds_something(object, member), remark);
    }
    let unconfirmed = object.get("emailVerified") == Some(&Value::Bool(false));
    let has_address = object.get("email").is_some_and(Value::is_string);
    found.remark_if(unconfirmed && has_address, UNCONFIRMED);
}

fn created_at(object: &Object) -> Result<Option<Timestamp>, String> {
    let Some(millis) = object.get("createdTimestamp").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let time = millis.as_i64().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    time.map(Some).ok_or_else(|| "createdTimestamp: it is not milliseconds since 1970".to_owned())
}

/// What a user signs in with. Both data are JSON in a string.
struct Credential {
    kind: String,
    secret: Value,
    data: Value,
}

fn credentials(object: &Object) -> Result<Vec<Credential>, String> {
    let damaged = || "credentials: they are none of Keycloak".to_owned();
    let credentials = match object.get("credentials") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(credentials) => credentials.as_array().ok_or_else(damaged)?,
    };
    let read = |credential: &Value| {
        let text = |name: &str| credential.get(name).and_then(Value::as_str);
        let json = |name: &str| text(name).and_then(|it| serde_json::from_str(it).ok());
        let kind = text("type").ok_or_else(damaged)?.to_owned();
        let (secret, data) = (json("secretData"), json("credentialData"));
        Ok(Credential { secret: secret.unwrap_or_default(), data: data.unwrap_or_default(), kind })
    };
    credentials.iter().map(read).collect()
}

/// The hash of a password, in the form in which passlib or argon2 write it.
fn hash(credential: &Credential) -> Result<Secret, String> {
    let Credential { secret, data, .. } = credential;
    let wrong = |what: &str| format!("credentials: the password's {what} is missing or damaged");
    let bytes = |name: &str| {
        let text = secret.get(name).and_then(Value::as_str).ok_or_else(|| wrong(name))?;
        BASE64.decode(text.as_bytes()).map_err(|_| wrong(name))
    };
    let (salt, key) = (bytes("salt")?, bytes("value")?);
    let [salt, key] = [salt, key].map(|bytes| BASE64_NOPAD.encode(&bytes));
    let iterations = number(data.get("hashIterations")).ok_or_else(|| wrong("hashIterations"))?;
    let algorithm = data.get("algorithm").and_then(Value::as_str).unwrap_or_default();
    match algorithm {
        "pbkdf2" | "pbkdf2-sha256" | "pbkdf2-sha512" => {
            let [salt, key] = [salt, key].map(|text| text.replace('+', "."));
            Ok(format!("${algorithm}${iterations}${salt}${key}").into())
        }
        "argon2" => {
            let more = data.get("additionalParameters");
            let param = |name: &str| more.and_then(|more| more.get(name)).map(first);
            let small = |name: &str| number(param(name)).ok_or_else(|| wrong(name));
            let (memory, lanes) = (small("memory")?, small("parallelism")?);
            let kind = param("type").and_then(Value::as_str).unwrap_or("id");
            let version = param("version").and_then(Value::as_str).unwrap_or("1.3");
            let version = if version == "1.0" { 16 } else { 19 };
            Ok(format!(
                "$argon2{kind}$v={version}$m={memory},t={iterations},p={lanes}${salt}${key}"
            )
            .into())
        }
        _ => Err("credentials: the password's algorithm is none of pbkdf2, pbkdf2-sha256, \
                  pbkdf2-sha512 and argon2"
            .to_owned()),
    }
}

/// Keycloak writes each additional parameter as a list of one.
fn first(value: &Value) -> &Value {
    value.get(0).unwrap_or(value)
}

/// A number, or the digits of one.
fn number(value: Option<&Value>) -> Option<u32> {
    let value = value?;
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

/// The secret of one-time codes in base32, if they are of the kind that is known here.
fn totp_secret(credential: &Credential) -> Option<Secret> {
    let Credential { secret, data, .. } = credential;
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let is_known = text("subType").is_none_or(|it| it == "totp")
        && text("algorithm").is_none_or(|it| it == "HmacSHA1")
        && number(data.get("digits")).is_none_or(|digits| digits == 6)
        && number(data.get("period")).is_none_or(|period| period == 30);
    let value = secret.get("value").and_then(Value::as_str).filter(|_| is_known)?;
    Some(match text("secretEncoding") {
        Some("BASE32") => value.into(),
        // The characters themselves are the secret.
        _ => BASE32_NOPAD.encode(value.as_bytes()).into(),
    })
}
