//! The contract's types out of and into JSON. Every field is named here once more; the tests hold
//! the names against the contract's own serialization.

use hallpass_contract::{
    Credentials, FieldError, Login, Problem, Protected, PublicConfig, User, UserBody,
};

use crate::json::{Value, write_text};

/// `GET /api/config`
pub fn config(value: &Value) -> Option<PublicConfig> {
    Some(PublicConfig {
        password_min: value.integer("password_min")?,
        registration: value.text("registration")?,
    })
}

/// `POST /api/login`
pub fn login(value: &Value) -> Option<Login> {
    Some(Login {
        access_token: value.text("access_token")?.into(),
        token_type: value.text("token_type")?,
        expires_in: value.integer("expires_in")?,
        user: user(value.get("user")?)?,
    })
}

/// `POST /api/register`
pub fn user_body(value: &Value) -> Option<UserBody> {
    Some(UserBody { user: user(value.get("user")?)? })
}

/// `GET /api/protected`
pub fn protected(value: &Value) -> Option<Protected> {
    Some(Protected { message: value.text("message")?, user: user(value.get("user")?)? })
}

/// An error's body.
pub fn problem(value: &Value) -> Option<Problem> {
    Some(Problem {
        kind: value.text("type")?,
        title: value.text("title")?,
        status: value.integer("status")?,
        detail: value.text("detail")?,
        errors: match value.get("errors") {
            Some(_) => value.list("errors", field_error)?,
            None => Vec::new(),
        },
    })
}

/// The body of a registration and of a login.
pub fn write_credentials(credentials: &Credentials) -> String {
    let mut json = String::from("{\"username\":");
    write_text(&mut json, &credentials.username);
    json.push_str(",\"password\":");
    write_text(&mut json, credentials.password.expose());
    json.push('}');
    json
}

fn user(value: &Value) -> Option<User> {
    Some(User {
        id: value.text("id")?,
        username: value.text("username")?,
        roles: value.list("roles", Value::as_text)?,
        created_at: value.text("created_at")?,
    })
}

fn field_error(value: &Value) -> Option<FieldError> {
    Some(FieldError { field: value.text("field")?, message: value.text("message")? })
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Serialize;

    use super::*;
    use crate::app::testing;
    use crate::json::parse;

    /// Reads what the contract writes, and finds that it is the same.
    fn assert_is_read<T: Serialize + Debug>(written: &T, read: fn(&Value) -> Option<T>) {
        let json = serde_json::to_string(written).unwrap();
        let back = parse(&json).as_ref().and_then(read).unwrap_or_else(|| panic!("{json}"));
        assert_eq!(serde_json::to_string(&back).unwrap(), json);
    }

    #[test]
    fn each_answer_is_read_as_the_contract_writes_it() {
        let mut user = testing::user("ada");
        user.roles = vec!["admin".into(), "auditor".into()];
        assert_is_read(&testing::login("ada", 1_900, 900), login);
        assert_is_read(&UserBody { user: user.clone() }, user_body);
        assert_is_read(&Protected { message: "a \"quoted\" é".into(), user }, protected);
        assert_is_read(&PublicConfig { password_min: 15, registration: "open".into() }, config);
    }

    #[test]
    fn a_problem_is_read_as_the_contract_writes_it() {
        let errors = vec![FieldError { field: "username".into(), message: "Taken.".into() }];
        for errors in [Vec::new(), errors] {
            let (kind, title, detail) = ("about:blank".into(), "Title".into(), "Detail".into());
            assert_is_read(&Problem { kind, title, status: 422, detail, errors }, problem);
        }
    }

    #[test]
    fn credentials_are_written_as_the_contract_reads_them() {
        let credentials =
            Credentials { username: "a\"\\\n\u{1}é😀".into(), password: "\u{7f} \t".into() };
        let json = write_credentials(&credentials);
        assert_eq!(
            json,
            serde_json::to_string(&credentials)
                .unwrap()
                .replace("\\n", "\\u000a")
                .replace("\\t", "\\u0009")
        );
        let back: Credentials = serde_json::from_str(&json).unwrap();
        assert_eq!((back.username, back.password), (credentials.username, credentials.password));
    }
}
