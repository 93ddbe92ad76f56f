use hallpass_contract::{Credentials, Secret};

use crate::PASSWORD;

/// Someone who can sign in.
#[derive(Clone, Debug)]
pub struct User {
    /// The username.
    pub name: String,
    /// The password; neither reports nor `Debug` show it.
    pub password: Secret,
    /// As a deployment calls them. On a server of a test's own nobody needs to know.
    pub(crate) id: Option<String>,
}

impl User {
    /// Somebody with this name and password, whom the server need not know.
    pub fn new(name: impl Into<String>, password: &str) -> Self {
        Self { name: name.into(), password: password.into(), id: None }
    }

    /// Somebody with a name that no other run has used, so that a suite can run against one
    /// deployment again. The server does not know them yet.
    pub fn invent() -> Self {
        Self::new(format!("e2e-{:016x}", fastrand::u64(..)), PASSWORD)
    }

    /// What the lists of users are asked for so that this user is on the first page: users are in
    /// the order of their ids, and a deployment may have thousands. None if there can't be so many.
    pub(crate) fn listed_after(&self) -> Option<String> {
        let id = u128::from_str_radix(&self.id.as_ref()?.replace('-', ""), 16).ok()?;
        let hex = format!("{:032x}", id.checked_sub(1)?);
        let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        Some(format!("{a}-{b}-{c}-{d}-{e}"))
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials { username: self.name.clone(), password: self.password.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_of_a_deployment_comes_first_in_the_list_that_is_asked_for() {
        let id = Some("0190a1b2-c3d4-7e5f-8001-000000000000".to_owned());
        let ada = User { id, ..User::invent() };
        assert_eq!(ada.listed_after().unwrap(), "0190a1b2-c3d4-7e5f-8000-ffffffffffff");
        assert_eq!(User::invent().listed_after(), None);
    }
}
