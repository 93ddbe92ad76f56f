//! What tests of the pure code are made of.

use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::{FieldError, Login, PROBLEM_MEDIA_TYPE, Problem, User, kind};

use crate::api::Reply;

pub(crate) fn jwt(username: &str, exp: i64) -> String {
    let payload = serde_json::json!({ "username": username, "exp": exp, "sub": "id" }).to_string();
    format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(payload.as_bytes()))
}

pub(crate) fn user(username: &str) -> User {
    User {
        id: "0190-id".into(),
        username: username.into(),
        roles: Vec::new(),
        created_at: "2026-01-31T12:00:00Z".into(),
    }
}

pub(crate) fn login(username: &str, exp: i64, expires_in: u64) -> Login {
    Login {
        access_token: jwt(username, exp).into(),
        token_type: "Bearer".into(),
        expires_in,
        user: user(username),
    }
}

pub(crate) fn json(status: u16, body: &impl serde::Serialize) -> Reply {
    Reply {
        status,
        content_type: "application/json".into(),
        body: serde_json::to_string(body).unwrap(),
        ..Reply::default()
    }
}

pub(crate) fn problem(status: u16, detail: &str, errors: &[(&str, &str)]) -> Reply {
    let problem = Problem {
        kind: kind::BLANK.into(),
        title: "Title".into(),
        status,
        detail: detail.into(),
        errors: errors
            .iter()
            .map(|&(field, message)| FieldError {
                field: field.into(),
                message: message.into(),
            })
            .collect(),
    };
    Reply {
        content_type: PROBLEM_MEDIA_TYPE.into(),
        ..json(status, &problem)
    }
}
