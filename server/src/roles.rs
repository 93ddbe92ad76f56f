//! The names of roles: `user` and `admin`, and whatever other services agree on.

/// The most roles of one user, repeated ones counted: they travel in each of their tokens.
pub(crate) const MAX_ROLES: usize = 32;

/// The most characters of a role.
const MAX_CHARS: usize = 64;

/// All roles of a user, each once.
///
/// # Errors
///
/// A sentence that tells a person what to do.
pub(crate) fn check(roles: Vec<String>) -> Result<Vec<String>, String> {
    if roles.len() > MAX_ROLES {
        return Err(format!("Give a user at most {MAX_ROLES} roles."));
    }
    let mut checked = Vec::new();
    for role in roles {
        if !is_role(&role) {
            return Err(
                "Name each role with 1 to 64 of the characters a-z, 0-9 and : . _ -".to_owned()
            );
        }
        if !checked.contains(&role) {
            checked.push(role);
        }
    }
    Ok(checked)
}

fn is_role(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b":._-".contains(&c);
    (1..=MAX_CHARS).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(names: &[&str]) -> Result<Vec<String>, String> {
        check(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn a_role_is_kept_once_and_in_its_place() {
        assert_eq!(roles(&["user", "billing:read", "user"]).unwrap(), ["user", "billing:read"]);
        assert_eq!(roles(&[]).unwrap(), [""; 0]);
    }

    #[test]
    fn other_characters_and_lengths_are_refused() {
        for bad in ["", "Admin", "two words", "a,b", "ä", "x\n", &"x".repeat(65)] {
            assert!(roles(&[bad]).is_err(), "{bad}");
        }
        assert!(roles(&["a:b.c_d-9", &"x".repeat(64)]).is_ok());
    }

    #[test]
    fn a_token_must_have_room_for_all_of_them() {
        let names: Vec<String> = (0..=MAX_ROLES).map(|n| format!("role{n}")).collect();
        assert!(check(names[1..].to_vec()).is_ok());
        assert!(check(names).is_err());
        assert!(check(vec!["user".to_owned(); MAX_ROLES + 1]).is_err());
    }
}
