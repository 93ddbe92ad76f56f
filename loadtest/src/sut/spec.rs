//! A target's file: how to talk to the server under test, in TOML. An unknown key is an error, so
//! that a misspelt one is noticed.

mod parts;
mod second_factor;

use std::path::Path as FilePath;

use serde::Deserialize;

use super::values::{Codes, Fields, Headers, PasswordForm, Path, Pointer};
use parts::Mistake;
pub(crate) use parts::{BodyForm, Method};
pub(crate) use second_factor::{CodeValues, SecondFactor};

/// The names and texts of the targets that need no file.
pub(crate) const BUILT_IN: [(&str, &str); 2] = [
    ("hallpass", include_str!("hallpass.toml")),
    ("flask-tutorial", include_str!("flask-tutorial.toml")),
];

/// A target's file as it was read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) accounts: AccountRules,
    pub(crate) login: Login,
    pub(crate) verify: Verify,
    /// Where people sign up; without it, the accounts have to be there.
    pub(crate) register: Option<Register>,
    pub(crate) refresh: Option<Refresh>,
    pub(crate) sign_out: Option<SignOut>,
    pub(crate) keys: Option<Keys>,
    pub(crate) second_factor: Option<SecondFactor>,
}

/// What accounts are made of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountRules {
    #[serde(default)]
    pub(crate) password: PasswordForm,
    /// The fewest characters of a password.
    #[serde(default)]
    pub(crate) password_min: usize,
}

/// Creates an account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    pub(crate) method: Option<Method>,
    pub(crate) path: Path,
    #[serde(default)]
    pub(crate) headers: Headers,
    #[serde(default)]
    pub(crate) body: BodyForm,
    pub(crate) fields: Fields,
    pub(crate) ok: Codes,
}

/// Exchanges name and password for a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    pub(crate) method: Option<Method>,
    pub(crate) path: Path,
    #[serde(default)]
    pub(crate) headers: Headers,
    #[serde(default)]
    pub(crate) body: BodyForm,
    pub(crate) fields: Fields,
    pub(crate) ok: Codes,
    pub(crate) wrong_password: Codes,
    pub(crate) unknown_user: Codes,
    pub(crate) token: Pointer,
    /// `Bearer`, in any case, if it is named.
    pub(crate) token_type: Option<Pointer>,
    /// Seconds from now; without it, the claims `exp` and `iat` of a JWT say it.
    pub(crate) expires_in: Option<Pointer>,
    pub(crate) username: Option<Pointer>,
    pub(crate) user_id: Option<Pointer>,
}

/// Asks for what only the bearer of a token may have.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    pub(crate) method: Option<Method>,
    pub(crate) path: Path,
    #[serde(default)]
    pub(crate) headers: Headers,
    pub(crate) ok: Codes,
    /// The token has expired.
    pub(crate) expired: Codes,
    /// The token was tampered with, or is signed in a way that must not be accepted.
    pub(crate) invalid: Codes,
    pub(crate) username: Option<Pointer>,
    pub(crate) user_id: Option<Pointer>,
    /// For how many seconds after its end a token is still accepted, by the server's own rules.
    #[serde(default)]
    pub(crate) leeway_seconds: u64,
}

/// Exchanges a refresh token for the next access token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, try_from = "RefreshTable")]
pub(crate) struct Refresh {
    pub(crate) method: Option<Method>,
    pub(crate) path: Path,
    pub(crate) headers: Headers,
    pub(crate) with: RefreshWith,
    pub(crate) ok: Codes,
}

/// Ends the session of an access token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignOut {
    pub(crate) method: Option<Method>,
    pub(crate) path: Path,
    #[serde(default)]
    pub(crate) headers: Headers,
    pub(crate) ok: Codes,
}

/// What a refresh token is carried in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum RefreshWith {
    /// The cookie of this name.
    Cookie(String),
    /// `Authorization: Bearer`; the token is here in the answer to a login and, where it is
    /// rotated, to a refresh.
    Bearer(Pointer),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshTable {
    method: Option<Method>,
    path: Path,
    #[serde(default)]
    headers: Headers,
    cookie: Option<String>,
    bearer: Option<Pointer>,
    ok: Codes,
}

impl TryFrom<RefreshTable> for Refresh {
    type Error = &'static str;

    fn try_from(table: RefreshTable) -> Result<Self, Self::Error> {
        let RefreshTable { method, path, headers, cookie, bearer, ok } = table;
        let with = match (cookie, bearer) {
            (Some(cookie), None) => RefreshWith::Cookie(cookie),
            (None, Some(bearer)) => RefreshWith::Bearer(bearer),
            _ => return Err("refresh needs either `cookie` or `bearer`"),
        };
        Ok(Self { method, path, headers, with, ok })
    }
}

/// The public keys that tokens are verified with, as a JWK Set (RFC 7517 section 5).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    pub(crate) path: Path,
}

impl Spec {
    /// The built-in target of this name, else the one in this file.
    pub(crate) fn find(name_or_file: &str) -> Result<Self, String> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_file) {
            return Self::parse(text).map_err(|error| format!("{name}: {error}"));
        }
        let text = std::fs::read_to_string(FilePath::new(name_or_file)).map_err(|error| {
            let names = BUILT_IN.map(|(name, _)| name).join(" and ");
            format!("{name_or_file} cannot be read ({error}), and the built-in ones are {names}")
        })?;
        Self::parse(&text).map_err(|error| format!("{name_or_file}: {error}"))
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let spec: Self =
            toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())?;
        let second_factor = spec.second_factor.as_ref().map_or(Ok(()), SecondFactor::check);
        spec.verify.check().and(second_factor).map_err(|Mistake { section, key, why }| {
            match line_of(text, section, key) {
                Some(line) => format!("line {line}: {why}"),
                None => why,
            }
        })?;
        Ok(spec)
    }
}

impl Verify {
    /// A status that means both yes and no is told apart by who is named.
    fn check(&self) -> Result<(), Mistake> {
        let names_somebody = self.username.is_some() || self.user_id.is_some();
        for (key, codes) in [("expired", &self.expired), ("invalid", &self.invalid)] {
            if codes.contain_a_success() && !names_somebody {
                let why = format!(
                    "a success in `{key}` is told from an accepted token by whom the answer names: say where, with \
                     `username` or `user_id`"
                );
                return Err(Mistake { section: "[verify]", key, why });
            }
        }
        Ok(())
    }
}

/// The line in which the section has this key, counted from 1.
fn line_of(text: &str, section: &str, key: &str) -> Option<usize> {
    let section = text.lines().position(|line| line.trim() == section)?;
    let after = text.lines().skip(section).position(|line| {
        line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
    })?;
    Some(section + after + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"name = "small"
[login]
path = "/login"
fields = { user = "{username}", pass = "{password}" }
ok = [200]
wrong_password = [401]
unknown_user = [401]
token = "/token"
[verify]
path = "/me"
ok = [200]
expired = [401]
invalid = [401]
"#;

    #[test]
    fn the_built_in_targets_are_right() {
        for (name, _) in BUILT_IN {
            assert_eq!(Spec::find(name).unwrap().name, name);
        }
    }

    #[test]
    fn a_target_needs_no_more_than_login_and_verify() {
        let spec = Spec::parse(SMALL).unwrap();
        assert!(spec.register.is_none() && spec.refresh.is_none() && spec.keys.is_none());
        assert_eq!(spec.login.body, BodyForm::Json);
    }

    /// What the error says of the small target with this line in place of another.
    fn error(old: &str, new: &str) -> String {
        Spec::parse(&SMALL.replacen(old, new, 1)).unwrap_err()
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_its_line() {
        let error = error("ok = [200]", "okay = [200]");
        assert!(error.contains("line 5") && error.contains("okay"), "{error}");
        let error = Spec::parse(&format!("{SMALL}[logout]\npath = \"/\"\n")).unwrap_err();
        assert!(error.contains("line 14") && error.contains("logout"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_an_error_that_names_its_line() {
        for (old, new, line, says) in [
            ("\"/login\"", "\"login\"", "line 3", "no path"),
            ("{password}", "secret", "line 4", "no field holds {password}"),
            ("[200]", "[200, 503]", "line 5", "503"),
            ("\"/token\"", "\"token\"", "line 8", "JSON pointer"),
        ] {
            let error = error(old, new);
            assert!(error.contains(line) && error.contains(says), "{new}: {error}");
        }
    }

    #[test]
    fn a_refusal_with_a_success_takes_a_place_where_somebody_is_named() {
        for (key, line) in [("expired", "line 12"), ("invalid", "line 13")] {
            let error = error(&format!("{key} = [401]"), &format!("{key} = [401, 200]"));
            assert!(error.contains(line) && error.contains("user_id"), "{error}");
        }
        let named = SMALL.replace("invalid = [401]", "invalid = [200]\nusername = \"/name\"");
        assert!(Spec::parse(&named).is_ok());
    }

    #[test]
    fn a_refresh_goes_with_a_cookie_or_a_bearer_token() {
        let refresh = |how: &str| {
            Spec::parse(&format!("{SMALL}[refresh]\npath = \"/refresh\"\nok = [200]\n{how}"))
        };
        assert!(refresh("cookie = \"session\"").is_ok());
        assert!(refresh("bearer = \"/refresh_token\"").is_ok());
        for how in ["", "cookie = \"session\"\nbearer = \"/refresh_token\""] {
            let error = refresh(how).unwrap_err();
            assert!(error.contains("line 14") && error.contains("either"), "{error}");
        }
    }

    #[test]
    fn a_target_that_is_not_there_is_told_with_those_that_are() {
        let error = Spec::find("no-such-target").unwrap_err();
        assert!(error.contains("hallpass and flask-tutorial"), "{error}");
    }
}
