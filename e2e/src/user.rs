use hallpass_contract::{Credentials, Secret};

use crate::PASSWORD;

/// Someone who can sign in.
#[derive(Clone, Debug)]
pub struct User {
    /// The username.
    pub name: String,
    /// The password; neither reports nor `Debug` show it.
    pub password: Secret,
}

impl User {
    /// Somebody with this name and password, whom the server need not know.
    pub fn new(name: impl Into<String>, password: &str) -> Self {
        Self { name: name.into(), password: password.into() }
    }

    /// Somebody with a name that no other run has used, so that a suite can run against one
    /// deployment again. The server does not know them yet.
    pub fn invent() -> Self {
        Self::new(format!("e2e-{:016x}", fastrand::u64(..)), PASSWORD)
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials { username: self.name.clone(), password: self.password.clone() }
    }
}
