//! The audit log: a record of each event that matters to security, under the target
//! `hallpass::audit`, and in the store. A record holds no secret. Nor does it hold a name that
//! somebody typed, since people type passwords into the wrong field.

mod counts;
mod log;
mod record;

pub(crate) use self::log::AuditLog;
pub use self::record::Record;

/// The target of audit records, for filters.
pub const TARGET: &str = "hallpass::audit";

macro_rules! events {
    ($($(#[doc = $doc:literal])* $event:ident = $name:literal,)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Event {
            $($(#[doc = $doc])* $event,)*
        }

        impl Event {
            /// The names of all events.
            pub const NAMES: &[&str] = &[$($name),*];

            /// What each of them means, in the same order.
            pub const MEANINGS: &[&str] = &[$(concat!($($doc),*)),*];

            /// Its name in the log.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$event => $name,)*
                }
            }
        }
    };
}

events! {
    /// A user registered, or was added on the command line.
    Registration = "registration",
    /// Users were imported; the detail says how many.
    Import = "import",
    /// Somebody signed in, or tried.
    Login = "login",
    /// The password was right, and a second factor was asked for.
    FactorAsked = "second_factor_asked",
    /// One-time codes were set up, or tried to be.
    TotpAdded = "totp_added",
    /// One-time codes were taken away by their user.
    TotpRemoved = "totp_removed",
    /// A passkey was added, or tried to be.
    PasskeyAdded = "passkey_added",
    /// A passkey was taken away by its user.
    PasskeyRemoved = "passkey_removed",
    /// Recovery codes were made anew; the old ones are void.
    RecoveryCodesMade = "recovery_codes_made",
    /// An admin or an operator took all second factors from a user.
    FactorsReset = "factors_reset",
    /// An access token was renewed by the refresh cookie.
    Refresh = "refresh",
    /// A refresh token was used again: somebody has a copy. The session has ended.
    RefreshReuse = "refresh_reuse",
    /// A guarded site let a browser in that is signed in here; the detail is the site.
    GuardOpened = "guard_opened",
    /// A session was signed out of.
    Logout = "logout",
    /// One or more sessions were ended from elsewhere.
    SessionsEnded = "sessions_ended",
    /// The sessions of all users were ended; the detail says how many.
    AllSessionsEnded = "all_sessions_ended",
    /// An account's failed attempts in a row were forgotten.
    AccountUnlocked = "account_unlocked",
    /// The password was given again, or tried.
    Reauthentication = "reauthentication",
    /// The password was changed, or tried to be.
    PasswordChange = "password_change",
    /// An admin made a reset link.
    ResetOffer = "reset_offer",
    /// A reset link was withdrawn before it was used.
    ResetWithdrawn = "reset_withdrawn",
    /// A reset link was used, or tried.
    PasswordReset = "password_reset",
    /// The roles of a user were changed; the detail says to what.
    RoleChange = "role_change",
    /// A user was shut out.
    UserDisabled = "user_disabled",
    /// A user was let in again.
    UserEnabled = "user_enabled",
    /// A user was deleted.
    UserDeleted = "user_deleted",
    /// A new signing key took over; the detail is its id.
    KeyRotation = "key_rotation",
    /// A key was revoked: no token of it is accepted any more; the detail is its id.
    KeyRevoked = "key_revoked",
    /// From now on everyone may register.
    RegistrationOpened = "registration_opened",
    /// From now on nobody may register.
    RegistrationClosed = "registration_closed",
    /// A network was blocked for a time; the detail says which, and until when.
    NetworkBlocked = "network_blocked",
    /// A block was ended; the detail is the network.
    NetworkUnblocked = "network_unblocked",
    /// An OAuth client was made, or tried to be; the detail is its name and what it may do.
    OauthClientAdded = "client_added",
    /// An OAuth client was deleted; the detail is its name.
    OauthClientDeleted = "client_deleted",
    /// A wrong `client_id` or `client_secret` came; the detail is the client, if there is one.
    OauthClientRefused = "client_refused",
    /// An OAuth client ended the session of a token; the detail says which client.
    TokenRevoked = "token_revoked",
    /// All that is stored was written to a backup.
    Backup = "backup",
    /// All keys were made anew, and all sessions ended; the detail is the id of the new one.
    KeyReset = "key_reset",
}
