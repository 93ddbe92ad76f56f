//! The rules for names that users choose at registration, beyond the rules for all names.

use std::collections::HashMap;

use super::lookalike::{looks, mixes_scripts};
use super::{Username, fold};

/// Names that nobody may register, since people would believe that their owner speaks for the
/// service. They include the mailboxes of RFC 2142.
pub(super) const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "admin",
    "administrator",
    "anonymous",
    "api",
    "billing",
    "contact",
    "daemon",
    "everyone",
    "hallpass",
    "help",
    "helpdesk",
    "hostmaster",
    "info",
    "login",
    "mailer-daemon",
    "moderator",
    "nobody",
    "noreply",
    "null",
    "official",
    "operator",
    "postmaster",
    "root",
    "security",
    "service",
    "staff",
    "superuser",
    "support",
    "sysadmin",
    "system",
    "undefined",
    "webmaster",
];

/// What the user is told if a name looks like an existing one.
pub(crate) const LOOKS_LIKE_ANOTHER: &str =
    "Choose another username; this one looks like that of another user.";

/// The rules for names that users choose at registration.
#[derive(Debug)]
pub struct NameRules {
    /// The reserved names, by what they look like.
    reserved: HashMap<String, String>,
}

impl NameRules {
    /// Reserves [`RESERVED`] and the names in `more`.
    pub fn new(more: &[String]) -> Self {
        let mut reserved = HashMap::new();
        for name in RESERVED.iter().copied().chain(more.iter().map(String::as_str)) {
            for look in looks(name) {
                reserved.insert(letters(&look), name.to_owned());
            }
        }
        Self { reserved }
    }

    /// Checks whether a user may register this name.
    ///
    /// # Errors
    ///
    /// A sentence that tells them what to do.
    pub fn check(&self, name: &Username) -> Result<(), String> {
        if mixes_scripts(name.display()) {
            return Err(
                "Choose a username with letters of one script; this one mixes several, such \
                        as Latin and Cyrillic."
                    .to_owned(),
            );
        }
        let looks = looks(name.display());
        match looks.iter().find_map(|look| self.reserved.get(&letters(look))) {
            None => Ok(()),
            Some(reserved) if letters(&fold(reserved)) == letters(&fold(name.display())) => {
                Err("Choose another username; this one is reserved.".to_owned())
            }
            Some(reserved) => Err(format!(
                "Choose another username; this one looks like “{reserved}”, which is reserved."
            )),
        }
    }
}

/// The look without punctuation: `_root_` counts as `root`. A name of punctuation alone is kept.
fn letters(look: &str) -> String {
    let letters: String = look.chars().filter(|c| c.is_alphanumeric()).collect();
    if letters.is_empty() { look.to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str) -> Result<(), String> {
        NameRules::new(&["Crew".to_owned()]).check(&Username::parse(name).unwrap())
    }

    #[test]
    fn a_reserved_name_is_refused_in_every_spelling() {
        for name in ["admin", "ROOT", "Support", "_root_", "no-reply", "post.master", "cReW"] {
            assert!(check(name).unwrap_err().contains("is reserved"), "{name}");
        }
    }

    #[test]
    fn what_looks_like_a_reserved_name_is_refused() {
        // The last name is written in Lisu letters only.
        for name in ["r00t", "adrnin", "supp0rt", "he1p", "ꓮꓓꓟꓲꓠ"] {
            let refused = check(name).unwrap_err();
            assert!(refused.contains("looks like"), "{name}: {refused}");
        }
        assert!(check("rооtadmin").unwrap_err().contains("one script"));
    }

    #[test]
    fn what_only_contains_a_reserved_name_is_somebody_s_name() {
        for name in ["rootbeer", "administrative", "admin1", "helpful", "modem", "modern", "ada"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }
}
