//! The users' names and their password.

use serde_json::json;

/// The password of every user.
pub const PASSWORD: &str = "correct horse battery staple";

/// The name of user `n`. All names have the same length.
pub fn name(n: usize) -> String {
    format!("user{n:07}")
}

/// The names of the first users.
pub fn names(count: usize) -> Vec<String> {
    (0..count).map(name).collect()
}

/// The body of a registration and of a login.
pub fn credentials(name: &str) -> String {
    json!({"username": name, "password": PASSWORD}).to_string()
}
