//! What can be done with accounts: one function for each use case, whoever asks. Each takes what it
//! needs and its [`Origin`](crate::origin::Origin), writes the audit record, and yields a result in
//! the domain's terms. Nothing here knows of HTTP, the command line or the control socket.

mod audit;
mod backup;
mod deletion;
mod edit;
mod error;
mod factors;
mod guard;
mod hazard;
mod import;
mod inspection;
mod keys;
mod oauth_clients;
mod passkeys;
mod password;
mod proving;
mod reauthentication;
mod refresh;
mod registration;
mod reset;
mod restrictions;
mod revocation;
mod second_factor;
mod sessions;
mod sign_in;
mod sign_out;
mod unlock;
mod users;

pub(crate) use self::audit::{AuditKeeping, AuditPart};
pub(crate) use self::edit::{AccountEdit, RoleEdit};
pub(crate) use self::error::{AccountError, BrokenRule};
pub(crate) use self::hazard::Hazard;
pub(crate) use self::import::{ImportResult, ImportRun, UserPage, UserRecord};
pub(crate) use self::oauth_clients::{ClientCredentials, NewOauthClient};
pub(crate) use self::passkeys::AskedPasskey;
pub(crate) use self::registration::NewAccount;
pub(crate) use self::reset::ResetToken;
pub(crate) use self::restrictions::{NewBlock, RegistrationState};
pub(crate) use self::sign_in::{Access, SignedIn};

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use self::error::AccountError as Error;
use crate::audit::AuditLog;
use crate::clock::Clock;
use crate::keys::KeyRing;
use crate::metrics::{Logins, Refreshes, SecondFactors};
use crate::proof::Prover;
use crate::sessions::Sessions;
use crate::store::{FactorPolicy, Moment, Restrictions, Store};
use crate::throttle::Throttle;
use crate::token::{MAX_LEEWAY, Tokens};
use crate::username::NameRules;

/// What the use cases work with.
#[derive(Debug)]
pub struct Accounts {
    /// Where accounts and sessions are kept.
    pub store: Arc<dyn Store>,
    /// The keys that sign access tokens.
    pub keys: Arc<KeyRing>,
    /// Signs and checks access tokens.
    pub tokens: Tokens,
    /// Makes sessions and their refresh tokens.
    pub sessions: Sessions,
    /// Checks proofs and hashes new passwords.
    pub prover: Prover,
    /// What a name must be that a person chooses.
    pub names: NameRules,
    /// Who may try how often.
    pub throttle: Throttle,
    /// What admins and operators restrict while the server runs.
    pub(crate) restrictions: Restrictions,
    /// Whether everyone may register while nobody has said otherwise.
    pub(crate) opens_registration: bool,
    /// Who must have a second factor.
    pub(crate) factor_policy: FactorPolicy,
    /// How long ago the proof may have been given for what is dangerous.
    pub(crate) fresh_for: Duration,
    /// The time.
    pub(crate) clock: Clock,
    /// The audit records that are still to be kept.
    pub(crate) audit: Arc<AuditLog>,
    /// How much of the audit log is kept.
    pub(crate) audit_keeping: AuditKeeping,
    /// Held while audit records are kept, so that whoever waits for it finds them all.
    pub(crate) keeping: Mutex<()>,
    /// What goes on when its client has gone; the shutdown waits for it.
    pub(crate) tasks: TaskTracker,
    /// Logins, counted by how they ended.
    pub(crate) logins: Logins,
    /// Refreshes, counted by how they ended.
    pub(crate) refreshes: Refreshes,
    /// Second factors, counted by how they ended.
    pub(crate) second_factors: SecondFactors,
    /// Whose one-time codes they are, as an authenticator app shows it.
    pub(crate) factor_issuer: String,
}

impl Accounts {
    /// The time, and when the access tokens of now will all have expired.
    pub fn moment(&self) -> Moment {
        let now = self.clock.now();
        let longest = self.keys.longest_ttl() + MAX_LEEWAY;
        let tokens_expired_at = now.checked_add(longest).unwrap_or(Timestamp::MAX);
        Moment { now, tokens_expired_at }
    }

    /// Checks that the store can read and write.
    ///
    /// # Errors
    ///
    /// Why it can't.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        Ok(self.store.check().await?)
    }

    /// Takes leave of the other servers that share the store: nobody waits for this one any more.
    pub(crate) async fn leave(&self) {
        self.store.leave().await;
    }

    /// Runs `work` to its end, even if the client goes away or the server shuts down meanwhile. So
    /// each effect has its audit record.
    async fn to_the_end<T, F>(
        self: &Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let task = self.tasks.spawn(work(Arc::clone(self)).in_current_span());
        task.await.unwrap_or_else(|_| Err(anyhow::anyhow!("a use case panicked").into()))
    }
}
