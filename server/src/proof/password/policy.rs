use hallpass_contract::Secret;

use super::Password;
use super::guessable::is_guessable;
use crate::username::Username;

/// The most characters of a password. NIST SP 800-63B-4 asks for at least 64, and nobody's
/// passphrase is near this limit. Without one, a registration could make the server process 16 KiB
/// of text.
pub const MAX_CHARS: usize = 1024;

/// What a new password must be (NIST SP 800-63B-4 section 3.1.1.2): long, and none that attackers
/// try first. It need not have digits or symbols. The policy applies when a password is set, never
/// at login.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The fewest characters (Unicode code points).
    pub min_chars: usize,
}

impl Policy {
    /// Checks a new password for `username`. For a maliciously chosen one this takes about as long
    /// as a password hash, so call it on a hashing thread.
    ///
    /// # Errors
    ///
    /// A sentence that tells the user what to do.
    pub fn check(self, text: &Secret, username: Option<&Username>) -> Result<Password, String> {
        if text.expose().is_empty() {
            return Err(self.too_short());
        }
        let password = Password::prepare(text).map_err(|_| {
            "Leave control characters, such as tabs and line breaks, out of the password."
                .to_owned()
        })?;
        let chars = password.expose().chars().count();
        if chars < self.min_chars {
            return Err(self.too_short());
        }
        if chars > MAX_CHARS {
            return Err(format!("Use at most {MAX_CHARS} characters."));
        }
        if is_guessable(password.expose(), username) {
            return Err("This password is one of the first that an attacker would try. Use \
                        several unrelated words, or let a password manager make one."
                .to_owned());
        }
        Ok(password)
    }

    fn too_short(self) -> String {
        let min = self.min_chars;
        format!("Use at least {min} characters; a few unrelated words make a good password.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Password, String> {
        let username = Username::parse("guybrush.threepwood").unwrap();
        Policy { min_chars: 15 }.check(&Secret::from(text), Some(&username))
    }

    #[test]
    fn long_passwords_of_any_script_are_accepted_without_composition_rules() {
        for good in [
            "correct horse battery staple",
            "tulip anvil copper midnight",
            "мой дядя самых честных правил",
            "wir fahren nach Brandenburg heute",
            "7Kx!mP2$vQ9@zR4",
            "🦀 crabs walk sideways 🦀",
        ] {
            assert!(check(good).is_ok(), "{good}: {:?}", check(good));
        }
        assert!(check(&"tulip anvil copper ".repeat(14)[..256]).is_ok());
        let weak_start = "a".repeat(40) + "tulip anvil copper midnight";
        assert!(check(&weak_start).is_ok());
    }

    #[test]
    fn what_an_attacker_tries_first_is_refused() {
        for bad in [
            "passwordpassword",
            "aaaaaaaaaaaaaaaaaaaa",
            "qwertyuiopasdfghjkl",
            "123456789012345678",
            "guybrush.threepwood",
            "passwordpasswordpasswordpasswordpasswordpassword",
            "hallpasshallpass",
        ] {
            assert!(check(bad).is_err_and(|message| message.contains("attacker")), "{bad}");
        }
    }

    #[test]
    fn the_length_is_counted_in_characters_and_the_message_says_how_many() {
        assert!(check("äöüß漢字かな交じり文ab").unwrap_err().contains("15"));
        assert!(check("").unwrap_err().contains("15"));
        assert!(check(&"tulip anvil copper ".repeat(60)).unwrap_err().contains("1024"));
        assert!(check("tab\tseparated words here").unwrap_err().contains("control"));
    }
}
