//! The section `second_factor` of a target's file: logins in two steps, a password and a one-time
//! code.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::parts::{BodyForm, Method, Mistake};
use crate::sut::call::TwoStep;
use crate::sut::values::{Codes, Headers, Path, Pointer, fill, refuse_unknown};

/// The second step of a login, how the first one asks for it, and how an account gets one-time
/// codes (RFC 6238: SHA-1, 6 digits, 30 s).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactor {
    /// The first step's answer to a right password.
    pub(crate) needs_status: Codes,
    /// Where that answer has what the second step refers to, if it has such a thing.
    pub(crate) challenge: Option<Pointer>,
    pub(crate) method: Option<Method>,
    pub(crate) path: Path,
    #[serde(default)]
    pub(crate) headers: Headers,
    #[serde(default)]
    pub(crate) body: BodyForm,
    pub(crate) fields: CodeFields,
    pub(crate) ok: Codes,
    #[serde(default)]
    pub(crate) drift_steps: DriftSteps,
    pub(crate) begin: Begin,
    pub(crate) confirm: Confirm,
}

/// Asks for a secret of one-time codes, with an access token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    pub(crate) method: Option<Method>,
    pub(crate) path: Path,
    #[serde(default)]
    pub(crate) headers: Headers,
    pub(crate) ok: Codes,
    /// Where the secret is, in base32.
    pub(crate) secret: Pointer,
}

/// Takes the secret into use with a code of it, with an access token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    pub(crate) method: Option<Method>,
    pub(crate) path: Path,
    #[serde(default)]
    pub(crate) headers: Headers,
    #[serde(default)]
    pub(crate) body: BodyForm,
    pub(crate) fields: CodeFields,
    pub(crate) ok: Codes,
}

/// By how many time steps a code may be early or late (RFC 6238 section 5.2).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(try_from = "u64")]
pub(crate) struct DriftSteps(u64);

impl DriftSteps {
    pub(crate) fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for DriftSteps {
    type Error = String;

    fn try_from(steps: u64) -> Result<Self, String> {
        match steps {
            0 | 1 => Ok(Self(steps)),
            _ => Err(format!("{steps} is too much drift to rely on: give 0 or 1")),
        }
    }
}

/// What is filled in for one code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeValues<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
    /// Empty where there is none.
    pub(crate) challenge: &'a str,
    pub(crate) code: &'a str,
}

/// The fields of a body that shows a one-time code.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "BTreeMap<String, String>")]
pub(crate) struct CodeFields(BTreeMap<String, String>);

const CHALLENGE: &str = "{challenge}";
const CODE: &str = "{code}";

impl CodeFields {
    pub(crate) fn fill(&self, values: CodeValues<'_>) -> BTreeMap<&str, String> {
        let values = [
            ("{username}", values.username),
            ("{password}", values.password),
            (CHALLENGE, values.challenge),
            (CODE, values.code),
        ];
        self.0.iter().map(|(field, text)| (field.as_str(), fill(text, &values))).collect()
    }

    fn hold(&self, placeholder: &str) -> bool {
        self.0.values().any(|text| text.contains(placeholder))
    }
}

impl TryFrom<BTreeMap<String, String>> for CodeFields {
    type Error = String;

    fn try_from(fields: BTreeMap<String, String>) -> Result<Self, String> {
        for text in fields.values() {
            refuse_unknown(text, &["{username}", "{password}", CHALLENGE, CODE])?;
        }
        let fields = Self(fields);
        match fields.hold(CODE) {
            true => Ok(fields),
            false => Err(format!("no field holds {CODE}")),
        }
    }
}

impl SecondFactor {
    /// The status codes of a right answer.
    pub(crate) fn expected(&self, step: TwoStep) -> &Codes {
        match step {
            TwoStep::Begin => &self.begin.ok,
            TwoStep::Confirm => &self.confirm.ok,
            TwoStep::Password => &self.needs_status,
            TwoStep::Code => &self.ok,
        }
    }
}

const SECTION: &str = "[second_factor]";

impl SecondFactor {
    /// What fits no other key of the section.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        let mistake = |section, key, why: &str| Err(Mistake { section, key, why: why.to_owned() });
        match (&self.challenge, self.fields.hold(CHALLENGE)) {
            (Some(_), false) => mistake(SECTION, "fields", "no field holds {challenge}"),
            (None, true) => {
                mistake(SECTION, "fields", "say with `challenge` where {challenge} comes from")
            }
            _ if self.confirm.fields.hold(CHALLENGE) => {
                let section = "[second_factor.confirm]";
                mistake(section, "fields", "a set-up has no {challenge}")
            }
            (None, _) if self.needs_status.contain_a_success() => mistake(
                SECTION,
                "needs_status",
                "a success in `needs_status` is told from a login by its challenge: say where that \
                 is, with `challenge`",
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sut::Spec;

    /// The built-in target with this in place of a text of its last sections.
    fn parsed(old: &str, new: &str) -> Result<Spec, String> {
        let text = include_str!("../hallpass.toml");
        let at = text.find("[second_factor]").unwrap();
        assert!(text[at..].contains(old), "{old}");
        Spec::parse(&format!("{}{}", &text[..at], text[at..].replacen(old, new, 1)))
    }

    fn error(old: &str, new: &str) -> String {
        parsed(old, new).unwrap_err()
    }

    /// The number of the line in which this is for the first time after `section`.
    fn line(section: &str, text: &str) -> String {
        let file = include_str!("../hallpass.toml");
        let from = file.find(section).unwrap();
        let at = from + file[from..].find(text).unwrap();
        format!("line {}", file[..at].matches('\n').count() + 1)
    }

    #[test]
    fn the_section_says_how_codes_are_set_up_and_shown() {
        let spec = parsed("drift_steps = 1", "").unwrap().second_factor.unwrap();
        assert_eq!(spec.drift_steps.get(), 0, "without a word nothing is relied on");
        assert_eq!(parsed("", "").unwrap().second_factor.unwrap().drift_steps.get(), 1);
    }

    #[test]
    fn an_unknown_key_and_a_wrong_value_are_errors_that_name_their_line() {
        for (section, old, new, says) in [
            ("[second_factor]", "needs_status = [401]", "need_status = [401]", "need_status"),
            ("[second_factor]", "needs_status = [401]", "needs_status = [429]", "429"),
            ("[second_factor]", "drift_steps = 1", "drift_steps = 2", "0 or 1"),
            ("[second_factor]", "\"{code}\"", "\"123456\"", "no field holds {code}"),
            ("[second_factor]", "\"{code}\"", "\"{code}{pin}\"", "{pin}"),
            ("[second_factor.begin]", "secret = \"/secret\"", "secret = \"s\"", "JSON pointer"),
            ("[second_factor.confirm]", "{ code = \"{code}\" }", "{}", "no field holds {code}"),
        ] {
            let error = error(old, new);
            let line = line(section, old);
            assert!(error.contains(&line) && error.contains(says), "{new}: {line}: {error}");
        }
    }

    #[test]
    fn a_challenge_is_both_found_and_sent_or_neither() {
        let line = line("[second_factor]", "fields =");
        let unsent = error("\"{challenge}\"", "\"c\"");
        assert_eq!(unsent, format!("{line}: no field holds {{challenge}}"));
        let unknown = error("challenge = \"/challenge\"", "");
        assert!(unknown.contains("say with `challenge`"), "{unknown}");
        let set_up = error("{ code = \"{code}\" }", "{ code = \"{code}{challenge}\" }");
        assert!(set_up.contains("a set-up has no {challenge}"), "{set_up}");
    }

    #[test]
    fn a_first_step_with_a_success_takes_a_challenge() {
        assert!(parsed("needs_status = [401]", "needs_status = [200]").is_ok());
        let keys = "needs_status = [401]\nchallenge = \"/challenge\"";
        let text = include_str!("../hallpass.toml").replace(keys, "needs_status = [200]");
        let error = Spec::parse(&text.replace("\"{challenge}\"", "\"{username}\"")).unwrap_err();
        assert!(error.contains("told from a login by its challenge"), "{error}");
    }
}
