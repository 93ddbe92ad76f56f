use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::anyhow;
use totp_rs::{Builder, Secret, Totp};

use crate::Result;

/// How long a code is shown, in seconds.
const STEP: i64 = 30;

/// An authenticator app that holds the secret of one account (RFC 6238).
#[derive(Debug)]
pub struct AuthenticatorApp(Totp);

impl AuthenticatorApp {
    /// The app after somebody has typed this secret, in base32 with or without spaces.
    ///
    /// # Errors
    ///
    /// If it is no such secret.
    pub fn new(secret: &str) -> Result<Self> {
        let secret = Secret::try_from_base32(secret.replace(' ', ""))
            .map_err(|error| anyhow!("the page shows no secret: {error}"))?;
        let app = Builder::new().with_secret(secret).build();
        Ok(Self(app.map_err(|error| anyhow!("the secret makes no codes: {error}"))?))
    }

    /// The code that it shows so many steps of 30 seconds from now; 0 is the present one. A server
    /// takes each code once, and that of the last and of the next step, too.
    ///
    /// # Errors
    ///
    /// If the clock stands before 1970.
    #[expect(clippy::disallowed_methods, reason = "the server under test has the clock of all")]
    pub fn code(&self, steps_from_now: i64) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let time = now.saturating_add_signed(STEP * steps_from_now);
        Ok(self.0.generate(time).to_string())
    }
}
