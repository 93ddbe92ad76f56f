//! The audit log: a record of each event that matters to security, under the target
//! `hallpass::audit`. A record holds no secret. Nor does it hold a name that somebody typed, since
//! people type passwords into the wrong field.

use std::fmt;

use crate::client::Client;
use crate::origin::{Caller, Origin};
use crate::store::{SessionId, UserId};

/// The target of audit records, for filters.
pub const TARGET: &str = "hallpass::audit";

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// A user registered, or was added on the command line.
    Registration,
    /// Users were imported; the detail says how many.
    Import,
    /// Somebody signed in, or tried.
    Login,
    /// An access token was renewed by the refresh cookie.
    Refresh,
    /// A refresh token was used again: somebody has a copy. The session has ended.
    RefreshReuse,
    /// A session was signed out of.
    Logout,
    /// One or more sessions were ended from elsewhere.
    SessionsEnded,
    /// The sessions of all users were ended; the detail says how many.
    AllSessionsEnded,
    /// An account's failed attempts in a row were forgotten.
    AccountUnlocked,
    /// The password was given again, or tried.
    Reauthentication,
    /// The password was changed, or tried to be.
    PasswordChange,
    /// An admin made a reset link.
    ResetOffer,
    /// A reset link was withdrawn before it was used.
    ResetWithdrawn,
    /// A reset link was used, or tried.
    PasswordReset,
    /// The roles of a user were changed; the detail says to what.
    RoleChange,
    /// A user was shut out.
    UserDisabled,
    /// A user was let in again.
    UserEnabled,
    /// A user was deleted.
    UserDeleted,
    /// A new signing key took over; the detail is its id.
    KeyRotation,
    /// A key was revoked: no token of it is accepted any more; the detail is its id.
    KeyRevoked,
    /// From now on everyone may register.
    RegistrationOpened,
    /// From now on nobody may register.
    RegistrationClosed,
    /// A network was blocked for a time; the detail says which, and until when.
    NetworkBlocked,
    /// A block was ended; the detail is the network.
    NetworkUnblocked,
    /// All that is stored was written to a backup.
    Backup,
    /// All keys were made anew, and all sessions ended; the detail is the id of the new one.
    KeyReset,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Import => "import",
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::RefreshReuse => "refresh_reuse",
            Self::Logout => "logout",
            Self::SessionsEnded => "sessions_ended",
            Self::AllSessionsEnded => "all_sessions_ended",
            Self::AccountUnlocked => "account_unlocked",
            Self::Reauthentication => "reauthentication",
            Self::PasswordChange => "password_change",
            Self::ResetOffer => "reset_offer",
            Self::ResetWithdrawn => "reset_withdrawn",
            Self::PasswordReset => "password_reset",
            Self::RoleChange => "role_change",
            Self::UserDisabled => "user_disabled",
            Self::UserEnabled => "user_enabled",
            Self::UserDeleted => "user_deleted",
            Self::KeyRotation => "key_rotation",
            Self::KeyRevoked => "key_revoked",
            Self::RegistrationOpened => "registration_opened",
            Self::RegistrationClosed => "registration_closed",
            Self::NetworkBlocked => "network_blocked",
            Self::NetworkUnblocked => "network_unblocked",
            Self::Backup => "backup",
            Self::KeyReset => "key_reset",
        }
    }
}

/// An audit record in the making.
#[derive(Clone, Debug)]
#[must_use = "it is not written until it is `ok` or `refused`"]
pub struct Record<'a> {
    event: Event,
    /// Who sent the request; none if an operator did it.
    client: Option<&'a Client>,
    user: Option<UserId>,
    by: Option<UserId>,
    session: Option<SessionId>,
    detail: Option<String>,
}

impl<'a> Record<'a> {
    fn new(event: Event, client: Option<&'a Client>) -> Self {
        Self { event, client, user: None, by: None, session: None, detail: None }
    }

    /// What somebody did who is not signed in.
    pub fn of_client(event: Event, client: &'a Client) -> Self {
        Self::new(event, Some(client))
    }

    /// What somebody who is signed in did with their own account.
    pub fn of_caller(event: Event, caller: &'a Caller) -> Self {
        Self::new(event, Some(&caller.client)).user(caller.user.id).session(caller.session)
    }

    /// What an operator did.
    pub fn of_operator(event: Event) -> Self {
        Self::new(event, None)
    }

    /// What an admin or an operator did.
    pub fn of(event: Event, origin: &'a Origin<Caller>) -> Self {
        match origin {
            Origin::Http(caller) => Self {
                by: Some(caller.user.id),
                session: Some(caller.session),
                ..Self::new(event, Some(&caller.client))
            },
            Origin::Operator => Self::of_operator(event),
        }
    }

    /// Whom it concerns, as far as it is known.
    pub fn user(self, user: impl Into<Option<UserId>>) -> Self {
        Self { user: user.into(), ..self }
    }

    /// Which session it concerns.
    pub fn session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// What else there is to say; never a secret.
    pub fn detail(self, detail: impl fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }

    /// It was done.
    pub fn ok(self) {
        self.write("ok", None);
    }

    /// It was not done, and why.
    pub fn refused(self, reason: &str) {
        self.write("refused", Some(reason));
    }

    fn write(self, result: &str, reason: Option<&str>) {
        let (address, user_agent) = match self.client {
            Some(client) => (client.address.to_string(), Some(client.user_agent.as_str())),
            None => ("command line".to_owned(), None),
        };
        tracing::info!(
            target: TARGET,
            event = self.event.name(),
            result,
            reason,
            user = self.user.map(tracing::field::display),
            by = self.by.map(tracing::field::display),
            session = self.session.map(tracing::field::display),
            address,
            user_agent,
            detail = self.detail,
        );
    }
}
