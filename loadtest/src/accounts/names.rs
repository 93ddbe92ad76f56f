//! Makes up the names and passwords of a run's accounts.

use anyhow::{Context, anyhow};
use data_encoding::BASE32_NOPAD;

use crate::sut::{Account, AccountRules, Spec};

/// 160 bits: what no server has a reason to refuse.
const PASSWORD_BYTES: usize = 20;
/// Of five bytes in base32.
const CHARS_PER_GROUP: usize = 8;

/// Names that no other run has used, as far as 40 random bits can tell, numbered in turn.
#[derive(Debug)]
pub(crate) struct Namer {
    run: String,
    rules: AccountRules,
}

impl Namer {
    pub(crate) fn new(spec: &Spec) -> anyhow::Result<Self> {
        Ok(Self { run: random_text(5)?, rules: spec.accounts.clone() })
    }

    pub(crate) fn username(&self, number: usize) -> String {
        format!("load-{}-{number}", self.run)
    }

    /// A password that the target's rules allow.
    pub(crate) fn password(&self) -> anyhow::Result<String> {
        let rules = &self.rules;
        let bytes = rules.password_min.div_ceil(CHARS_PER_GROUP) * 5;
        Ok(rules.password.fill(&random_text(bytes.max(PASSWORD_BYTES))?))
    }

    /// Name and password of the account with this number.
    pub(crate) fn account(&self, number: usize) -> anyhow::Result<Account> {
        Ok(Account::new(self.username(number), self.password()?))
    }
}

/// Random bytes as lower-case base32; a multiple of 5 leaves no bit unused.
fn random_text(bytes: usize) -> anyhow::Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|e| anyhow!(e)).context("no random numbers")?;
    Ok(BASE32_NOPAD.encode(&random).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(rules: &str) -> Spec {
        let text = include_str!("../sut/hallpass.toml");
        let text = text.replace("password = \"{random}\"\npassword_min = 15", rules);
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn names_differ_within_a_run_and_between_runs() {
        let spec = spec("");
        let (one, other) = (Namer::new(&spec).unwrap(), Namer::new(&spec).unwrap());
        assert_ne!(one.username(0), one.username(1));
        assert_ne!(one.username(0), other.username(0));
        assert_ne!(one.password().unwrap(), one.password().unwrap());
    }

    #[test]
    fn an_account_keeps_the_rules_of_the_contract() {
        let spec = spec("");
        let account = Namer::new(&spec).unwrap().account(99_999).unwrap();
        assert!((3..=64).contains(&account.username.len()));
        assert!(account.username.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        assert_eq!(account.password.expose().len(), 32);
    }

    #[test]
    fn a_target_can_ask_for_longer_passwords_and_for_other_characters() {
        let spec = spec("password = \"{random}Aa1!\"\npassword_min = 100");
        let password = Namer::new(&spec).unwrap().password().unwrap();
        assert!(password.len() >= 100 && password.ends_with("Aa1!"), "{password}");
    }
}
