//! Which fields a form has, and what is wrong with a body that does not have them.

use hallpass_contract::{
    Credentials, FieldError, NewBlock, NewPasskey, PasskeyLogin, PasskeyName, PasskeyUser,
    PasswordChange, PasswordReset, Reauthentication, RegistrationChange, SecondFactor,
    TotpConfirmation, UserPatch,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::field_error;

/// A request's JSON body.
pub trait Form: DeserializeOwned + Send + 'static {
    /// The most bytes of it. It must hold one password of 1,024 characters, each of them written as
    /// two escaped surrogates (`\uD83D\uDE00`, 12 bytes), and whatever else is in the form as well.
    const MAX_BYTES: usize = 16 * 1024;
    /// Its fields, in the order in which they are complained about.
    const FIELDS: &'static [Field];
    /// Whether other members are refused, as the type does. Otherwise they are ignored.
    const REFUSES_OTHERS: bool = false;
}

/// A field of a form.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    /// A string that must be there.
    Text(&'static str),
    /// An array of strings that may be left out.
    OptionalTexts(&'static str),
    /// A boolean that may be left out.
    OptionalFlag(&'static str),
    /// A string that may be left out.
    OptionalText(&'static str),
    /// A whole number that must be there.
    Number(&'static str),
    /// An object that must be there.
    Object(&'static str),
    /// An object that may be left out.
    OptionalObject(&'static str),
}

impl Form for Credentials {
    const FIELDS: &'static [Field] = &[Field::Text("username"), Field::Text("password")];
}

impl Form for Reauthentication {
    const FIELDS: &'static [Field] = &[
        Field::OptionalText("password"),
        Field::OptionalText("totp"),
        Field::OptionalText("recovery_code"),
        Field::OptionalText("challenge"),
        Field::OptionalObject("passkey"),
    ];
}

impl Form for PasskeyUser {
    const FIELDS: &'static [Field] = &[Field::OptionalText("username")];
}

impl Form for PasskeyLogin {
    const FIELDS: &'static [Field] = &[Field::Text("challenge"), Field::Object("credential")];
}

impl Form for NewPasskey {
    /// Its challenge names all passkeys that the user has.
    const MAX_BYTES: usize = 64 * 1024;
    const FIELDS: &'static [Field] =
        &[Field::Text("challenge"), Field::Text("name"), Field::Object("credential")];
}

impl Form for PasskeyName {
    const FIELDS: &'static [Field] = &[Field::Text("name")];
}

impl Form for SecondFactor {
    const FIELDS: &'static [Field] = &[
        Field::Text("challenge"),
        Field::OptionalText("totp"),
        Field::OptionalText("recovery_code"),
        Field::OptionalObject("passkey"),
    ];
}

impl Form for TotpConfirmation {
    const FIELDS: &'static [Field] = &[Field::Text("code")];
}

impl Form for PasswordChange {
    /// There are two passwords.
    const MAX_BYTES: usize = 32 * 1024;
    const FIELDS: &'static [Field] =
        &[Field::Text("current_password"), Field::Text("new_password")];
}

impl Form for PasswordReset {
    const FIELDS: &'static [Field] = &[Field::Text("token"), Field::Text("new_password")];
}

impl Form for RegistrationChange {
    const FIELDS: &'static [Field] = &[Field::Text("registration")];
}

impl Form for NewBlock {
    const FIELDS: &'static [Field] = &[
        Field::Text("network"),
        Field::Number("seconds"),
        Field::OptionalText("reason"),
        Field::OptionalFlag("force"),
    ];
}

impl Form for UserPatch {
    const FIELDS: &'static [Field] =
        &[Field::OptionalTexts("roles"), Field::OptionalFlag("disabled")];
    const REFUSES_OTHERS: bool = true;
}

/// What is wrong with each field of a body that is JSON and does not fit.
pub(super) fn wrong_fields<T: Form>(value: &Value) -> Vec<FieldError> {
    let Value::Object(object) = value else {
        return Vec::new();
    };
    let mut wrong: Vec<_> = T::FIELDS.iter().filter_map(|field| field.wrong(object)).collect();
    if T::REFUSES_OTHERS {
        wrong.extend(others::<T>(object));
    }
    wrong
}

/// The most members that are named, and characters of each: a body may hold thousands.
const MOST_OTHERS: usize = 10;
const MOST_CHARS: usize = 64;

/// What a body of `T` with this member is refused with, for the documentation.
pub fn others_of<T: Form>(member: &str) -> Vec<FieldError> {
    others::<T>(&Map::from_iter([(member.to_owned(), Value::Null)])).collect()
}

/// Members that are none of the form's fields.
fn others<T: Form>(object: &Map<String, Value>) -> impl Iterator<Item = FieldError> {
    let known: Vec<&str> = T::FIELDS.iter().map(|field| field.name()).collect();
    let message = format!("There is no such field here, only {}.", known.join(" and "));
    let others = object.keys().filter(move |name| !known.contains(&name.as_str()));
    others.take(MOST_OTHERS).map(move |name| {
        let name: String = name.chars().take(MOST_CHARS).collect();
        field_error(&name, format!("{name}: {message}"))
    })
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::Text(name)
            | Self::OptionalText(name)
            | Self::OptionalTexts(name)
            | Self::OptionalFlag(name)
            | Self::Number(name)
            | Self::Object(name)
            | Self::OptionalObject(name) => name,
        }
    }

    fn wrong(self, object: &Map<String, Value>) -> Option<FieldError> {
        let name = self.name();
        // As people say it.
        let said = name.replace('_', " ");
        let value = object.get(name).unwrap_or(&Value::Null);
        let message = match (self, value) {
            (Self::Text(_) | Self::OptionalText(_), Value::String(_))
            | (Self::OptionalFlag(_), Value::Bool(_))
            | (
                Self::OptionalFlag(_)
                | Self::OptionalTexts(_)
                | Self::OptionalText(_)
                | Self::OptionalObject(_),
                Value::Null,
            )
            | (Self::Object(_) | Self::OptionalObject(_), Value::Object(_)) => return None,
            (Self::Number(_), Value::Number(number)) if number.is_u64() => return None,
            (Self::OptionalTexts(_), Value::Array(values))
                if values.iter().all(Value::is_string) =>
            {
                return None;
            }
            (Self::Text(_), Value::Null) => format!("Fill in the {said}."),
            (Self::Object(_) | Self::OptionalObject(_), _) => {
                format!("Send the {said} as an object.")
            }
            (Self::Number(_), _) => format!("Send {said} as a whole number."),
            (Self::Text(_) | Self::OptionalText(_), _) => format!("Send the {said} as a string."),
            (Self::OptionalTexts(_), _) => format!("Send {said} as an array of strings."),
            (Self::OptionalFlag(_), _) => format!("Send {said} as true or false."),
        };
        Some(field_error(name, message))
    }
}
