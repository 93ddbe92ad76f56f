//! One-time codes (RFC 6238), as authenticator apps make them: SHA-1, 6 digits, 30 seconds.

use hallpass_contract::Secret;
use jiff::Timestamp;
use totp_rs::{Builder, Secret as Key, Totp};

/// How long a code lasts, in seconds.
pub(crate) const STEP_SECONDS: u64 = 30;

/// The number of a time step. Each has a code of its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Step(u64);

impl Step {
    /// The step of this time.
    pub(crate) fn at(now: Timestamp) -> Self {
        Self(now.as_second().max(0).unsigned_abs() / STEP_SECONDS)
    }

    /// The step that comes so many steps later.
    pub(crate) fn plus(self, steps: u64) -> Self {
        Self(self.0 + steps)
    }

    /// The step that came so many steps before.
    pub(crate) fn minus(self, steps: u64) -> Self {
        Self(self.0.saturating_sub(steps))
    }

    /// When it begins, in seconds of Unix time.
    pub(crate) fn begins_at(self) -> u64 {
        self.0 * STEP_SECONDS
    }
}

/// The codes of one secret.
#[derive(Debug)]
pub(crate) struct Codes(Totp);

impl Codes {
    /// The codes of a secret in base32.
    ///
    /// # Errors
    ///
    /// It is not base32, or empty.
    pub(crate) fn of(secret: &Secret) -> anyhow::Result<Self> {
        // As it may be shown to people: in groups, and with its padding.
        let text = secret.expose().replace([' ', '='], "").to_uppercase();
        anyhow::ensure!(!text.is_empty(), "a secret of one-time codes is empty");
        let key = Key::try_from_base32(text);
        let key = key.map_err(|_| anyhow::anyhow!("a secret of one-time codes is not base32"))?;
        // Servers choose how long their secrets are; the other settings are those of RFC 6238.
        Ok(Self(Builder::new().with_secret(key).build_noncompliant()))
    }

    /// The code of a time step.
    pub(crate) fn code(&self, step: Step) -> String {
        self.0.generate(step.begins_at()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238 appendix B, whose codes have eight digits: here the last six.
        let codes =
            Codes::of(&Secret::from("gezd gnbv gy3t qojq gezd gnbv gy3t qojq====")).unwrap();
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            let now = Timestamp::from_second(seconds).unwrap();
            assert_eq!(codes.code(Step::at(now)), code, "{seconds}");
        }
    }

    #[test]
    fn a_secret_that_is_none_is_refused() {
        for refused in ["", "====", "no base32!", "18"] {
            assert!(Codes::of(&Secret::from(refused)).is_err(), "{refused}");
        }
    }

    #[test]
    fn codes_do_not_show_in_a_log() {
        let codes = Codes::of(&Secret::from("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).unwrap();
        let shown = format!("{codes:?}");
        assert!(!shown.contains("49, 50") && !shown.contains("GEZD"), "{shown}");
    }
}
