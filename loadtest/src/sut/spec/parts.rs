//! What the sections of a target's file have in common.

use serde::Deserialize;

/// What a request's body is written as.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BodyForm {
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`, as an HTML form sends it.
    Form,
}

/// The methods that a request may have.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
}

/// Keys that are right each by itself, and do not fit each other.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) section: &'static str,
    pub(super) key: &'static str,
    pub(super) why: String,
}
