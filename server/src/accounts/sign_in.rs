use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::metrics::LoginEnd;
use crate::proof::Proof;
use crate::proof::password::PoolError;
use crate::sessions::IssuedRefreshToken;
use crate::store::{Challenge, FactorUse, NewSession, Session, SessionId, User, Verified};
use crate::token::{Grant, MAX_LEEWAY, SETUP_TTL, Signed, TokenKind, UseFor};
use crate::username::Username;

/// An access token, and for whom it is.
#[derive(Debug)]
pub struct Access {
    /// The user, as they are now.
    pub user: User,
    /// The token.
    pub token: Signed,
    /// What it is for.
    pub kind: TokenKind,
}

/// What somebody gets who signs in or refreshes.
#[derive(Debug)]
pub struct SignedIn {
    /// The access token.
    pub access: Access,
    /// The session's refresh token; none if a second factor has to be set up first.
    pub refresh: Option<IssuedRefreshToken>,
}

/// How a login ended, as it is counted.
pub(super) fn end_of(signed_in: &Result<SignedIn, AccountError>) -> LoginEnd {
    match signed_in {
        Ok(SignedIn { refresh: None, .. }) => LoginEnd::Challenged,
        Ok(_) => LoginEnd::Ok,
        Err(AccountError::NotProven | AccountError::ChallengeOver) => LoginEnd::Refused,
        Err(AccountError::FactorNeeded { .. }) => LoginEnd::Challenged,
        Err(AccountError::TooMany(_)) => LoginEnd::Throttled,
        Err(AccountError::Hashing(PoolError::Overloaded { .. })) => LoginEnd::Overloaded,
        Err(_) => LoginEnd::Failed,
    }
}

/// The second factor that was shown, for the audit log.
pub(super) fn shown_by(verified: &Verified) -> Option<&'static str> {
    let factor = verified.factor.as_ref()?;
    Some(match factor {
        FactorUse::Totp { .. } => "by a one-time code",
        FactorUse::RecoveryCode(_) => "by a recovery code",
        FactorUse::Passkey { .. } => "by a passkey",
    })
}

impl Accounts {
    /// Starts a session for whoever has the name, if the proof is theirs.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotProven`] if it is not. That takes as long as a login.
    /// [`AccountError::FactorNeeded`] if it is, and the user has a second factor.
    pub async fn sign_in(
        self: &Arc<Self>,
        username: &str,
        proof: Proof,
        client: Client,
    ) -> Result<SignedIn, AccountError> {
        let pending = self.logins.begin();
        let signed_in = self.try_sign_in(username, proof, client).await;
        pending.ended(end_of(&signed_in));
        signed_in
    }

    async fn try_sign_in(
        self: &Arc<Self>,
        name: &str,
        proof: Proof,
        client: Client,
    ) -> Result<SignedIn, AccountError> {
        // A name that breaks the rules can't be anyone's. PostgreSQL takes no NUL.
        let username = Username::given(name).ok();
        let key = username.as_ref().map_or(name, Username::key).replace('\0', " ");
        let attempt = self.begin_attempt(&client, &key).await;
        let attempt = self.noted_throttle(attempt, || Record::of_client(Event::Login, &client))?;
        let user = match &username {
            Some(username) => self.store.user_by_name(username.key()).await?,
            None => None,
        };
        let id = user.as_ref().map(|user| user.id);
        let Some((proven, _)) = self.prove(&proof, user, attempt).await? else {
            let record = Record::of_client(Event::Login, &client).user(id);
            record.refused(&self.audit, "invalid credentials");
            return Err(AccountError::NotProven);
        };
        let verified = self.prover.verified(&proof, &proven).await;
        if proven.lacks_factor() {
            return Err(self.ask_for_factor(&proven.user, verified, &client));
        }
        let user = proven.user;
        self.to_the_end(|accounts| async move {
            accounts.start_session(user, verified, None, &client).await
        })
        .await
    }

    /// Starts a session, unless what was shown does not count any more. Without a second factor it
    /// is for setting one up, if the user must have one.
    pub(super) async fn start_session(
        &self,
        user: User,
        verified: Verified,
        challenge: Option<Challenge>,
        client: &Client,
    ) -> Result<SignedIn, AccountError> {
        let at = self.moment();
        let (amr, agent) = (verified.amr.clone(), client.user_agent.clone());
        let mut session = self.sessions.begin(user.id, amr, agent, at)?;
        let is_setup = self.factor_policy.is_unmet(&user);
        if is_setup {
            session.lasts_for_setup(SETUP_TTL, MAX_LEEWAY);
        }
        let by = shown_by(&verified);
        let address = client.network().to_string();
        let new = NewSession { session: session.clone(), verified, at, address, challenge };
        let record = Record::of_client(Event::Login, client).user(user.id).session(session.id);
        let Some(user) = self.store.start_session(new).await? else {
            record.refused(&self.audit, "the user was changed meanwhile, or the code was used");
            return Err(AccountError::NotProven);
        };
        if is_setup {
            record.detail("to set up a second factor").ok(&self.audit);
            let access = self.access(UseFor::Setup, user, &session)?;
            return Ok(SignedIn { access, refresh: None });
        }
        self.demand_factor(&user, session.id, &record).await?;
        record.detail_if_any(by).ok(&self.audit);
        self.signed_in(user, &session)
    }

    /// Ends the session of somebody who must have a second factor by now and has none. They may
    /// have become an admin meanwhile.
    pub(super) async fn demand_factor(
        &self,
        user: &User,
        session: SessionId,
        record: &Record<'_>,
    ) -> Result<(), AccountError> {
        if !self.factor_policy.is_unmet(user) {
            return Ok(());
        }
        self.store.end_session(session, self.moment()).await?;
        record.clone().refused(&self.audit, "a second factor has to be set up first");
        Err(AccountError::SessionEnded)
    }

    /// Both tokens of a session.
    pub(super) fn signed_in(
        &self,
        user: User,
        session: &Session,
    ) -> Result<SignedIn, AccountError> {
        let refresh = Some(self.sessions.issue(session, self.clock.now()));
        Ok(SignedIn { access: self.access(UseFor::Access, user, session)?, refresh })
    }

    /// An access token of a session, or another token of it.
    pub(super) fn access(
        &self,
        use_for: UseFor<'_>,
        user: User,
        session: &Session,
    ) -> Result<Access, AccountError> {
        let token = self.sign(use_for, &user, session)?;
        Ok(Access { user, token, kind: use_for.kind() })
    }

    /// A token of a session.
    pub(super) fn sign(
        &self,
        use_for: UseFor<'_>,
        user: &User,
        session: &Session,
    ) -> Result<Signed, AccountError> {
        let grant = Grant {
            use_for,
            user,
            sid: session.id.uuid(),
            auth_time: session.auth_time,
            amr: &session.amr,
            not_after: session.expires_at,
        };
        Ok(self.tokens.sign(&grant, self.clock.now())?)
    }
}
