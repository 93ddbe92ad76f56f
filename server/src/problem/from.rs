//! Turns errors of other parts into problems.

use std::time::Duration;

use hallpass_contract::{ADMIN_ROLE, kind};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::{Problem, field_error};
use crate::accounts::{AccountError, BrokenRule};
use crate::keys::KeyChangeError;
use crate::proof::password::PoolError;
use crate::store::{EditUserError, StoreError};
use crate::throttle::RetryAfter;
use crate::token::TokenError;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Conflict(_) => Self::unavailable(error),
            StoreError::OutOfTouch(_) => Self::out_of_touch(error),
            StoreError::Damaged(_) => Self::internal(error),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::RegistrationClosed => Self::registration_closed(),
            AccountError::NameTaken => Self::username_taken(),
            AccountError::BrokenRules(rules) => {
                let error = |rule: BrokenRule| field_error(rule.what, rule.message);
                Self::invalid_fields(rules.into_iter().map(error).collect())
            }
            AccountError::TooMany(wait) => wait.into(),
            AccountError::NotProven => Self::invalid_credentials(),
            AccountError::FactorNeeded { challenge, kinds, options } => {
                Self::second_factor_required(challenge, &kinds, options)
            }
            AccountError::NoPasskeys => Self::no_passkeys(),
            AccountError::ChallengeOver => Self::challenge_over(),
            AccountError::SessionEnded => Self::session_ended(),
            AccountError::NotFound => Self::not_found(),
            AccountError::LinkNotValid => {
                let message =
                    "This link was used, has expired, or never was one; ask for another one.";
                Self::invalid_fields(vec![field_error("token", message)])
            }
            AccountError::NotChanged { error, fresh_for } => Self::of_edit(error, fresh_for),
            AccountError::Hazard(hazard) => Self::hazardous_block(hazard),
            AccountError::Hashing(error) => error.into(),
            AccountError::Keys(error) => error.into(),
            AccountError::Backup(error) => anyhow::Error::from(error).into(),
            AccountError::Store(error) => error.into(),
            AccountError::Internal(error) => error.into(),
        }
    }
}

impl Problem {
    /// Why a user was not changed. A password counts as fresh for `fresh_for`.
    fn of_edit(error: EditUserError, fresh_for: Duration) -> Self {
        match error {
            EditUserError::NotFound
            | EditUserError::NoOffer
            | EditUserError::NoSession
            | EditUserError::NoFactor
            | EditUserError::NoBlock => Self::not_found(),
            EditUserError::TooManyBlocks => Self::too_many_blocks(),
            EditUserError::LastFactor => Self::last_factor(),
            EditUserError::TooManyPasskeys => Self::too_many_passkeys(),
            EditUserError::SamePasskey => {
                let message = "This passkey was added before.";
                Self::invalid_fields(vec![field_error("credential", message)])
            }
            EditUserError::LastAdmin => Self::last_admin(),
            EditUserError::SessionEnded => Self::session_ended(),
            EditUserError::NoAdmin => Self::missing_role(ADMIN_ROLE),
            EditUserError::NotFresh => Self::not_fresh(fresh_for),
            EditUserError::PasswordChanged => {
                Self::invalid_credentials().with_field("current_password")
            }
            EditUserError::Store(error) => error.into(),
        }
    }
}

impl From<KeyChangeError> for Problem {
    fn from(error: KeyChangeError) -> Self {
        match error {
            KeyChangeError::SecretIsConfigured => Self::secret_is_configured(),
            KeyChangeError::NoSuchKey => Self::not_found(),
            KeyChangeError::Failed(cause) => match cause.downcast::<StoreError>() {
                Ok(error) => error.into(),
                Err(cause) => Self::internal(cause),
            },
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let description = match error {
            TokenError::Invalid => "the access token is not valid",
            TokenError::Expired => "the access token has expired",
            TokenError::NotYetValid => "the access token is not valid yet",
        };
        Self::unauthenticated("The access token is not accepted; sign in again.", Some(description))
    }
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        let PoolError::Overloaded { retry_after } = error else { return Self::internal(error) };
        let seconds = whole_seconds(retry_after);
        let detail = format!("Too many people are signing in; try again in {seconds} s.");
        Self {
            kind: kind::OVERLOADED,
            title: "Overloaded",
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
                .with_header(RETRY_AFTER, HeaderValue::from(seconds))
        }
    }
}

/// It does not say which limit was reached. So it reads the same whether or not the account exists.
impl From<RetryAfter> for Problem {
    fn from(RetryAfter(wait): RetryAfter) -> Self {
        let seconds = whole_seconds(wait);
        let wait = match seconds {
            1 => "1 second".to_owned(),
            2..120 => format!("{seconds} seconds"),
            _ => format!("{} minutes", seconds.div_ceil(60)),
        };
        Self {
            kind: kind::TOO_MANY_REQUESTS,
            title: "Too many requests",
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!("Too many attempts; try again in {wait}."),
            )
            .with_header(RETRY_AFTER, HeaderValue::from(seconds))
        }
    }
}

/// Rounds up to at least one second, so that a client that waits this long has waited long enough.
fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(error)
    }
}
