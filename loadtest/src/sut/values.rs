//! The values that stand in a target's file. Each is checked while it is read, so that an error
//! names the line that it is in.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::Account;

/// A path on the server, with its query if it has one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(crate) struct Path(pub(super) String);

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = text.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_none());
        match text.starts_with('/') && !text.starts_with("//") && fits {
            true => Ok(Self(text)),
            false => Err(format!("{text:?} is no path on the server, such as \"/api/login\"")),
        }
    }
}

/// Status codes; at least one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "Vec<u16>")]
pub(crate) struct Codes(Vec<StatusCode>);

impl Codes {
    pub(crate) fn contain(&self, status: StatusCode) -> bool {
        self.0.contains(&status)
    }

    /// Whether one of them is a success: then the answer itself must say who is meant.
    pub(super) fn contain_a_success(&self) -> bool {
        self.0.iter().any(StatusCode::is_success)
    }

    /// The one named first.
    pub(crate) fn first(&self) -> StatusCode {
        self.0.first().copied().unwrap_or_default()
    }
}

impl TryFrom<Vec<u16>> for Codes {
    type Error = String;

    fn try_from(numbers: Vec<u16>) -> Result<Self, String> {
        if numbers.is_empty() {
            return Err("name at least one status code".to_owned());
        }
        let code = |number: u16| match StatusCode::from_u16(number) {
            Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
                Err(format!("{number} is counted as such, whatever was asked for"))
            }
            Ok(status) if number < 600 => Ok(status),
            _ => Err(format!("{number} is no status code")),
        };
        numbers.into_iter().map(code).collect::<Result<_, _>>().map(Self)
    }
}

/// Where a value is in a JSON document (RFC 6901).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(crate) struct Pointer(String);

impl Pointer {
    pub(super) fn text<'a>(&self, document: &'a Value) -> Option<&'a str> {
        document.pointer(&self.0)?.as_str()
    }

    /// A whole number of seconds; a number with a fraction counts without it.
    pub(super) fn seconds(&self, document: &Value) -> Option<u64> {
        let number = document.pointer(&self.0)?;
        number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
    }

    /// An id: a text as it is, or a number in its digits.
    pub(super) fn id(&self, document: &Value) -> Option<String> {
        match document.pointer(&self.0)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.starts_with('/') {
            true => Ok(Self(text)),
            false => Err(format!("{text:?} is no JSON pointer, such as \"/access_token\"")),
        }
    }
}

/// The fields of a request's body: text in which `{username}` and `{password}` are filled in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "BTreeMap<String, String>")]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// The fields for an account.
    pub(super) fn fill(&self, account: &Account) -> BTreeMap<&str, String> {
        let (name, password) = (&account.username, account.password.expose());
        let filled = |text: &String| fill(text, &[("{username}", name), ("{password}", password)]);
        self.0.iter().map(|(field, text)| (field.as_str(), filled(text))).collect()
    }
}

impl TryFrom<BTreeMap<String, String>> for Fields {
    type Error = String;

    fn try_from(fields: BTreeMap<String, String>) -> Result<Self, String> {
        let known = ["{username}", "{password}"];
        for text in fields.values() {
            refuse_unknown(text, &known)?;
        }
        match known.iter().find(|name| !fields.values().any(|text| text.contains(**name))) {
            Some(missing) => Err(format!("no field holds {missing}")),
            None => Ok(Self(fields)),
        }
    }
}

/// How passwords are made up: text in which `{random}` is filled in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(crate) struct PasswordForm(String);

impl PasswordForm {
    pub(crate) fn fill(&self, random: &str) -> String {
        fill(&self.0, &[("{random}", random)])
    }
}

impl Default for PasswordForm {
    fn default() -> Self {
        Self("{random}".to_owned())
    }
}

impl TryFrom<String> for PasswordForm {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        refuse_unknown(&text, &["{random}"])?;
        match text.contains("{random}") {
            true => Ok(Self(text)),
            false => Err("all accounts would have one password: put {random} into it".to_owned()),
        }
    }
}

/// Headers that go with every request of one kind.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(try_from = "BTreeMap<String, String>")]
pub(crate) struct Headers(pub(super) HeaderMap);

impl TryFrom<BTreeMap<String, String>> for Headers {
    type Error = String;

    fn try_from(headers: BTreeMap<String, String>) -> Result<Self, String> {
        let parsed = |(name, value): (String, String)| {
            let header = HeaderName::try_from(&name).ok().zip(HeaderValue::try_from(&value).ok());
            header.ok_or_else(|| format!("{name}: {value} is no header"))
        };
        headers.into_iter().map(parsed).collect::<Result<_, _>>().map(Self)
    }
}

/// In one pass, so that what is filled in is never taken for a placeholder.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let value = values.iter().find(|(name, _)| rest.starts_with(name));
        let (taken, value) = value.map_or(("{", "{"), |(name, value)| (*name, *value));
        filled.push_str(value);
        rest = &rest[taken.len()..];
    }
    filled + rest
}

pub(super) fn refuse_unknown(text: &str, known: &[&str]) -> Result<(), String> {
    let rest = known.iter().fold(text.to_owned(), |rest, name| rest.replace(name, ""));
    match rest.contains(['{', '}']) {
        true => Err(format!("{text:?} has braces that are none of {}", known.join(", "))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        let account = Account::new("ann{password}", "pass{username}");
        let fields = BTreeMap::from([
            ("email".to_owned(), "{username}@example.test".to_owned()),
            ("secret".to_owned(), "{password}".to_owned()),
        ]);
        let fields = Fields::try_from(fields).unwrap();
        let filled = fields.fill(&account);
        assert_eq!(filled["email"], "ann{password}@example.test");
        assert_eq!(filled["secret"], "pass{username}");
    }

    #[test]
    fn fields_hold_the_name_and_the_password_and_nothing_unknown() {
        let fields = |text: &str| {
            Fields::try_from(BTreeMap::from([
                ("a".to_owned(), "{username}".to_owned()),
                ("b".to_owned(), text.to_owned()),
            ]))
        };
        assert!(fields("{password}").is_ok());
        assert_eq!(fields("secret").unwrap_err(), "no field holds {password}");
        assert!(fields("{password}{pin}").unwrap_err().contains("{pin}"));
    }

    #[test]
    fn a_path_stays_on_the_server() {
        let path = |text: &str| Path::try_from(text.to_owned());
        assert!(path("/login?next=1").is_ok());
        for refused in ["login", "//other.test/login", "http://other.test/", "/a b", ""] {
            assert!(path(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn overload_and_throttling_cannot_be_what_was_asked_for() {
        assert!(Codes::try_from(vec![200, 401]).is_ok());
        for refused in [vec![], vec![503], vec![200, 429], vec![99], vec![700]] {
            assert!(Codes::try_from(refused.clone()).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn every_account_has_a_password_of_its_own() {
        let form = PasswordForm::try_from("{random}Aa1!".to_owned()).unwrap();
        assert_eq!(form.fill("x"), "xAa1!");
        assert!(PasswordForm::try_from("secret".to_owned()).is_err());
    }
}
